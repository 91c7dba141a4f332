import { Type } from 'typebox';
import { cacheStatusSchema } from '../cache-schemas.ts';
import { json, operation } from '../operation.ts';

const tag = 'cache';

export const cacheOperations = [
  operation({
    name: 'getCache',
    tag,
    method: 'GET',
    path: '/cache',
    summary: 'Answers that are kept, and how often they were given again',
    schema: { answers: { 200: cacheStatusSchema } },
    run: (control) => json(control.cache()),
  }),
  operation({
    name: 'clearCache',
    tag,
    method: 'POST',
    path: '/cache/clear',
    summary: 'Let go of every answer that is kept',
    schema: { answers: { 204: Type.Null() } },
    run(control) {
      control.clearCache();
      return { kind: 'empty' };
    },
  }),
];

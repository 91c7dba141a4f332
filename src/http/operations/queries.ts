import { Type } from 'typebox';
import { isoTime } from '../../base/clock.ts';
import type { QueryDigest } from '../../telemetry/query-digests.ts';
import { closed, json, operation } from '../operation.ts';
import { digestListSchema, refusedListSchema, slowListSchema } from '../query-schemas.ts';
import { oneOf } from '../schemas.ts';

const tag = 'queries';
const limitDefault = 100;
const limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 1000, description: 'Default 100.' }),
);

const sorts = {
  total: ({ totalMs }: QueryDigest) => totalMs,
  count: ({ count }: QueryDigest) => count,
  p99: ({ p99Ms }: QueryDigest) => p99Ms,
  errors: ({ errors }: QueryDigest) => errors,
};
const sortNames = ['total', 'count', 'p99', 'errors'] as const;

export const queriesOperations = [
  operation({
    name: 'listQueries',
    tag,
    method: 'GET',
    path: '/queries',
    summary: 'Statements by form, with their literals left out: how often, how long, where',
    schema: {
      query: Type.Object({ sort: Type.Optional(oneOf(sortNames)), limit }, closed),
      answers: { 200: digestListSchema },
    },
    run({ statistics }, { query }) {
      const by = sorts[query.sort ?? 'total'];
      const all = statistics.digests.list().toSorted((a, b) => by(b) - by(a));
      return json({
        since: isoTime(statistics.sinceMs),
        digests: all.slice(0, query.limit ?? limitDefault).map(shownDigest),
        total: all.length,
        forgotten: statistics.digests.forgotten,
      });
    },
  }),
  operation({
    name: 'listSlowQueries',
    tag,
    method: 'GET',
    path: '/queries/slow',
    summary: 'The latest statements that took longer than `telemetry.slow_query`',
    schema: { query: Type.Object({ limit }, closed), answers: { 200: slowListSchema } },
    run: ({ statistics }, { query }) =>
      json({
        thresholdMs: statistics.slowQueryMs,
        queries: statistics.slow.slice(0, query.limit ?? limitDefault).map(withTime),
      }),
  }),
  operation({
    name: 'listRefusedQueries',
    tag,
    method: 'GET',
    path: '/queries/refused',
    summary: 'The latest statements that Lockstep refused, and why',
    schema: { answers: { 200: refusedListSchema } },
    run: ({ statistics }) =>
      json({
        queries: statistics.refused.list().map(withTime),
      }),
  }),
  operation({
    name: 'resetQueries',
    tag,
    method: 'POST',
    path: '/queries/reset',
    summary: 'Forget digests, slow and refused statements, and count anew',
    schema: { answers: { 204: Type.Null() } },
    run({ statistics }) {
      statistics.reset();
      return { kind: 'empty' };
    },
  }),
];

function withTime<T extends { readonly atMs: number }>({ atMs, ...rest }: T) {
  return { at: isoTime(atMs), ...rest };
}

function shownDigest({ nodes, firstSeenMs, lastSeenMs, ...digest }: QueryDigest) {
  return {
    ...digest,
    nodes: Object.fromEntries(nodes),
    firstSeen: isoTime(firstSeenMs),
    lastSeen: isoTime(lastSeenMs),
  };
}

import { Type } from 'typebox';
import { wallMsOf } from '../../base/clock.ts';
import { historySchema } from '../history-schemas.ts';
import { closed, json, operation } from '../operation.ts';

const tag = 'history';
const pointsDefault = 3600;

export const historyOperations = [
  operation({
    name: 'getHistory',
    tag,
    method: 'GET',
    path: '/history',
    summary: 'The last hour, a sample a second: rates, latencies, pending entries',
    schema: {
      query: Type.Object(
        {
          from: Type.Optional(
            Type.String({ format: 'date-time', description: 'The whole hour unless given.' }),
          ),
          points: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: pointsDefault,
              description:
                'At most so many: several samples are then one point, its rates their mean, its ' +
                'percentiles (but the 50th) and pending entries the highest of them.',
            }),
          ),
        },
        closed,
      ),
      answers: { 200: historySchema },
    },
    run: (control, { query: { from, points = pointsDefault } }) =>
      json(
        control.history.read({
          ...(from === undefined ? {} : { fromMs: wallMsOf(from) }),
          points,
        }),
      ),
  }),
  operation({
    name: 'streamHistory',
    tag,
    method: 'GET',
    path: '/history/live',
    summary: 'Each new sample as it is taken (server-sent, type `sample`)',
    schema: { answers: { 200: Type.String({ description: 'text/event-stream' }) } },
    run: (control) => ({ kind: 'events', events: control.history }),
  }),
];

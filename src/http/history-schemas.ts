import { Type } from 'typebox';
import { nodeStates } from '../nodes/node-state.ts';
import { oneOf } from './schemas.ts';

const perSecond = (what: string) =>
  Type.Array(Type.Number(), { description: `${what} per second.` });
const milliseconds = (what: string) =>
  Type.Array(Type.Union([Type.Number(), Type.Null()]), {
    description: `${what}, in milliseconds; null where there was nothing to measure.`,
  });

export const historySchema = Type.Object({
  stepMs: Type.Integer({ description: 'From one point to the next.' }),
  at: Type.Array(Type.Number(), { description: 'When; milliseconds since 1970.' }),
  cluster: Type.Object({
    reads: perSecond('Reads'),
    writes: perSecond('Entries of the log: writes outside transactions, DDL and commits,'),
    errors: perSecond('Statements that ended in an error'),
    readP50: milliseconds('Half of the reads took at most this'),
    readP95: milliseconds('95 % of the reads'),
    readP99: milliseconds('99 % of the reads'),
    writeP50: milliseconds('Half of the writes'),
    writeP95: milliseconds('95 % of the writes'),
    writeP99: milliseconds('99 % of the writes'),
    sessions: Type.Array(Type.Number(), { description: 'Connected clients, the most at a time.' }),
  }),
  nodes: Type.Record(
    Type.String(),
    Type.Object({
      reads: Type.Array(Type.Union([Type.Number(), Type.Null()]), {
        description: 'Reads that it answered, per second.',
      }),
      p99: milliseconds('99 % of them'),
      pending: Type.Array(Type.Union([Type.Number(), Type.Null()]), {
        description: 'Entries that it had yet to apply, the most at a time.',
      }),
      state: Type.Array(Type.Union([oneOf(nodeStates), Type.Null()]), {
        description: 'Another than UP if there was one; null while it was no member.',
      }),
    }),
  ),
});

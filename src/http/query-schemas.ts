import { Type } from 'typebox';
import { count, text, timestamp } from './schemas.ts';

const milliseconds = (description: string) => Type.Number({ description });
const digestName = text('16 hexadecimal digits: the name of this form of statement.');

export const digestListSchema = Type.Object({
  since: timestamp('Since when they are counted: the start, or the last reset.'),
  digests: Type.Array(
    Type.Object({
      digest: digestName,
      sql: text('With ? for literals and ... for lists of them.'),
      kind: text('read, write, ddl, set …'),
      count: count('Executions.'),
      errors: count('Of them ended in an error.'),
      rows: count('Returned or changed, in all.'),
      totalMs: milliseconds('All executions together.'),
      p50Ms: milliseconds('Half took at most this.'),
      p95Ms: milliseconds('95 % took at most this.'),
      p99Ms: milliseconds('99 % took at most this.'),
      maxMs: milliseconds('The longest.'),
      nodes: Type.Record(Type.String(), count('Executions on this node.')),
      firstSeen: timestamp('The first execution.'),
      lastSeen: timestamp('The latest execution.'),
    }),
  ),
  total: count('Forms that are known; `digests` may show fewer.'),
  forgotten: count('Forms that made place for others (`telemetry.digests`).'),
});

export const slowListSchema = Type.Object({
  thresholdMs: milliseconds('Beyond it a statement is slow (`telemetry.slow_query`); 0: none is.'),
  queries: Type.Array(
    Type.Object({
      at: timestamp('When it ended.'),
      sql: text('Cut, and without what may be a password.'),
      digest: digestName,
      schema: text('Default schema, or empty.'),
      user: Type.String(),
      host: text('Address of the client.'),
      node: Type.Optional(text('Where it ran.')),
      durationMs: milliseconds('Until the client had its answer.'),
      rows: count('Returned or changed.'),
      errno: Type.Optional(count('Of the error that it ended in.')),
    }),
  ),
});

export const refusedListSchema = Type.Object({
  queries: Type.Array(
    Type.Object({
      at: timestamp('The last time.'),
      sql: text('As it stood then; cut, and without what may be a password.'),
      user: text('Who sent it then.'),
      reason: text('A code of docs/ERRORS.md.'),
      message: text('What is wrong with it, and the way out.'),
      count: count('How often it was refused.'),
    }),
  ),
});

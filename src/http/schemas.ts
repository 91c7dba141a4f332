import { Type, type Static, type TSchema } from 'typebox';
import { strategyNames } from '../config/strategy-name.ts';
import { nodeStates } from '../nodes/node-state.ts';

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** The TypeScript type of a schema, as a plain value that nobody changes. */
export type Snapshot<S extends TSchema> = DeepReadonly<Static<S>>;

export const oneOf = <const Value extends string>(values: readonly Value[]) =>
  Type.Enum([...values]);
export const count = (description: string) => Type.Integer({ minimum: 0, description });
export const text = (description: string) => Type.String({ description });
export const timestamp = (description: string) => Type.String({ format: 'date-time', description });

export const resyncProgressSchema = Type.Object({
  phase: oneOf(['waiting', 'schema', 'data', 'programs', 'done']),
  source: text('The node that is copied; empty before one is chosen.'),
  seq: Type.Optional(count('The copy is made as of this entry.')),
  tablesDone: count('Tables copied and compared.'),
  tables: count('Tables in all; 0 before they are known.'),
  rows: count('Rows copied.'),
  bytes: count('Bytes of statements sent for them.'),
});

export const nodeStatusSchema = Type.Object({
  name: Type.String(),
  address: text('host:port'),
  state: oneOf(nodeStates),
  since: timestamp('When the node entered this state.'),
  reason: Type.Optional(text('Why it is in this state.')),
  leader: Type.Boolean({ description: 'Writes execute here first.' }),
  weight: Type.Integer({ minimum: 1 }),
  inSync: Type.Boolean({ description: 'Up, and nothing pending beyond the in-flight window.' }),
  position: count('The highest seq up to which everything is applied.'),
  pending: count('Entries behind the position, not applied yet.'),
  needsResync: Type.Boolean({
    description: 'The log alone cannot bring it back: diverged, foreign, or its place is given up.',
  }),
  activeReads: count('Reads under way.'),
  averageMs: Type.Number({ description: 'Moving average of its reads, in milliseconds.' }),
  reads: count('Reads answered since the start.'),
  writes: count('Entries executed or applied since the start.'),
  connections: count('Open connections to the node.'),
  serverVersion: Type.Optional(Type.String()),
  resync: Type.Optional(resyncProgressSchema),
});
export type NodeStatus = Snapshot<typeof nodeStatusSchema>;

export const balancerStatusSchema = Type.Object({
  version: Type.String(),
  startedAt: timestamp('When the balancer started.'),
  uptimeMs: count('Milliseconds since then.'),
  strategy: oneOf(strategyNames),
  consistency: Type.String(),
  acks: Type.String(),
  leader: Type.Optional(Type.String()),
  epoch: count('The term of leadership.'),
  lastSeq: count('The latest entry.'),
  log: Type.Object({
    firstSeq: count('The oldest entry kept; lastSeq + 1 when the log is empty.'),
    lastSeq: count('The latest entry.'),
    sizeBytes: count('On disk.'),
    retentionBytes: count('Beyond this size nodes that are away lose their place.'),
    failure: Type.Optional(text('Why the latest write was refused; absent when it was taken.')),
  }),
  sessions: count('Connected clients.'),
  cache: Type.Optional(
    Type.Object(
      {
        hits: count('Reads answered from kept answers since the start.'),
        misses: count('Reads of those that are kept for which a node was asked.'),
        bytes: count('Memory of what is kept.'),
        bytesMax: count('The most that it may be.'),
      },
      { description: 'Absent where no answers are kept.' },
    ),
  ),
  nodes: Type.Array(nodeStatusSchema),
  differing: Type.Optional(
    Type.Array(Type.String(), {
      description:
        'Nodes that a verification found to hold other data than most, and that were neither ' +
        'repaired nor resynchronised since; absent: none.',
    }),
  ),
  summary: text('One sentence, e.g. "5 of 5 nodes in sync, nothing pending".'),
});
export type BalancerStatus = Snapshot<typeof balancerStatusSchema>;

export const loggedCommandSchema = Type.Object({
  seq: Type.Integer({ minimum: 1 }),
  at: timestamp('When it was appended.'),
  kind: text('transaction or ddl'),
  commands: Type.Array(
    Type.Object({
      sql: Type.String(),
      schema: text('Default schema, or empty.'),
      pins: Type.Record(Type.String(), Type.String(), {
        description: 'Values fixed so that every node computes the same.',
      }),
      affectedRows: count('On the leader.'),
      insertId: text('As the leader answered; "0" for none.'),
      errno: count(
        'As the leader answered; 0 for success. DDL may fail and have changed something.',
      ),
    }),
  ),
  bytes: count('Size in the log.'),
});
export type LoggedCommand = Snapshot<typeof loggedCommandSchema>;

export const logPageSchema = Type.Object({
  firstSeq: count('The oldest entry kept.'),
  lastSeq: count('The latest entry.'),
  entries: Type.Array(loggedCommandSchema),
});
export type LogPage = Snapshot<typeof logPageSchema>;

const filePlace = { file: Type.String(), offset: count('Bytes into the file.') };

export const logVerificationSchema = Type.Object({
  segments: count('Segment files read.'),
  entries: count('Entries found in them.'),
  intents: count('Records of statements that were about to run, found in them.'),
  firstSeq: count('The first entry found; 0 for none.'),
  lastSeq: count('The last entry found; 0 for none.'),
  sizeBytes: count('Bytes read.'),
  torn: Type.Optional(
    Type.Object(filePlace, {
      description: 'An interrupted write at the very end; the next start cuts it off.',
    }),
  ),
  problems: Type.Array(Type.Object({ ...filePlace, reason: Type.String() }), {
    description: 'Damage, the first of each file; empty when all is well.',
  }),
  files: Type.Object(
    {
      files: count('How many.'),
      sizeBytes: count('Bytes of those that are as they were received.'),
      unnamed: Type.Array(Type.Object({ file: Type.String(), sizeBytes: count('Its size.') }), {
        description: 'Files that no entry loads, left by a crash; told of a log at rest.',
      }),
    },
    { description: 'The files of LOAD DATA LOCAL that entries load.' },
  ),
});
export type LogVerification = Snapshot<typeof logVerificationSchema>;

export const nodeLogSchema = Type.Object({
  node: Type.String(),
  position: count('The highest seq up to which everything is applied.'),
  pending: count('How many entries wait; `entries` may show fewer.'),
  entries: Type.Array(loggedCommandSchema),
});
export type NodeLog = Snapshot<typeof nodeLogSchema>;

export const strategyStatusSchema = Type.Object({
  name: oneOf(strategyNames),
  available: Type.Array(oneOf(strategyNames)),
});
export type StrategyStatus = Snapshot<typeof strategyStatusSchema>;

export const columnsSchema = Type.Array(Type.Object({ name: Type.String(), type: Type.String() }));

const warningListSchema = Type.Optional(
  Type.Array(Type.Object({ level: Type.String(), code: Type.Integer(), message: Type.String() }), {
    maxItems: 64,
    description: 'As SHOW WARNINGS has them; the first 64.',
  }),
);

export const rowsOutcomeSchema = Type.Object({
  kind: Type.Literal('rows'),
  columns: columnsSchema,
  rows: Type.Array(Type.Array(Type.Unknown())),
  rowCount: count('Rows shown.'),
  truncated: Type.Boolean({ description: 'The answer held more rows than are shown.' }),
  node: text('The node that answered.'),
  position: Type.Optional(count('Of a query to one node: the position that it had.')),
  durationMs: Type.Number(),
  warnings: Type.Optional(count('That the statement raised.')),
  warningList: warningListSchema,
  replayed: Type.Optional(
    Type.Boolean({ description: 'It was run before, with the same Idempotency-Key.' }),
  ),
});
export type RowsOutcome = Snapshot<typeof rowsOutcomeSchema>;

export const resultOutcomeSchema = Type.Object({
  kind: Type.Literal('result'),
  affectedRows: count('On the leader.'),
  insertId: text('"0" for none.'),
  warnings: count('On the leader.'),
  node: text('The leader, which executed it first.'),
  seq: Type.Optional(count('Its place in the log; absent when nothing was logged.')),
  durationMs: Type.Number(),
  warningList: warningListSchema,
  replayed: Type.Optional(
    Type.Boolean({ description: 'It was run before, with the same Idempotency-Key.' }),
  ),
});
export type ResultOutcome = Snapshot<typeof resultOutcomeSchema>;

export const acceptedOutcomeSchema = Type.Object({
  kind: Type.Literal('accepted'),
  id: text('For GET /commands/{id}.'),
  replayed: Type.Optional(
    Type.Boolean({ description: 'It was accepted before, with the same Idempotency-Key.' }),
  ),
});
export type AcceptedOutcome = Snapshot<typeof acceptedOutcomeSchema>;

export const answeredOutcomeSchema = Type.Union([rowsOutcomeSchema, resultOutcomeSchema]);
export type QueryOutcome = RowsOutcome | ResultOutcome | AcceptedOutcome;

export const commandOutcomeSchema = Type.Object({
  id: Type.String(),
  state: oneOf(['queued', 'done', 'failed']),
  sql: Type.String(),
  outcome: Type.Optional(Type.Union([answeredOutcomeSchema, acceptedOutcomeSchema])),
  error: Type.Optional(Type.String()),
});
export type CommandOutcome = Snapshot<typeof commandOutcomeSchema>;

export const readinessSchema = Type.Object({
  ready: Type.Boolean(),
  reason: Type.Optional(Type.String()),
});
export type Readiness = Snapshot<typeof readinessSchema>;

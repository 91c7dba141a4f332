import { Type } from 'typebox';
import { count, oneOf, type Snapshot, text, timestamp } from './schemas.ts';

const closed = { additionalProperties: false } as const;
const nodeNames = (description: string) => Type.Array(Type.String(), { description });

export const verifyRequestSchema = Type.Object(
  {
    tables: Type.Optional(
      Type.Array(Type.String({ minLength: 3 }), {
        maxItems: 1000,
        description: 'Only these, as `schema.table`; otherwise everything.',
      }),
    ),
    rows: Type.Optional(Type.Boolean({ description: 'Also which rows differ, the first ones.' })),
    rate: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_000_000_000,
        description: 'Rows a second read on each node at most, 0: as fast as it goes.',
      }),
    ),
    repair: Type.Optional(
      Type.Boolean({ description: 'Replace rows that differ by those that most nodes have.' }),
    ),
    wait: Type.Optional(
      Type.Boolean({ description: 'Answer at the end (the default), or with 202 at once.' }),
    ),
  },
  closed,
);
export type VerifyRequest = Snapshot<typeof verifyRequestSchema>;

const rowDifferenceSchema = Type.Object({
  key: text('In SQL.'),
  nodes: Type.Record(
    Type.String(),
    Type.Union([Type.Null(), Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]))]),
    { description: 'Per node the columns that differ, shortened; null: no such row.' },
  ),
});

const differingRangeSchema = Type.Object({
  key: Type.Optional(
    Type.Array(Type.String(), {
      description: 'The columns that it is a range of; absent for a table without a key.',
    }),
  ),
  where: text('As an SQL condition on them; empty for the whole table.'),
  nodes: Type.Record(Type.String(), Type.Integer(), { description: 'Rows in it.' }),
  differing: nodeNames('As for the table.'),
  rows: Type.Optional(Type.Array(rowDifferenceSchema)),
  rowsMore: Type.Optional(count('Differing rows that are not shown.')),
});

const verifiedTableSchema = Type.Object({
  schema: Type.String(),
  table: text('With its kind if it is no table: "total (function)".'),
  nodes: Type.Record(Type.String(), Type.Object({ rows: Type.Integer(), checksum: Type.String() })),
  equal: Type.Boolean(),
  differing: nodeNames('Nodes that hold something else than most; all when there is no majority.'),
  definitionDiffers: Type.Optional(
    Type.Boolean({ description: 'It is not defined alike on all nodes, or some lack it.' }),
  ),
  ranges: Type.Optional(
    Type.Array(differingRangeSchema, { description: 'Where by its key the rows differ.' }),
  ),
  rangesMore: Type.Optional(count('Ranges that are not listed.')),
});

const rangeRepairSchema = Type.Object({
  node: Type.String(),
  table: Type.String(),
  where: text('As an SQL condition; empty for a whole table.'),
  outcome: oneOf(['repaired', 'equal', 'refused', 'failed']),
  detail: text('From where it was repaired, or why it was not.'),
});

export const verifyReportSchema = Type.Object({
  equal: Type.Boolean({ description: 'As found, before any repair.' }),
  seq: count('The nodes were compared as of this entry; a long comparison takes several.'),
  tables: Type.Array(verifiedTableSchema),
  rows: count('Rows compared.'),
  durationMs: count('Milliseconds that took.'),
  missed: Type.Array(Type.Object({ node: Type.String(), reason: Type.String() }), {
    description: 'Nodes that were left out of all or part of it.',
  }),
  repairs: Type.Optional(Type.Array(rangeRepairSchema)),
  repaired: Type.Optional(Type.Boolean({ description: 'Everything that differed was repaired.' })),
});
export type VerifyReport = Snapshot<typeof verifyReportSchema>;

const verifyProgressSchema = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  startedAt: timestamp('When it began.'),
  phase: oneOf(['definitions', 'tables', 'repair']),
  table: text('The table under way.'),
  tablesDone: count('Tables compared.'),
  tables: count('Tables in all; 0 before they are known.'),
  rows: count('Rows compared.'),
  differing: count('Tables and definitions that differ so far.'),
});

export const verifyStatusSchema = Type.Object({
  running: Type.Optional(verifyProgressSchema),
  last: Type.Optional(
    Type.Object({
      id: Type.Integer({ minimum: 1 }),
      finishedAt: timestamp('When it ended.'),
      report: Type.Optional(verifyReportSchema),
      error: Type.Optional(text('Why it ended early.')),
    }),
  ),
  nextAt: Type.Optional(timestamp('When the schedule begins the next one.')),
});
export type VerifyStatus = Snapshot<typeof verifyStatusSchema>;

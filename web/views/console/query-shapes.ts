import type { AcceptedOutcome, ResultOutcome, RowsOutcome } from '../../../src/http/schemas.ts';

export type Rows = RowsOutcome;
export type Result = ResultOutcome;
export type Outcome = Rows | Result | AcceptedOutcome;
export type Warning = NonNullable<Rows['warningList']>[number];
export type Row = Rows['rows'][number];

export type Column = RowsOutcome['columns'][number];

export interface QueryTarget {
  readonly path: string;
  /** Undefined: through the balancer. */
  readonly node: string | undefined;
}

export const targetOf = (node: string | undefined): QueryTarget => ({
  path: node === undefined ? '/query' : `/nodes/${encodeURIComponent(node)}/query`,
  node,
});

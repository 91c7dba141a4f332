import type { AcceptedOutcome, ResultOutcome, RowsOutcome } from '../../../src/http/schemas.ts';

export interface Warning {
  readonly level: string;
  readonly code: number;
  readonly message: string;
}

interface WithWarnings {
  readonly warningList?: readonly Warning[];
}

export type Row = readonly unknown[];

export interface Rows extends RowsOutcome, WithWarnings {
  /** Of a node that was asked alone: what it had applied when it answered. */
  readonly position?: number;
}

export type Result = ResultOutcome & WithWarnings;

export type Outcome = Rows | Result | AcceptedOutcome;

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

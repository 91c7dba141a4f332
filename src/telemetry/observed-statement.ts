import type { NodeName } from '../base/brands.ts';
import type { LatencyHistogram } from './latency-histogram.ts';

/** One execution of a client's statement, as it is counted. */
export interface ObservedStatement {
  /** Without its literals; a binary string. */
  readonly normalised: string;
  readonly kind: string;
  /** `write`: it has a place in the log. `other`: such as SET, or a write in a transaction. */
  readonly way: 'read' | 'write' | 'other';
  /** Where it ran; undefined when no node was asked, or none answered. */
  readonly node: NodeName | undefined;
  readonly durationMs: number;
  /** Returned or changed. */
  readonly rows: number;
  readonly failed: boolean;
}

/** Reads of one form that were answered by one node, in another process; none of them failed. */
export interface CountedReads {
  readonly normalised: string;
  readonly node: NodeName;
  readonly rows: number;
  readonly maxMs: number;
  readonly times: Pick<LatencyHistogram, 'counts' | 'count' | 'totalMs'>;
}

import type { NodeName } from '../base/brands.ts';
import type { Config, NodeConfig } from '../config/config.ts';
import type { PoolLimits } from '../nodes/connection-pool.ts';
import type { LoanTerms, ReturnReason } from '../sessions/session-lender.ts';
import type { CountedReads } from '../telemetry/observed-statement.ts';

/** What a worker is told of the configuration. */
export interface WorkerSettings {
  readonly limits: PoolLimits;
  readonly health: Pick<Config['health'], 'connectTimeoutMs'>;
  readonly statementCache: number;
  /** So many connections of one account and state are shared at once. */
  readonly sharedConnections: number;
  /** 0 for none. */
  readonly slowQueryMs: number;
}

/** From the main process to a worker, in order. */
export type ToWorker =
  | { readonly kind: 'settings'; readonly settings: WorkerSettings }
  /** Its reads may go there, by connections that are not of an earlier run of the server. */
  | {
      readonly kind: 'node_in';
      readonly config: NodeConfig;
      readonly newestThreadId: number;
      /** Another one each time, by which the worker names it. */
      readonly admission: number;
    }
  /** Nothing is read there any more, and what is under way ends at once. */
  | { readonly kind: 'node_out'; readonly name: NodeName }
  /** Statements with this key are quick. */
  | { readonly kind: 'quick'; readonly key: string }
  | { readonly kind: 'not_quick'; readonly key: string }
  /** None is, until it is said anew. */
  | { readonly kind: 'forget' }
  /** With the handle of its connection. */
  | { readonly kind: 'lend'; readonly terms: LoanTerms }
  /** One session is to come back, or all. */
  | { readonly kind: 'recall'; readonly id: number | undefined }
  /** A client is to be sent away. */
  | { readonly kind: 'end'; readonly id: number }
  /** To be answered with `passed`, when all before it is done. */
  | { readonly kind: 'barrier'; readonly id: number };

/** A read that took longer than `slowQueryMs`. */
export interface SlowRead {
  readonly id: number;
  readonly node: NodeName;
  /** A binary string. */
  readonly sql: string;
  readonly rows: number;
  readonly durationMs: number;
}

/** What a worker has done since it last told. */
export interface ReadReport {
  readonly reads: readonly CountedReads[];
  readonly slow: readonly SlowRead[];
  /** Sessions that asked for something, and how long ago they last did. */
  readonly active: readonly (readonly [id: number, agoMs: number])[];
}

/** From a worker to the main process, in order. */
export type FromWorker =
  | { readonly kind: 'ready' }
  /** With the handle of its connection. */
  | {
      readonly kind: 'back';
      readonly id: number;
      readonly reason: ReturnReason;
      readonly bytes: Buffer;
      readonly reads: number;
      readonly rows: number;
      readonly idleMs: number;
    }
  | { readonly kind: 'gone'; readonly id: number }
  /** A connection to the node broke, or could not be made: nothing is read there any more. */
  | {
      readonly kind: 'suspect';
      readonly node: NodeName;
      readonly admission: number;
      readonly reason: string;
    }
  /** Its server was restarted. */
  | { readonly kind: 'restarted'; readonly node: NodeName; readonly admission: number }
  /** A read with this key kept others waiting. */
  | { readonly kind: 'slow'; readonly key: string }
  | { readonly kind: 'report'; readonly report: ReadReport }
  | { readonly kind: 'passed'; readonly id: number };

/** What is about the worker as a whole, not about a session of it. */
export type WorkerNews = Exclude<FromWorker, { readonly kind: 'back' | 'gone' | 'passed' }>;

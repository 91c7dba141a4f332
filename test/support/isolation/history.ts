/** What one statement did to one list. A value is appended once in a whole history. */
export type Operation =
  | { readonly kind: 'append'; readonly list: number; readonly value: number }
  | { readonly kind: 'read'; readonly list: number; readonly values: readonly number[] };

/** A transaction as its client saw it; a statement outside of one is a transaction too. */
export interface Transaction {
  readonly session: number;
  readonly begunAtMs: number;
  /** When its client had the last answer. */
  readonly endedAtMs: number;
  /** `unknown`: its client was never told. */
  readonly outcome: 'committed' | 'rolled_back' | 'unknown';
  /** Ran on the leader, because it wrote or was begun as a transaction. */
  readonly onLeader: boolean;
  /** All its reads are without locks and it changes nothing: a picture of one moment. */
  readonly snapshot: boolean;
  /** Port of the server that its last read was answered by. */
  readonly port?: number | undefined;
  readonly operations: readonly Operation[];
}

/** What everybody did to some lists, and what they hold now that all is over. */
export interface History {
  readonly transactions: readonly Transaction[];
  /** Of all nodes, which are equal. Without it, the longest read of a list stands for it. */
  readonly final?: ReadonlyMap<number, readonly number[]>;
}

export const anomalyKinds = [
  /** A value is there twice. */
  'duplicate',
  /** A value was read that nobody appended. */
  'garbage',
  /** An append that was acknowledged is not there at the end. */
  'lost_append',
  /** A value that was read is not there at the end. */
  'vanished',
  /** Two reads saw values in different orders. */
  'incompatible_order',
  /** A transaction did not see its own append. */
  'internal',
  /** Aborted read: of a transaction that was rolled back. */
  'G1a',
  /** Intermediate read: of an append that was not its transaction's last one to the list. */
  'G1b',
  /** A cycle of writes that overwrite each other. */
  'G0',
  /** A cycle of writes, and reads of what was written. */
  'G1c',
  /** A cycle with one read of what the next transaction overwrote. */
  'G_single',
  /** A cycle with several such reads. */
  'G2',
  /** A session read less of a list than it had read before. */
  'read_goes_back',
  /** A session did not read what it had written before. */
  'own_write_missed',
  /** A read missed what had been acknowledged before it began, where that is promised. */
  'stale_read',
] as const;

export type AnomalyKind = (typeof anomalyKinds)[number];

export interface Anomaly {
  readonly kind: AnomalyKind;
  readonly detail: string;
}

/** Whether somebody could read the transaction's appends, and its own reads count. */
export const writes = (transaction: Transaction): boolean =>
  transaction.operations.some(({ kind }) => kind === 'append');

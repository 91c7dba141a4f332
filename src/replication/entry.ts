import type { Seq } from '../base/brands.ts';
import type { Command } from './command.ts';
import type { ChangedTables, KeyPremise } from './table-changes.ts';

export const entryKinds = ['transaction', 'ddl'] as const;
export type EntryKind = (typeof entryKinds)[number];

/**
 * What is logged and applied as one: the commands of one committed transaction (or one
 * autocommit statement), or exactly one DDL statement.
 */
export interface Entry {
  readonly seq: Seq;
  /** Which term of leadership produced it; results of different epochs are not comparable. */
  readonly epoch: number;
  readonly kind: EntryKind;
  /** Wall clock of the balancer at the append, milliseconds since 1970. */
  readonly atMs: number;
  /** Highest seq whose COMMIT had been sent to the leader when this entry's last result came. */
  readonly lastCommitted: Seq;
  /**
   * Up to here the leader had confirmed its COMMITs when this was appended: their transactions
   * had held their locks until they were logged, so their results are evidence.
   */
  readonly confirmed: Seq;
  readonly commands: readonly Command[];
}

/** An entry before the sequencer gives it its place. */
export type EntryDraft = Omit<Entry, 'seq' | 'atMs'>;

/** What a leader has done, before it is known in which term. */
export type CommitDraft = Omit<EntryDraft, 'epoch' | 'confirmed'> & Changing;

/** What is known of an entry while it is made, and not logged. */
export interface Changing {
  /** Tables that it may change; any if it does not say. */
  readonly changed?: ChangedTables;
  /** Those of them in which it may have given rows a unique key; all if it does not say. */
  readonly keyed?: ChangedTables;
  /** It may only be logged while this holds. */
  readonly premise?: KeyPremise | undefined;
}

import type { Seq } from '../base/brands.ts';

/** Names of tables as `tableKey` makes them; undefined where it may be any. */
export type ChangedTables = ReadonlySet<string> | undefined;

/** Beyond it a premise is one on any table. */
const tablesMax = 20_000;

/** A table that somebody asked for. */
export interface TableChange {
  /** Nothing behind this entry has changed it. */
  readonly changed: Seq;
  /** Nothing behind this entry has given a row of it a unique key. */
  readonly keyed: Seq;
}

/** What a statement found when it ran, and must still be so when it is logged. */
export interface KeyPremise {
  /** The last entry that there was. */
  readonly since: Seq;
  /** No row of these has got a unique key since; undefined: of any. */
  readonly tables: ReadonlySet<string> | undefined;
}

/**
 * What a table is known by: its full name in lower case, whether its server tells case apart or
 * not. Undefined where that takes more than ASCII to tell, so that it may be any.
 */
export function tableKey(schema: string, name: string): string | undefined {
  const key = `${schema}.${name}`;
  return /[^\x20-\x7e]/.test(key) ? undefined : key.toLowerCase();
}

/**
 * At which entry each table was last changed. An entry counts as soon as it has its seq, which is
 * before any reader can see what it does. Only of tables that somebody asked for anything is kept.
 */
export class TableChanges {
  readonly #tables = new Map<string, { changed: Seq; keyed: Seq }>();
  #latest: Seq;
  #any: Seq;

  /** `latest`: the last entry that there is; what it and those before it changed is not known. */
  constructor(latest: Seq) {
    this.#latest = latest;
    this.#any = latest;
  }

  /** The last entry that may have changed any table. */
  get any(): Seq {
    return this.#any;
  }

  /** Tables that were asked for. */
  get size(): number {
    return this.#tables.size;
  }

  /**
   * An entry has got its seq. One that the log then refuses seems to have changed something.
   * `keyed`: those of the tables in which it may have given rows a unique key.
   */
  note(seq: Seq, changed: ChangedTables, keyed: ChangedTables = changed): void {
    if (seq > this.#latest) this.#latest = seq;
    if (changed === undefined) {
      if (seq > this.#any) this.#any = seq;
      return;
    }
    if (this.#tables.size === 0) return;
    for (const key of changed) {
      const table = this.#tables.get(key);
      if (table && seq > table.changed) table.changed = seq;
    }
    for (const key of keyed ?? changed) {
      const table = this.#tables.get(key);
      if (table && seq > table.keyed) table.keyed = seq;
    }
  }

  /** The table from now on; what was before it was asked for may have changed it. */
  table(key: string): TableChange {
    const known = this.#tables.get(key);
    if (known) return known;
    const table = { changed: this.#latest, keyed: this.#latest };
    this.#tables.set(key, table);
    return table;
  }

  /** Whether no entry behind `seq` has changed one of them. */
  unchangedSince(seq: Seq, tables: readonly TableChange[]): boolean {
    if (this.#any > seq) return false;
    for (const table of tables) if (table.changed > seq) return false;
    return true;
  }

  /** What holds from now on until it is asked whether it still does. */
  presume(tables: ReadonlySet<string> | undefined): KeyPremise {
    if (this.#tables.size > tablesMax) return { since: this.#latest, tables: undefined };
    for (const key of tables ?? []) this.table(key);
    return { since: this.#latest, tables };
  }

  /** Of a table that was forgotten meanwhile nothing is known. */
  stillHolds({ since, tables }: KeyPremise): boolean {
    if (this.#latest <= since) return true;
    if (tables === undefined || this.#any > since) return false;
    return [...tables].every((key) => (this.#tables.get(key)?.keyed ?? this.#latest) <= since);
  }

  /** Nobody uses any of the tables any more. */
  forget(): void {
    this.#tables.clear();
  }
}

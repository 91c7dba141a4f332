import type { Seq } from '../base/brands.ts';
import type { Node } from '../nodes/node.ts';
import type { Command } from '../replication/command.ts';
import type { Leadership } from '../replication/replicator.ts';
import type { KeyPremise } from '../replication/table-changes.ts';
import type { Release } from '../replication/write-gate.ts';
import { joinWritten, type WrittenTables } from './cache/written-tables.ts';
import type { LeaderLane } from './leader-lane.ts';
import type { Transcript } from './transcript.ts';
import { foldedName } from '../sql/lower-name.ts';

/** Where a transaction runs. */
export interface TransactionPlace {
  readonly leadership: Leadership;
  readonly node: Node;
  readonly lane: LeaderLane;
  /** Leaves the gate that DDL waits at. */
  readonly release: Release;
}

/** A client's transaction: its connection to the leader and what it has changed so far. */
export class OpenTransaction {
  /** Undefined where a client is to hear of a leader that is lost. */
  readonly transcript: Transcript | undefined;
  /** Highest seq whose COMMIT had been sent to the leader when the last answer arrived. */
  lastCommitted: Seq;
  /** It has made or dropped a temporary table, which MySQL warns of when it is rolled back. */
  definesTemporary = false;
  /** Every SELECT in it takes locks, also in functions and triggers. */
  readonly serializable: boolean;
  #place: TransactionPlace;
  #commands: Command[] = [];
  /** What has been written, undone or not; `none` before anything was. */
  #written: WrittenTables | undefined | 'none' = 'none';
  #premise: KeyPremise | undefined;
  readonly #savepoints = new Map<string, number>();

  constructor(
    place: TransactionPlace,
    options: {
      lastCommitted: Seq;
      serializable: boolean;
      transcript: Transcript | undefined;
    },
  ) {
    this.#place = place;
    this.lastCommitted = options.lastCommitted;
    this.serializable = options.serializable;
    this.transcript = options.transcript;
  }

  get leadership(): Leadership {
    return this.#place.leadership;
  }

  get node(): Node {
    return this.#place.node;
  }

  get lane(): LeaderLane {
    return this.#place.lane;
  }

  get release(): Release {
    return this.#place.release;
  }

  /** It begins again elsewhere; what it had changed is gone. */
  moveTo(place: TransactionPlace): void {
    this.#place = place;
    this.#commands = [];
    this.#premise = undefined;
    this.#savepoints.clear();
  }

  get commands(): readonly Command[] {
    return this.#commands;
  }

  get written(): WrittenTables | undefined {
    return this.#written === 'none' ? undefined : this.#written;
  }

  /** It is about to write to these; undefined: to any. */
  writes(tables: WrittenTables | undefined): void {
    this.#written = this.#written === 'none' ? tables : joinWritten(this.#written, tables);
  }

  /** What its upserts take for granted. */
  get premise(): KeyPremise | undefined {
    return this.#premise;
  }

  /** Another one; the first of them begins earliest. */
  presume(premise: KeyPremise | undefined): void {
    const before = this.#premise;
    if (!before || !premise) {
      this.#premise ??= premise;
      return;
    }
    const known = before.tables && premise.tables;
    const tables = known && new Set([...before.tables, ...premise.tables]);
    this.#premise = { since: before.since, tables };
  }

  record(command: Command): void {
    this.#commands.push(command);
  }

  /** In lower case. */
  get savepoints(): readonly string[] {
    return [...this.#savepoints.keys()];
  }

  setSavepoint(name: string): void {
    const key = foldedName(name);
    // A savepoint of the same name is replaced, and is then the latest one.
    this.#savepoints.delete(key);
    this.#savepoints.set(key, this.#commands.length);
  }

  /** What came after the savepoint is undone, so it is not replayed either. */
  rollbackTo(name: string): void {
    const key = foldedName(name);
    const length = this.#savepoints.get(key);
    if (length === undefined) return;
    this.#commands = this.#commands.slice(0, length);
    this.#forgetAfter(key);
  }

  releaseSavepoint(name: string): void {
    const key = foldedName(name);
    if (!this.#savepoints.has(key)) return;
    this.#forgetAfter(key);
    this.#savepoints.delete(key);
  }

  #forgetAfter(key: string): void {
    let after = false;
    for (const known of [...this.#savepoints.keys()]) {
      if (after) this.#savepoints.delete(known);
      if (known === key) after = true;
    }
  }
}

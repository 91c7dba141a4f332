import { asError } from '../../../base/as-error.ts';
import type { NodeName, Seq } from '../../../base/brands.ts';
import { noSeq } from '../../../base/brands.ts';
import { LockstepError } from '../../../base/errors.ts';
import type { Node } from '../../../nodes/node.ts';
import type { NodeConnection } from '../../../nodes/node-connection.ts';
import { NodeQueryError, queryRows } from '../../../nodes/query-rows.ts';
import { prepareSource } from '../copy/copy-session.ts';
import type { Release } from '../../write-gate.ts';
import { type SnapshotContext, takeSnapshots } from '../snapshot.ts';

export interface ComparedNodesOptions extends SnapshotContext {
  /** Those that may take part; the ones in sync do. */
  readonly nodes: () => readonly Node[];
  readonly signal: AbortSignal;
}

/** A node that missed all or part of it. */
export interface MissedNode {
  readonly node: NodeName;
  readonly reason: string;
}

/** For a snapshot at which a node that is not read stops, and stands still from then on. */
export interface StandStill {
  readonly node: NodeName;
  /** No transaction may be open either: it leads. */
  readonly alone: boolean;
  /** Called while every node is at `seq` and no commit is let through. */
  readonly stop: (seq: Seq) => void;
}

/** A table was defined anew, or went, while it was read. */
export class TableChangedError extends Error {
  constructor() {
    super('the table was changed while it was read');
    this.name = 'TableChangedError';
  }
}

/** An older snapshot costs the servers undo log, and holds up DDL. */
const snapshotMaxMs = 10_000;
/** One attempt to get behind DDL; a cancelled comparison is noticed after that. */
const schemaWaitMs = 5_000;
const attemptsMax = 5;
/** No such table, no such column, definition is newer than the snapshot, no such database. */
const changedErrnos: ReadonlySet<number> = new Set([1146, 1054, 1412, 1049]);

/**
 * One connection to each node in sync, all of them in a snapshot as of one and the same entry.
 * A node that fails meanwhile is left out. `renew` takes fresh snapshots; DDL waits only while
 * there is one.
 */
export class ComparedNodes {
  readonly #options: ComparedNodesOptions;
  readonly #connections = new Map<NodeName, NodeConnection>();
  readonly #missed = new Map<NodeName, string>();
  readonly #abort = (): void => this.close();
  #seq: Seq = noSeq;
  #takenAtMs: number | undefined;
  #releaseSchema: (() => void) | undefined;
  #manyOnce = false;

  constructor(options: ComparedNodesOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', this.#abort);
  }

  /** The nodes read, in no particular order. */
  get names(): readonly NodeName[] {
    return [...this.#connections.keys()];
  }

  /** The snapshots show everything up to this entry and nothing beyond. */
  get seq(): Seq {
    return this.#seq;
  }

  get missed(): readonly MissedNode[] {
    return [...this.#missed].map(([node, reason]) => ({ node, reason }));
  }

  /** It is time for fresh snapshots: these are old, or DDL waits for them to end. */
  get stale(): boolean {
    const { clock, replicator } = this.#options;
    if (this.#takenAtMs === undefined || replicator.gate.schema.awaited) return true;
    return clock.nowMs() - this.#takenAtMs > snapshotMaxMs;
  }

  connection(name: NodeName): NodeConnection | undefined {
    return this.#connections.get(name);
  }

  /**
   * Fresh snapshots on every node in sync; one that came back takes part again. Throws
   * LockstepError: no_node, conflict (they did not come to rest).
   */
  async renew(standStill?: StandStill): Promise<void> {
    const { signal } = this.#options;
    await this.rest();
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      await this.#gather(standStill?.node);
      try {
        await this.#take(standStill);
        return;
      } catch (error) {
        await this.rest();
        signal.throwIfAborted();
        // A node that left while the others waited for it is no reason to give up.
        if (attempt === attemptsMax || !this.#someoneLeft()) throw error;
      }
    }
  }

  /** Ends the snapshots, without taking new ones yet. */
  async rest(): Promise<void> {
    this.#takenAtMs = undefined;
    const open = [...this.#connections.values()].filter(({ lost, idle }) => !lost && idle);
    await Promise.allSettled(open.map((connection) => queryRows(connection, 'ROLLBACK')));
    this.#releaseSchema?.();
    this.#releaseSchema = undefined;
  }

  /**
   * Asks each of these nodes the same. One whose connection breaks has no part in the answer.
   * Throws TableChangedError, LockstepError('no_node') when nothing is left to compare.
   */
  async each<T>(
    names: readonly NodeName[],
    ask: (connection: NodeConnection, name: NodeName) => Promise<T>,
  ): Promise<Map<NodeName, T>> {
    const answers = new Map<NodeName, T>();
    const failures: Error[] = [];
    await Promise.all(
      names.map(async (name) => {
        const connection = this.#connections.get(name);
        if (!connection) return;
        try {
          answers.set(name, await ask(connection, name));
        } catch (error) {
          if (connection.lost) this.#leaveOut(name, connection.lost.message);
          else failures.push(asError(error));
        }
      }),
    );
    this.#options.signal.throwIfAborted();
    const [failure] = failures;
    if (failure instanceof NodeQueryError && changedErrnos.has(failure.errno)) {
      throw new TableChangedError();
    }
    if (failure !== undefined) throw failure;
    this.#expectSome();
    return new Map(
      names.flatMap((name) => (answers.has(name) ? [[name, answers.get(name)!]] : [])),
    );
  }

  close(): void {
    this.#options.signal.removeEventListener('abort', this.#abort);
    this.#releaseSchema?.();
    this.#releaseSchema = undefined;
    this.#takenAtMs = undefined;
    for (const connection of this.#connections.values()) {
      if (connection.idle) connection.end();
      else connection.destroy(new Error('the comparison has ended'));
    }
    this.#connections.clear();
  }

  async #take(standStill: StandStill | undefined): Promise<void> {
    const { clock, replicator, signal } = this.#options;
    // DDL that waited for the last snapshots has its turn first.
    await new Promise<void>((resolve) => {
      clock.after(0, resolve);
    });
    const release = await this.#enter();
    this.#releaseSchema = replicator.gate.schema.take();
    release();
    const connections = new Map<NodeName, readonly NodeConnection[]>(
      [...this.#connections].map(([name, connection]) => [name, [connection]]),
    );
    if (standStill) connections.set(standStill.node, []);
    const { seq } = await takeSnapshots(this.#options, {
      connections,
      alone: standStill?.alone ?? false,
      membersOnly: true,
      ...(standStill ? { whileAtRest: standStill.stop } : {}),
      signal,
    });
    this.#seq = seq;
    this.#takenAtMs = clock.nowMs();
  }

  /** Behind DDL under way, however long that takes. */
  async #enter(): Promise<Release> {
    const { replicator, signal } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      try {
        return await replicator.gate.shared(schemaWaitMs);
      } catch (error) {
        const waited = error instanceof LockstepError && error.code === 'ddl_wait_timeout';
        if (!waited) throw error;
      }
    }
  }

  /** A connection to each node in sync, and to no other. */
  async #gather(except: NodeName | undefined): Promise<void> {
    this.#someoneLeft();
    for (const node of this.#options.nodes()) {
      const { name } = node;
      if (name === except || this.#connections.has(name)) continue;
      if (!this.#options.replicator.inSync(name)) {
        if (!this.#missed.has(name)) this.#missed.set(name, `it is ${node.state}`);
        continue;
      }
      try {
        const connection = await node.openControl();
        this.#connections.set(name, connection);
        const mariadb = /mariadb/i.test(connection.serverVersion);
        await prepareSource(connection, mariadb ? 'mariadb' : 'mysql');
      } catch (error) {
        this.#leaveOut(name, error instanceof Error ? error.message : String(error));
      }
    }
    this.#options.signal.throwIfAborted();
    this.#expectSome();
    if (this.#connections.size > 1) this.#manyOnce = true;
  }

  /** Leaves out nodes that broke or fell behind; whether there were any. */
  #someoneLeft(): boolean {
    let left = false;
    for (const [name, connection] of this.#connections) {
      const inSync = this.#options.replicator.inSync(name);
      if (!connection.lost && inSync) continue;
      this.#leaveOut(name, connection.lost?.message ?? 'it fell out of sync');
      left = true;
    }
    return left;
  }

  #leaveOut(name: NodeName, reason: string): void {
    this.#connections.get(name)?.destroy(new Error(reason));
    this.#connections.delete(name);
    this.#missed.set(name, reason);
  }

  #expectSome(): void {
    const { size } = this.#connections;
    if (size === 0) throw new LockstepError('no_node', 'no node is in sync');
    if (size > 1 || !this.#manyOnce) return;
    const left = this.names.join();
    throw new LockstepError('no_node', `only ${left} is left in sync: nothing to compare it with`);
  }
}

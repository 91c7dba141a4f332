import type { NodeName } from './brands.ts';

/**
 * Places where tests make something die. docs/HACKING.md says where each is; the path of a
 * commit is one for writes, transactions and DDL, that of a follower one for live following
 * and replay.
 */
export const faultPointNames = [
  'write.executed',
  'transaction.begun',
  'transaction.executed',
  'commit.begun',
  'commit.appended',
  'commit.durable',
  'commit.sent',
  'commit.answered',
  'commit.acknowledged',
  'follower.sent',
  'follower.answered',
  'follower.ddl_announced',
  'follower.ddl_sent',
  'follower.ddl_answered',
  'ddl.announced',
  'ddl.intended',
  'ddl.sent',
  'ddl.answered',
  'recovery.begun',
  'recovery.examined',
  'resync.begun',
  'resync.snapshot',
  'resync.emptied',
  'resync.table',
  'resync.copied',
  'resync.marked',
  'log.written',
  'log.full',
  'log.sealed',
  'log.rolled',
  'log.cutting',
  'log.cut',
] as const;

export type FaultPointName = (typeof faultPointNames)[number];

/**
 * Called at every point that is reached, with the node concerned where there is one. What it
 * does before its first `await` is done before the code goes on anywhere; the code that
 * reached the point waits until it resolves. It must not throw.
 */
export type FaultHandler = (point: FaultPointName, node?: NodeName) => Promise<void> | void;

/** Costs a comparison at each point while no handler is there, as always outside of tests. */
export class FaultPoints {
  #handler: FaultHandler | undefined;

  get armed(): boolean {
    return this.#handler !== undefined;
  }

  /** One handler at a time, in the place of any before it; the function returned takes it away. */
  arm(handler: FaultHandler): () => void {
    this.#handler = handler;
    return () => {
      if (this.#handler === handler) this.#handler = undefined;
    };
  }

  async reach(point: FaultPointName, node?: NodeName): Promise<void> {
    await this.#handler?.(point, node);
  }

  /** A point between a request and its answer: settles as that does, once both are there. */
  async during<T>(answer: Promise<T>, point: FaultPointName, node?: NodeName): Promise<T> {
    const [answered] = await Promise.all([answer, this.reach(point, node)]);
    return answered;
  }
}

/** Those of this process: `if (faultPoints.armed) await faultPoints.reach('commit.durable');` */
export const faultPoints = new FaultPoints();

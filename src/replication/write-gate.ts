import type { Clock } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import { Hold } from './hold.ts';

/** Gives back what was acquired; calling it again does nothing. */
export type Release = () => void;

interface Waiting {
  readonly exclusive: boolean;
  readonly enter: () => void;
}

/**
 * Who may write at the same time. Transactions share the gate; a statement that must run
 * alone (DDL, bulk inserts) takes it exclusively: it waits for open transactions to end, and
 * those that come after it wait behind it, so nothing is logged beside it.
 */
export class WriteGate {
  /** While held nobody begins to write: for as long as somebody keeps a global read lock. */
  readonly writes: Hold;
  /** While held no commit is begun: the log stands still, and open transactions stay open. */
  readonly commits: Hold;
  /** While held no DDL begins: a copy or a comparison reads the tables as they are defined now. */
  readonly schema: Hold;
  readonly #clock: Clock;
  readonly #queueMax: () => number;
  readonly #queue: Waiting[] = [];
  #sharing = 0;
  #exclusive = false;

  constructor(options: { clock: Clock; queueMax: () => number }) {
    this.#clock = options.clock;
    this.#queueMax = options.queueMax;
    this.writes = new Hold(options.clock);
    this.commits = new Hold(options.clock);
    this.schema = new Hold(options.clock);
  }

  get sharing(): number {
    return this.#sharing;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Enters beside others at once, or returns undefined if that must wait. */
  tryShared(): Release | undefined {
    if (this.#exclusive || this.#queue.length > 0) return undefined;
    return this.#enterShared();
  }

  shared(timeoutMs: number): Promise<Release> {
    const release = this.tryShared();
    return release ? Promise.resolve(release) : this.#wait(false, timeoutMs);
  }

  /** Runs it while no DDL does: that holds the gate alone until it is logged or given up. */
  async whileShared<T>(timeoutMs: number, run: () => Promise<T>): Promise<T> {
    const release = await this.shared(timeoutMs);
    try {
      return await run();
    } finally {
      release();
    }
  }

  exclusive(timeoutMs: number): Promise<Release> {
    if (!this.#exclusive && this.#sharing === 0 && this.#queue.length === 0) {
      return Promise.resolve(this.#enterExclusive());
    }
    return this.#wait(true, timeoutMs);
  }

  /**
   * Until it is given back nothing new is logged, whatever transactions are open. Only who has
   * seen to it that no DDL is under way may call it: that has changed a table and is not logged.
   */
  freeze(): Release {
    const held = [this.writes.take(), this.commits.take(), this.schema.take()];
    return () => {
      for (const release of held) release();
    };
  }

  /**
   * As `exclusive`, for DDL: waits until nobody else reads the tables as a whole, without holding
   * up other writes meanwhile. `own`: how often the caller holds `schema`. Rejects
   * ddl_wait_timeout.
   */
  async exclusiveSchema(timeoutMs: number, own = 0): Promise<Release> {
    const deadlineMs = this.#clock.nowMs() + timeoutMs;
    for (;;) {
      const leftMs = deadlineMs - this.#clock.nowMs();
      if (!(await this.schema.free(leftMs, own))) {
        throw new LockstepError(
          'ddl_wait_timeout',
          `a resync, a verification or a backup did not end in ${timeoutMs} ms, and until then ` +
            'no definition may change',
        );
      }
      const release = await this.exclusive(timeoutMs);
      if (!this.schema.heldBeside(own)) return release;
      release();
    }
  }

  #enterShared(): Release {
    this.#sharing++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#sharing--;
      this.#admit();
    };
  }

  #enterExclusive(): Release {
    this.#exclusive = true;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#exclusive = false;
      this.#admit();
    };
  }

  #wait(exclusive: boolean, timeoutMs: number): Promise<Release> {
    if (this.#queue.length >= this.#queueMax()) {
      throw new LockstepError('queue_full', 'too many writes wait (limits.queued_writes)');
    }
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        this.#admit();
        reject(
          new LockstepError(
            'ddl_wait_timeout',
            exclusive
              ? `${this.#sharing} open transactions did not end in ${timeoutMs} ms, and this ` +
                  'statement must run alone'
              : `a statement that runs alone held up writes for ${timeoutMs} ms`,
          ),
        );
      });
      const waiting: Waiting = {
        exclusive,
        enter: () => {
          timer.cancel();
          resolve(exclusive ? this.#enterExclusive() : this.#enterShared());
        },
      };
      this.#queue.push(waiting);
    });
  }

  #admit(): void {
    for (let head = this.#queue[0]; head && !this.#exclusive; head = this.#queue[0]) {
      if (head.exclusive && this.#sharing > 0) return;
      this.#queue.shift();
      head.enter();
    }
  }
}

import type { NodeName } from '../base/brands.ts';
import type { ErrorCode } from '../base/errors.ts';

/**
 * What one node did since the start. Plain numbers, incremented in place: a labelled counter of
 * a metrics library costs the better part of a microsecond on the statement path.
 */
export interface NodeCounters {
  reads: number;
  /** Statements executed on the node as the leader. */
  writes: number;
  /** Entries applied to the node as a follower, replay included. */
  applied: number;
  /** Errors the server itself answered with, passed on to the client. */
  serverErrors: number;
  /** Reads taken to another node because this one failed before it answered. */
  retries: number;
  connectionsOpened: number;
  connectionsFailed: number;
}

export interface CountersSnapshot {
  readonly nodes: ReadonlyMap<NodeName, Readonly<NodeCounters>>;
  readonly errors: ReadonlyMap<ErrorCode, number>;
  readonly refused: ReadonlyMap<string, number>;
  readonly sessionsOpened: number;
  readonly sessionsOpen: number;
  readonly sessionsPinned: number;
}

/** Distinct refusal reasons counted apart; the rest are counted together as `other`. */
const refusalReasonsMax = 100;

/** Everything Lockstep counts. Numbers only grow, except `sessionsOpen` and `sessionsPinned`. */
export class Counters {
  readonly #nodes = new Map<NodeName, NodeCounters>();
  readonly #errors = new Map<ErrorCode, number>();
  readonly #refused = new Map<string, number>();
  #sessionsOpened = 0;
  #sessionsOpen = 0;
  #sessionsPinned = 0;

  /** The node's own object, always the same one: keep it, and increment its fields. */
  node(name: NodeName): NodeCounters {
    let counters = this.#nodes.get(name);
    if (counters === undefined) {
      counters = {
        reads: 0,
        writes: 0,
        applied: 0,
        serverErrors: 0,
        retries: 0,
        connectionsOpened: 0,
        connectionsFailed: 0,
      };
      this.#nodes.set(name, counters);
    }
    return counters;
  }

  /** An error that Lockstep itself raised. */
  error(code: ErrorCode): void {
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }

  /** A statement that was refused as unsafe; `reason` is the kind, not the text. */
  refused(reason: string): void {
    const known = this.#refused.has(reason) || this.#refused.size < refusalReasonsMax;
    const key = known ? reason : 'other';
    this.#refused.set(key, (this.#refused.get(key) ?? 0) + 1);
  }

  sessionOpened(): void {
    this.#sessionsOpened += 1;
    this.#sessionsOpen += 1;
  }

  sessionClosed(): void {
    this.#sessionsOpen -= 1;
  }

  /** A session keeps a connection for itself. */
  sessionPinned(): void {
    this.#sessionsPinned += 1;
  }

  sessionUnpinned(): void {
    this.#sessionsPinned -= 1;
  }

  get sessionsOpen(): number {
    return this.#sessionsOpen;
  }

  /** A copy that later counting does not change. */
  snapshot(): CountersSnapshot {
    return {
      nodes: new Map([...this.#nodes].map(([name, counters]) => [name, { ...counters }])),
      errors: new Map(this.#errors),
      refused: new Map(this.#refused),
      sessionsOpened: this.#sessionsOpened,
      sessionsOpen: this.#sessionsOpen,
      sessionsPinned: this.#sessionsPinned,
    };
  }
}

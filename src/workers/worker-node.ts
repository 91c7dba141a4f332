import type { NodeName } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import type { NodeConfig } from '../config/config.ts';
import { type Wanted, wantedKey } from '../nodes/connection-pool.ts';
import { Node } from '../nodes/node.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import type { ReadPipeline } from '../nodes/read-pipeline.ts';
import { bringTo, canCarry } from '../sessions/carry-state.ts';
import type { LoanTerms } from '../sessions/session-lender.ts';
import type { WorkerSettings } from './messages.ts';

/**
 * Who is held up here comes back to the main process, which costs more than to wait a little; the
 * others need not come back with them.
 */
const patience = { lookEveryMs: 50, restMs: 0 };
/** So many reads under way on a connection are a reason to open one more. */
const depthToOpen = 2;

export interface WorkerNodeOptions {
  readonly clock: Clock;
  readonly config: NodeConfig;
  readonly newestThreadId: number;
  /** Read anew at each use. */
  readonly settings: WorkerSettings;
  readonly onSuspect: (reason: string) => void;
  readonly onRestarted: () => void;
}

/** A node as a worker knows it: connections on which the reads of many sessions are under way. */
export class WorkerNode {
  readonly name: NodeName;
  readonly #node: Node;
  readonly #settings: WorkerSettings;
  /** By account and state. */
  readonly #opening = new Map<string, Promise<boolean>>();
  readonly #open = new Map<string, Set<NodeConnection>>();

  constructor(options: WorkerNodeOptions) {
    const { clock, config, newestThreadId, settings } = options;
    this.name = config.name;
    this.#settings = settings;
    this.#node = new Node({
      config,
      clock,
      newestThreadId,
      patience,
      pipelinesMax: settings.sharedConnections,
      limits: settings.limits,
      health: settings.health,
      onStateChanged: () => {},
      onSuspect: (_, reason) => options.onSuspect(reason),
      onRestarted: () => options.onRestarted(),
    });
  }

  /** Where one more read of the session can be sent now. */
  join(terms: LoanTerms): ReadPipeline | undefined {
    const { carried } = terms;
    const wanted = wantedOf(terms);
    const usable = (connection: NodeConnection): boolean => connection.stateKey === carried.key;
    const pipeline = this.#node.pipelines.join(wanted, usable, () => {
      const idle = this.#node.pool.tryTake(wanted);
      if (!idle || usable(idle)) return idle;
      this.#node.pool.give(idle);
      return undefined;
    });
    const { sharedConnections } = this.#settings;
    if (pipeline && pipeline.depth >= depthToOpen && this.#openOf(terms) < sharedConnections) {
      void this.open(terms);
    }
    return pipeline;
  }

  /** Makes one more connection that is as the session is; false when that is not possible now. */
  open(terms: LoanTerms): Promise<boolean> {
    const { key } = wantedOf(terms);
    const opening = this.#opening.get(key);
    if (opening) return opening;
    const opened = this.#make(terms, key).finally(() => this.#opening.delete(key));
    this.#opening.set(key, opened);
    return opened;
  }

  async #make(terms: LoanTerms, key: string): Promise<boolean> {
    const { pool } = this.#node;
    if (pool.exhausted) return false;
    try {
      const connection = await pool.take(wantedOf(terms));
      try {
        await bringTo(connection, terms.carried);
      } catch (error) {
        connection.destroy(error instanceof Error ? error : new Error(String(error)));
        return false;
      }
      this.#noteOpen(key, connection);
      pool.give(connection);
      return true;
    } catch {
      return false;
    }
  }

  #noteOpen(key: string, connection: NodeConnection): void {
    const open = this.#open.get(key) ?? new Set();
    this.#open.set(key, open);
    if (open.has(connection)) return;
    open.add(connection);
    connection.onLost(() => {
      open.delete(connection);
      if (open.size === 0 && this.#open.get(key) === open) this.#open.delete(key);
    });
  }

  #openOf(terms: LoanTerms): number {
    return this.#open.get(wantedOf(terms).key)?.size ?? 0;
  }

  /** Ends all that is under way. */
  close(reason: string): void {
    this.#node.destroyConnections(new Error(reason));
  }
}

const wanteds = new WeakMap<LoanTerms, Wanted>();

function wantedOf(terms: LoanTerms): Wanted {
  const known = wanteds.get(terms);
  if (known) return known;
  const { kind, carried } = terms;
  const fits = (connection: NodeConnection): boolean => canCarry(connection, carried);
  const stateKey = carried.key;
  const wanted = { kind, stateKey, key: wantedKey(kind, stateKey), fits };
  wanteds.set(terms, wanted);
  return wanted;
}

import type { HealthCheckResult } from '../../src/health/health-check.ts';
import type { NodeName } from '../../src/base/brands.ts';
import type { NodeConnection } from '../../src/nodes/node-connection.ts';
import type { NodeState } from '../../src/nodes/node-state.ts';
import type { ServerFacts } from '../../src/nodes/server-facts.ts';
import { ServerRuns } from '../../src/nodes/server-runs.ts';
import { SimConnection, type SimLink } from './sim-connection.ts';

export interface SimNodeOptions extends SimLink {
  readonly name: NodeName;
  readonly onSuspect: (name: NodeName, reason: string) => void;
  readonly onRestarted: (name: NodeName) => void;
  readonly onState: (name: NodeName, state: NodeState, reason: string) => void;
}

const connectTimeoutMs = 1_000;

/** A node as the rooms above know `Node`, before a simulated server. */
export class SimNode {
  readonly name: NodeName;
  readonly config = { user: 'app' };
  readonly pool: { destroyAll: (reason: Error) => void; readonly inUse: number };
  readonly #options: SimNodeOptions;
  readonly #connections = new Set<SimConnection>();
  readonly #orphans = new Set<number>();
  /** Those that clients have. */
  readonly #taken = new Set<SimConnection>();
  #idle: SimConnection[] = [];
  #generation = 0;
  #facts: ServerFacts | undefined;
  readonly #runs = new ServerRuns();
  readonly questioned = false;
  restarted = false;
  #state: NodeState = 'JOINING';
  #reason = '';

  constructor(options: SimNodeOptions) {
    this.#options = options;
    this.name = options.name;
    const taken = this.#taken;
    this.pool = {
      destroyAll: (reason) => this.#destroyIdle(reason),
      get inUse() {
        return taken.size;
      },
    };
  }

  get state(): NodeState {
    return this.#state;
  }

  get reason(): string {
    return this.#reason;
  }

  get facts(): ServerFacts | undefined {
    return this.#facts;
  }

  set facts(facts: ServerFacts) {
    this.#facts = facts;
    this.restarted = false;
  }

  get orphanedThreadIds(): readonly number[] {
    return [...this.#orphans];
  }

  get connections(): readonly SimConnection[] {
    return [...this.#connections];
  }

  get threadIds(): readonly number[] {
    return this.connections.map((connection) => connection.threadId);
  }

  forgetOrphans(): void {
    this.#orphans.clear();
  }

  transition(to: NodeState, reason: string): void {
    if (to === this.#state) return;
    this.#state = to;
    this.#reason = reason;
    this.#options.onState(this.name, to, reason);
  }

  enter(to: NodeState, reason: string): void {
    this.transition(to, reason);
    this.#reason = reason;
  }

  async openControl(): Promise<NodeConnection> {
    return (await this.#open()) as unknown as NodeConnection;
  }

  /** A pooled connection, for a statement of a client. */
  async take(): Promise<SimConnection> {
    const idle = this.#idle.pop();
    if (idle) return this.#handOut(idle);
    const generation = this.#generation;
    const connection = await this.#open();
    if (generation === this.#generation && !this.restarted) return this.#handOut(connection);
    if (this.restarted) this.#options.onRestarted(this.name);
    const reason = new Error('the node was taken out while connecting');
    connection.destroy(reason);
    throw reason;
  }

  #handOut(connection: SimConnection): SimConnection {
    this.#taken.add(connection);
    return connection;
  }

  give(connection: SimConnection): void {
    this.#taken.delete(connection);
    if (!connection.lost) this.#idle.push(connection);
  }

  destroyConnections(reason: Error): void {
    this.#destroyIdle(reason);
    for (const connection of this.#connections) connection.destroy(reason);
  }

  async check(signal: AbortSignal): Promise<HealthCheckResult> {
    try {
      const connection = await this.#connect();
      signal.addEventListener('abort', () => connection.end());
      await connection.query('PING');
      const { startedAtS } = this.#options.server;
      connection.end();
      return { kind: 'healthy', latencyMs: 1, startedAtS };
    } catch (error) {
      return { kind: 'unreachable', reason: String(error) };
    }
  }

  #destroyIdle(reason: Error): void {
    this.#generation++;
    for (const connection of this.#idle.splice(0)) connection.destroy(reason);
  }

  async #open(): Promise<SimConnection> {
    let connection: SimConnection;
    const beganAnotherRun = this.#runs.connecting();
    try {
      connection = await this.#connect();
    } catch (error) {
      this.#options.onSuspect(this.name, String(error));
      throw error;
    }
    this.#connections.add(connection);
    connection.onLost((error) => {
      this.#connections.delete(connection);
      this.#taken.delete(connection);
      this.#idle = this.#idle.filter((other) => other !== connection);
      if (connection.endedByUs) return;
      this.#orphans.add(connection.threadId);
      this.#options.onSuspect(this.name, error.message);
    });
    if (beganAnotherRun(connection.threadId)) {
      this.restarted = true;
      this.#options.onRestarted(this.name);
    }
    return connection;
  }

  /** A server that is down refuses; one that is frozen lets the caller wait. */
  #connect(): Promise<SimConnection> {
    const { process, server, random } = this.#options;
    return new Promise((resolve, reject) => {
      let over = false;
      const timer = process.after(connectTimeoutMs, () => {
        over = true;
        reject(new Error('no answer in time'));
      });
      const reachMs = Math.max(0, this.#options.heldUntilMs() - process.nowMs());
      process.after(reachMs + random.between(0.05, 1), () => {
        if (over) return;
        if (!server.up) {
          timer.cancel();
          reject(new Error('connection refused'));
          return;
        }
        server.process.after(0, () => {
          if (over) return;
          const connection = new SimConnection(this.#options);
          process.after(random.between(0.05, 1), () => {
            if (over) {
              connection.destroy(new Error('too late'));
              return;
            }
            timer.cancel();
            if (connection.lost) reject(connection.lost);
            else resolve(connection);
          });
        });
      });
    });
  }
}

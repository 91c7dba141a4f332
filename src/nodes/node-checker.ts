import type { NodeName } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import type { Node } from './node.ts';
import { NodeRefusedError } from './client-handshake.ts';
import { type NodeConnection, NodeConnectionLostError } from './node-connection.ts';
import { readServerStart } from './server-start.ts';

/** See HealthCheckResult in the health room, which this satisfies. */
export type NodeCheckResult =
  | { readonly kind: 'healthy'; readonly latencyMs: number; readonly startedAtS?: number }
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'busy'; readonly reason: string };

const serverFullErrnos: ReadonlySet<number> = new Set([1040, 1203, 1226]);

/** Asks a node whether it is well, on a connection kept for that. */
export class NodeChecker {
  readonly #node: (name: NodeName) => Node | undefined;
  readonly #clock: Clock;
  readonly #connections = new Map<NodeName, NodeConnection>();

  constructor(options: { node: (name: NodeName) => Node | undefined; clock: Clock }) {
    this.#node = options.node;
    this.#clock = options.clock;
  }

  async check(name: NodeName, signal: AbortSignal): Promise<NodeCheckResult> {
    const node = this.#node(name);
    if (!node) return { kind: 'unreachable', reason: 'removed' };
    const startedMs = this.#clock.nowMs();
    try {
      const startedAtS = await this.#startOf(node, signal);
      node.answered();
      const latencyMs = this.#clock.nowMs() - startedMs;
      return { kind: 'healthy', latencyMs, startedAtS };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const full = error instanceof NodeRefusedError && serverFullErrnos.has(error.errno);
      return { kind: full ? 'busy' : 'unreachable', reason };
    }
  }

  /** A connection that breaks under it, maybe by our own hand, says nothing of the server. */
  async #startOf(node: Node, signal: AbortSignal): Promise<number> {
    try {
      return await this.#ask(node, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof NodeConnectionLostError)) throw error;
      return await this.#ask(node, signal);
    }
  }

  async #ask(node: Node, signal: AbortSignal): Promise<number> {
    const connection = await this.#connection(node);
    // A server that accepts and never answers must not keep the connection for the next time.
    signal.addEventListener('abort', () => {
      if (!connection.idle) connection.destroy(new Error('the health check timed out'));
    });
    return readServerStart(connection);
  }

  async #connection(node: Node): Promise<NodeConnection> {
    const kept = this.#connections.get(node.name);
    if (kept && !kept.lost) return kept;
    const connection = await node.openControl();
    this.#connections.set(node.name, connection);
    return connection;
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.end();
    this.#connections.clear();
  }
}

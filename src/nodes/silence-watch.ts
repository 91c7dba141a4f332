import type { Clock, Timer } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { EventLog } from '../telemetry/event-log.ts';
import type { Node } from './node.ts';
import type { NodeConnection } from './node-connection.ts';
import { queryRows } from './query-rows.ts';
import { readServerStart } from './server-start.ts';
import { Silence, type SilenceLimits } from './silence.ts';
import { readStandings } from './read-standings.ts';

/** The server is asked when an answer has been owed for this many times `suspect_after`. */
const suspectionsToAsk = 5;
/** However short `suspect_after` is: the network repeats what it drops after 200 ms and more. */
const askAfterMinMs = 1_000;
const restMinMs = 500;

export interface SilenceWatchOptions {
  readonly clock: Clock;
  readonly events: EventLog;
  /** Read anew at each use. */
  readonly health: Pick<Config['health'], 'suspectAfterMs' | 'timeoutMs'>;
  readonly nodes: () => Iterable<Node>;
}

/** One connection that is silent, as of when its server was asked. */
interface Silent {
  readonly connection: NodeConnection;
  readonly silence: Silence;
}

/**
 * A server that is frozen, or cut off without a word, breaks no connection: its statements just
 * stay unanswered. This looks over all connections at intervals, which costs a statement
 * nothing, and reports nodes that owe an answer. A long statement looks the same, so a report
 * is a reason to check the node and no more.
 *
 * If the node is well, a packet may still have been lost for good, on a path that forgot the
 * connection. So once an answer is owed for long the server is asked over another connection,
 * and only if it has nothing under way for it the connection is ended, on both sides.
 */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  readonly #silences = new WeakMap<NodeConnection, Silence>();
  readonly #asking = new Set<Node>();
  #timer: Timer | undefined;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
    this.#schedule();
  }

  get #limits(): SilenceLimits {
    const { suspectAfterMs } = this.#options.health;
    return {
      askAfterMs: Math.max(askAfterMinMs, suspectionsToAsk * suspectAfterMs),
      restMs: Math.max(restMinMs, suspectAfterMs),
    };
  }

  #schedule(): void {
    const { clock, nodes, health } = this.#options;
    this.#timer = clock.after(Math.max(10, health.suspectAfterMs / 4), () => {
      const afterMs = health.suspectAfterMs;
      const nowMs = clock.nowMs();
      for (const node of nodes()) {
        node.reportSilence(nowMs, afterMs);
        if (!this.#asking.has(node)) this.#look(node, nowMs);
      }
      this.#schedule();
    });
  }

  #look(node: Node, nowMs: number): void {
    const asked: Silent[] = [];
    const limits = this.#limits;
    for (const connection of node.connections) {
      const sinceMs = connection.silentSinceMs;
      if (sinceMs === undefined || nowMs - sinceMs < limits.askAfterMs) continue;
      const silence = this.#silenceOf(connection, sinceMs);
      if (silence.ask(nowMs)) asked.push({ connection, silence });
    }
    if (asked.length === 0) return;
    this.#asking.add(node);
    void this.#ask(node, asked).finally(() => this.#asking.delete(node));
  }

  #silenceOf(connection: NodeConnection, sinceMs: number): Silence {
    const known = this.#silences.get(connection);
    if (known?.sinceMs === sinceMs) return known;
    const silence = new Silence(sinceMs, this.#limits);
    this.#silences.set(connection, silence);
    return silence;
  }

  /** Whoever cannot be asked is a matter of the health check, and is asked again later. */
  async #ask(node: Node, asked: readonly Silent[]): Promise<void> {
    let control: NodeConnection | undefined;
    try {
      control = await node.openControl();
      // Ids of an earlier run of the server would name others.
      if (node.restarted || (await this.#startOf(control)) !== node.facts?.startedAtS) return;
      const ids = asked.map(({ connection }) => connection.threadId);
      const standings = await readStandings(control, ids, this.#options.health.timeoutMs);
      const nowMs = this.#options.clock.nowMs();
      for (const { connection, silence } of asked) {
        // Something was heard of it meanwhile.
        if (connection.silentSinceMs !== silence.sinceMs) continue;
        const standing = standings.get(connection.threadId);
        if (standing && silence.isLost(standing, nowMs)) await this.#end(node, connection, control);
      }
    } catch {
      // Opening it has reported the node if need be.
    } finally {
      control?.end();
    }
  }

  #startOf(control: NodeConnection): Promise<number> {
    return readServerStart(control, { timeoutMs: this.#options.health.timeoutMs });
  }

  /** On both sides: its transaction may hold locks that whoever tries again would wait for. */
  async #end(node: Node, connection: NodeConnection, control: NodeConnection): Promise<void> {
    const { clock, events, health } = this.#options;
    const { threadId, silentSinceMs } = connection;
    const silentMs = Math.round(clock.nowMs() - (silentSinceMs ?? clock.nowMs()));
    events.publish({ kind: 'answer_lost', node: node.name, threadId, silentMs });
    connection.destroy(
      new Error(
        `no answer for ${silentMs} ms, and the server has nothing under way for it: ` +
          'the request or the answer was lost',
      ),
    );
    try {
      await queryRows(control, `KILL ${threadId}`, { timeoutMs: health.timeoutMs });
    } catch {
      // It is gone already. If the node is taken out instead, its recovery does the same.
    }
  }

  stop(): void {
    this.#timer?.cancel();
  }
}

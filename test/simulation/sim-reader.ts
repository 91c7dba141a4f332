import type { NodeName, Seq } from '../../src/base/brands.ts';
import type { Leadership } from '../../src/replication/replicator.ts';
import { Horizon } from '../../src/sessions/horizon.ts';
import {
  noteSeen,
  noteTold,
  showsEnough,
  untilLeaderShows,
} from '../../src/sessions/read-consistency.ts';
import { chooseNode } from '../../src/sessions/read-path.ts';
import type { SessionCore } from '../../src/sessions/session-core.ts';
import { lists } from './lists.ts';
import { Violation } from './oracle.ts';
import { Seen } from './seen.ts';
import type { SimBalancer } from './sim-balancer.ts';
import type { SimLane } from './sim-lane.ts';
import type { Simulation } from './simulation.ts';

export const noNodeTimeoutMs = 1_500;

/** The lists that an answer shows. */
type Shown = ReadonlyMap<string, string>;

/**
 * The reading half of a client: it takes the way that the rooms above take, and checks every
 * answer against what it was shown and told before.
 */
export class SimReader {
  readonly #world: Simulation;
  readonly #balancer: SimBalancer;
  readonly #seen = new Seen();
  /** As much of a session as choosing a node looks at. */
  readonly #core: SessionCore;

  constructor(world: Simulation, balancer: SimBalancer) {
    this.#world = world;
    this.#balancer = balancer;
    const { process, nodes, replicator, router } = balancer;
    const config = { consistency: world.settings.consistency, noNodeTimeoutMs };
    this.#core = {
      context: { clock: process, nodes, replicator, router, config },
      horizon: new Horizon(),
      node: (name: NodeName) => nodes.get(name),
    } as unknown as SessionCore;
  }

  /** A read of its own, on whichever node may serve it. */
  async read(): Promise<void> {
    const { process, nodes, replicator, cache } = this.#balancer;
    const promised = this.#promised();
    this.#checkKept(promised);
    this.#noteWhetherItWaits();
    const deadlineMs = process.nowMs() + noNodeTimeoutMs;
    const chosen = await chooseNode(this.#core, false, new Set(), deadlineMs);
    const node = nodes.get(chosen.name)!;
    const connection = await node.take();
    const position = replicator.position(node.name);
    const keep = position === undefined ? undefined : cache.begin(node.name, position);
    const answer = (await connection.query('READ')).at(-1);
    node.give(connection);
    if (answer?.kind !== 'rows') return;
    if (replicator.leadership?.name !== node.name) {
      this.#world.occurrences.add('a read was answered by a follower');
    }
    if (replicator.position(node.name) === undefined) {
      this.#world.occurrences.add('a node left while it was read');
    }
    noteSeen(this.#core, node.name);
    const shown = new Map(answer.rows.map(([key, value]) => [key ?? '', value ?? '']));
    keep?.(shown);
    this.#check(node.name, shown, promised);
  }

  /** What is kept could have been given now: it shows what is promised, and nothing else. */
  #checkKept(promised: Seen): void {
    const { good } = this.#balancer.cache;
    if (!good) return;
    const { oracle, occurrences } = this.#world;
    occurrences.add('an answer that was kept was still good');
    const { shown, node, seq } = good;
    const stranger = oracle.strangerIn(shown);
    if (stranger) throw new Violation(`kept of ${node}: ${stranger}, which is not in the log`);
    const missing = promised.missingIn(shown);
    if (!missing) return;
    const { key, token } = missing;
    throw new Violation(`kept of ${node} as of ${seq} does not show ${token} in ${key}`);
  }

  /** The first read of a transaction fixes what later ones see. False after an error. */
  async readInside(lane: SimLane, leadership: Leadership, promised: Seen): Promise<boolean> {
    const shown = await lane.read();
    if (!shown) return false;
    this.#world.occurrences.add('a transaction read a snapshot');
    noteSeen(this.#core, leadership.name);
    this.#check(leadership.name, shown, promised);
    return true;
  }

  /** Before a transaction; what a read in it must show is returned. */
  async beforeTransaction(leadership: Leadership): Promise<Seen> {
    await untilLeaderShows(this.#core, leadership);
    return this.#promised();
  }

  /** An error told what is there: whoever knows of a row has seen the entry that made it. */
  told(node: NodeName, message: string): void {
    noteTold(this.#core, node);
    const seq = this.#entryOf(message);
    if (seq !== undefined) this.#saw(seq);
  }

  /**
   * As `told`, of a statement in a transaction: any answer is a sight of what is there. The leader
   * may have committed that entry before others that touch nothing of what it touches.
   */
  toldInside({ name }: Leadership, message = ''): void {
    noteSeen(this.#core, name);
    const seq = this.#entryOf(message);
    if (seq === undefined) return;
    const { oracle } = this.#world;
    const before = new Map(oracle.listsAt(seq - 1));
    for (const [key, list] of oracle.listsAt(seq)) {
      if (list !== before.get(key)) this.#seen.add(key, list);
    }
  }

  acknowledged(seq: Seq): void {
    this.#core.horizon.wrote(seq);
    this.#saw(seq);
  }

  /** `token` may be of the client's own open transaction, which is nowhere yet. */
  #entryOf(token: string): number | undefined {
    const seq = this.#world.oracle.seqOf(token);
    if (seq !== undefined) this.#world.occurrences.add('an error told of a row');
    return seq;
  }

  #saw(seq: number): void {
    for (const [key, list] of this.#world.oracle.listsAt(seq)) this.#seen.add(key, list);
  }

  #promised(): Seen {
    const promised = this.#seen.copy();
    if (this.#world.settings.consistency === 'strong') promised.addAll(this.#world.acknowledged);
    return promised;
  }

  #noteWhetherItWaits(): void {
    const { nodes, replicator } = this.#balancer;
    const { consistency } = this.#world.settings;
    const acknowledged = consistency === 'strong' ? replicator.lastAcknowledged : undefined;
    const able = [...nodes.keys()].filter((name) => replicator.inSync(name));
    if (able.every((name) => showsEnough(this.#core, name, acknowledged))) return;
    this.#world.occurrences.add('a read had to wait for what it promises');
  }

  #check(node: NodeName, shown: Shown, promised: Seen): void {
    const { oracle, settings } = this.#world;
    const stranger = oracle.strangerIn(shown);
    if (stranger) throw new Violation(`${node} shows ${stranger}, which is not in the log`);
    if (settings.consistency === 'eventual') return;
    const missing = promised.missingIn(shown);
    if (missing) {
      const { key, token } = missing;
      throw new Violation(
        `a ${settings.consistency} read on ${node} does not show ${token} in ${key} ` +
          `(entry ${oracle.seqOf(token)}), but ${lists.tokensOf(shown.get(key)).join()}`,
      );
    }
    for (const [key, list] of shown) if (key.startsWith('l')) this.#seen.add(key, list);
  }
}

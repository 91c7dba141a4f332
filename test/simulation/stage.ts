import type { Seq } from '../../src/base/brands.ts';
import type { CommitOutcome } from '../../src/replication/commit-outcome.ts';
import type { Leadership } from '../../src/replication/replicator.ts';
import { lists } from './lists.ts';
import { Random } from './random.ts';
import { drawSettings, type Settings } from './settings.ts';
import type { SimBalancer } from './sim-balancer.ts';
import { commandOf } from './sim-client.ts';
import type { SimConnection } from './sim-connection.ts';
import { SimLane } from './sim-lane.ts';
import type { SimServer } from './sim-server.ts';
import { Simulation } from './simulation.ts';

/** One transaction of a scenario, step by step. */
export interface Actor {
  readonly connection: SimConnection;
  readonly lane: SimLane;
  /** Rejects with the server's error number. */
  run(sql: string): Promise<void>;
  commit(): Promise<CommitOutcome>;
}

/**
 * A simulated cluster in which nothing happens by itself: a scenario says what does, and keeps
 * a transcript of it.
 */
export class Stage {
  readonly world: Simulation;
  readonly transcript: string[] = [];
  #firstLeader = '';

  constructor(settings: Partial<Settings> = {}) {
    lists.clear();
    const nodes = settings.nodes ?? 3;
    const drawn = drawSettings(new Random(1));
    this.world = new Simulation(
      {
        ...drawn,
        nodes,
        clients: 0,
        acks: 'all',
        consistency: 'session',
        minInSync: 1,
        syncTimeoutMs: 2_000,
        healthIntervalMs: 1_000,
        batchEntriesMax: 100,
        automaticResync: false,
        flushAfterMs: Array.from({ length: nodes }, () => 0),
        ...settings,
      },
      new Random(2),
    );
  }

  async open(): Promise<void> {
    const started = this.world.startBalancer();
    await this.pass(3_000);
    await started;
    this.#firstLeader = this.leadership.name;
  }

  get balancer(): SimBalancer {
    const { balancer } = this.world;
    if (!balancer) throw new Error('the balancer does not run');
    return balancer;
  }

  get leadership(): Leadership {
    const { leadership } = this.balancer.replicator;
    if (!leadership) throw new Error('there is no leader');
    return leadership;
  }

  get leader(): SimServer {
    return this.world.servers.find(({ name }) => name === this.leadership.name)!;
  }

  get followers(): readonly SimServer[] {
    return this.world.servers.filter(({ name }) => name !== this.leadership.name);
  }

  say(text: string): void {
    this.transcript.push(text);
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    await this.world.clock.advance(ms);
    if (this.world.violation) throw this.world.violation;
  }

  /** What came of it, after as much time as it needs. */
  async after<T>(work: Promise<T>, limitMs = 20_000): Promise<T> {
    const state = { done: false };
    const end = (): void => {
      state.done = true;
    };
    work.then(end, end);
    for (let left = limitMs; !state.done && left > 0; left--) await this.world.clock.advance(1);
    if (!state.done) throw new Error('it does not end');
    return work;
  }

  /** A transaction on a connection of its own to the leader. */
  async actor(options: { serializable?: boolean } = {}): Promise<Actor> {
    const { replicator, nodes } = this.balancer;
    const { leadership } = this;
    const connection = await this.after(nodes.get(leadership.name)!.take());
    const lane = new SimLane(connection, options);
    const commands: ReturnType<typeof commandOf>[] = [];
    return {
      connection,
      lane,
      run: async (sql) => {
        const answer = await lane.run(sql);
        if (answer.kind === 'error') throw new Error(`error ${answer.errno}`);
        commands.push(commandOf(sql, answer.affectedRows));
      },
      commit: async () => {
        const { lastCommitSent: lastCommitted } = replicator;
        const draft = { kind: 'transaction' as const, lastCommitted, commands };
        const outcome = await replicator.commit(leadership, draft, lane);
        if (outcome.kind === 'committed') this.world.acknowledge(outcome.seq, []);
        return outcome;
      },
    };
  }

  /** One write as a whole. */
  async write(sql: string): Promise<Seq> {
    const actor = await this.actor();
    await this.after(actor.run(sql));
    const outcome = await this.after(actor.commit());
    if (outcome.kind !== 'committed') throw new Error(`${sql} is ${outcome.kind}`);
    this.balancer.nodes.get(this.leadership.name)?.give(actor.connection);
    return outcome.seq;
  }

  /** The data of a server, its lists written out. */
  contents(server: SimServer): string {
    return server.store
      .data()
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}=${key.startsWith('l') ? lists.tokensOf(value).join() : value}`)
      .join(' ');
  }

  /** Adds what each node holds and how it fares, the one that led at the opening first. */
  sayNodes(): void {
    const led = (server: SimServer): boolean => server.name === this.#firstLeader;
    for (const server of this.world.servers.toSorted((a, b) => Number(led(b)) - Number(led(a)))) {
      const node = [...this.balancer.nodes.values()].find(({ name }) => name === server.name);
      const role = led(server) ? 'leader' : 'follower';
      this.say(`first a ${role}, now ${node?.state}: ${this.contents(server)}`);
    }
  }

  close(): void {
    this.world.crashBalancer(false);
  }
}

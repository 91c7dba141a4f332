import type { Connection } from 'mysql2/promise';
import { vi } from 'vitest';
import type { Engine } from '../../src/demo/engine.ts';
import { startBalancer, type TestBalancer } from './balancer.ts';
import { connectTo, expectEqualNodes, startServers, type TestServers } from './cluster.ts';
import { doneOn, hotTables, writeAtRandom } from './random-writes.ts';

const clientCount = 12;
const stepsEach = 40;

/** Rounds of random transactions over few rows, while a node is killed and comes back. */
export class RandomRounds {
  readonly #engine: Engine;
  readonly #clients: Connection[] = [];
  #servers!: TestServers;
  #lockstep!: TestBalancer;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async open(): Promise<void> {
    this.#servers = await startServers({
      engine: this.#engine,
      count: 3,
      extraArguments: ['--innodb-lock-wait-timeout=3'],
    });
    this.#lockstep = await startBalancer(this.#servers);
    await this.#allInSync();
    for (let who = 0; who < clientCount; who++) {
      this.#clients.push(await connectTo(this.#lockstep, { database: 'app' }));
    }
    for (const sql of hotTables) await this.#clients[0]?.query(sql);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.#lockstep?.close();
    await this.#servers?.close();
  }

  /** Returns how many transactions were acknowledged; throws if one is lost or nodes differ. */
  async round(options: {
    seed: number;
    killed: 'leader' | 'follower' | undefined;
  }): Promise<number> {
    const { seed, killed } = options;
    const [first] = this.#clients;
    if (!first) throw new Error('there are no clients');
    await first.query('DELETE FROM done');
    const work = Promise.all(
      this.#clients.map((client, who) => writeAtRandom(client, { who, seed, rounds: stepsEach })),
    );
    work.catch(() => {});
    if (killed !== undefined) await this.#killAndReturn(killed, seed);
    const acknowledged = (await work).flat();
    await this.#allInSync();
    await expectEqualNodes(this.#servers.servers);
    const done = await doneOn(first);
    const lost = acknowledged.filter((mark) => !done.has(mark));
    if (lost.length > 0) throw new Error(`acknowledged and not there: ${lost.join(' ')}`);
    if (done.size > acknowledged.length) throw new Error('there is what was rolled back');
    return acknowledged.length;
  }

  async #killAndReturn(killed: 'leader' | 'follower', seed: number): Promise<void> {
    const { control } = this.#lockstep.balancer;
    const before = control.status().lastSeq;
    await vi.waitUntil(() => control.status().lastSeq > before + 20, { timeout: 60_000 });
    const { leader } = control.status();
    const fitting = this.#servers.servers.filter(
      ({ name }) => (name === leader) === (killed === 'leader'),
    );
    const victim = fitting[seed % fitting.length];
    await victim?.kill();
    await vi.waitUntil(() => control.node(victim?.name ?? '').state !== 'UP', { timeout: 60_000 });
    await victim?.start();
  }

  async #allInSync(): Promise<void> {
    const { control } = this.#lockstep.balancer;
    await vi.waitUntil(
      () =>
        control.nodes().every(({ inSync, state, pending }) => inSync && state === 'UP' && !pending),
      { timeout: 60_000, interval: 10 },
    );
  }
}

import type { RowDataPacket } from 'mysql2/promise';
import { vi } from 'vitest';
import type { Acks } from '../../../src/replication/acknowledgements.ts';
import type { Engine } from '../../../src/demo/engine.ts';
import { expectEqualNodes } from '../../../src/demo/checksums.ts';
import { connectTo } from '../../../src/demo/connect.ts';
import type { LocalServer } from '../../../src/demo/local-server.ts';
import { strategyNames } from '../../../src/config/strategy-name.ts';
import { startBalancer, type TestBalancer } from '../balancer.ts';
import { workers } from '../load.ts';
import { randomFrom } from '../random-writes.ts';
import { startServers, type TestServers } from '../servers.ts';
import { bankTables, BankWorkload } from './bank-workload.ts';
import { checkHistory, type Promised } from './check-history.ts';
import { IsolationClient } from './client.ts';
import type { Anomaly } from './history.ts';
import { listTable, ListWorkload, valuesOf } from './list-workload.ts';

export interface Setting {
  readonly consistency: 'session' | 'strong';
  readonly acks: Acks;
}

export interface Round {
  readonly seed: number;
  readonly isolation: Promised['isolation'];
  /** Who is killed in the middle and comes back. */
  readonly killed?: 'leader' | 'follower' | undefined;
  /** At least so many, of lists and of the bank together. */
  readonly transactions: number;
}

export interface RoundReport {
  readonly anomalies: readonly Anomaly[];
  readonly bankViolations: readonly string[];
  readonly transactions: number;
  /** Of the lists: those of them that committed. */
  readonly committed: number;
  /** Of the clients, each in the middle of an answer. */
  readonly lostConnections: number;
}

const clientsMax = 12;
const listsMax = 8;
const deadlineMs = 60_000;

/** Also outside of a test, unlike what the tests themselves use. */
const until = (condition: () => boolean): Promise<boolean> =>
  vi.waitUntil(condition, { timeout: deadlineMs, interval: 10 });

/** Three nodes and a balancer, and rounds of clients whose histories are checked. */
export class IsolationLab {
  readonly #engine: Engine;
  #servers!: TestServers;
  #lockstep!: TestBalancer;
  #setting: Setting = { consistency: 'session', acks: 'all' };
  #rounds = 0;
  #values = 0;
  #sessions = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async open(setting: Setting): Promise<void> {
    this.#setting = setting;
    this.#servers = await startServers({
      engine: this.#engine,
      count: 3,
      extraArguments: ['--innodb-lock-wait-timeout=2'],
    });
    this.#lockstep = await startBalancer(this.#servers, {
      ...setting,
      logLevel: 'error',
      // On a busy machine a node may be late without anything being wrong.
      syncTimeoutMs: 5_000,
      noNodeTimeoutMs: 30_000,
    });
    await this.#allInSync();
    const client = await connectTo(this.#lockstep, { database: 'app' });
    for (const sql of [listTable, ...bankTables]) await client.query(sql);
    await client.end();
  }

  async close(): Promise<void> {
    await this.#lockstep?.close();
    await this.#servers?.close();
  }

  /** The same data under another setting. */
  async change(setting: Setting): Promise<void> {
    const { consistency, acks } = this.#setting;
    if (setting.consistency === consistency && setting.acks === acks) return;
    this.#setting = setting;
    await this.#lockstep.restartWith((config) => ({ ...config, ...setting }));
    await this.#allInSync();
  }

  async round(round: Round): Promise<RoundReport> {
    const pick = randomFrom(round.seed);
    const first = ++this.#rounds * 100;
    const lists = new ListWorkload({
      lists: Array.from({ length: listsMax }, (_, index) => first + index),
      pick,
      nextValue: () => ++this.#values,
    });
    const bank = new BankWorkload({ pick, serializable: round.isolation === 'serializable' });
    const clients = await this.#clients(round.isolation);
    try {
      const load = workers(clients.length, (who) => {
        const client = clients[who] as IsolationClient;
        return pick(4) > 0 ? lists.step(client) : bank.step(client);
      });
      await this.#disturb(round, async (share) => {
        await until(() => load.failed || load.done >= round.transactions * share);
      });
      await load.stop();
      await this.#allInSync();
      const { transactions } = lists;
      const history = { transactions, final: await this.#finalLists(lists.lists) };
      const { consistency } = this.#setting;
      return {
        anomalies: checkHistory(history, { isolation: round.isolation, consistency }),
        bankViolations: bank.violations,
        transactions: load.done,
        committed: transactions.filter(({ outcome }) => outcome === 'committed').length,
        lostConnections: clients.reduce((sum, { lost }) => sum + lost, 0),
      };
    } finally {
      for (const client of clients) client.close();
    }
  }

  /** Throws an error that says how, if they are not. */
  expectEqualNodes(): Promise<void> {
    return expectEqualNodes(this.#servers.servers);
  }

  /** Lets the round go on in three parts, with whatever is to happen between them. */
  async #disturb(round: Round, done: (share: number) => Promise<void>): Promise<void> {
    const { control } = this.#lockstep.balancer;
    const swap = async (): Promise<void> => {
      const at = strategyNames.indexOf(control.strategy().name);
      const strategy = strategyNames[(at + 1) % strategyNames.length] ?? 'round_robin';
      await control.settings.change({ strategy }, 'test');
    };
    await done(1 / 3);
    await swap();
    const victim = round.killed === undefined ? undefined : this.#victim(round);
    await victim?.kill();
    await done(2 / 3);
    await swap();
    if (victim) {
      await victim.start();
      await until(() => control.node(victim.name).state === 'UP');
    }
    await done(1);
  }

  #victim(round: Round): LocalServer {
    const { leader } = this.#lockstep.balancer.control.status();
    const fits = ({ name }: LocalServer): boolean =>
      (name === leader) === (round.killed === 'leader');
    const found = this.#servers.servers.filter(fits).at(round.seed % 2 === 0 ? 0 : -1);
    if (!found) throw new Error(`there is no ${round.killed} to kill`);
    return found;
  }

  #clients(isolation: Promised['isolation']): Promise<IsolationClient[]> {
    const level = isolation === 'serializable' ? 'SERIALIZABLE' : 'REPEATABLE READ';
    const connect = async () => {
      const connection = await connectTo(this.#lockstep, { database: 'app' });
      await connection.query(`SET SESSION TRANSACTION ISOLATION LEVEL ${level}`);
      return connection;
    };
    return Promise.all(
      Array.from({ length: clientsMax }, () =>
        IsolationClient.open(connect, () => ++this.#sessions),
      ),
    );
  }

  async #allInSync(): Promise<void> {
    const { control } = this.#lockstep.balancer;
    await until(() =>
      control.nodes().every(({ inSync, state, pending }) => inSync && state === 'UP' && !pending),
    );
  }

  /** As one node holds them; that all hold the same is looked at apart. */
  async #finalLists(lists: readonly number[]): Promise<Map<number, number[]>> {
    const [server] = this.#servers.servers;
    if (!server) throw new Error('there are no servers');
    const direct = await connectTo(server, { user: 'root', database: 'app' });
    try {
      const [rows] = await direct.query<RowDataPacket[]>(
        'SELECT id, val FROM lists WHERE id IN (?)',
        [lists],
      );
      return new Map(rows.map((row) => [Number(row['id']), valuesOf(row['val'])]));
    } finally {
      direct.destroy();
    }
  }
}

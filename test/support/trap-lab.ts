import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { vi } from 'vitest';
import { nodeName } from '../../src/base/brands.ts';
import type { Config } from '../../src/config/config.ts';
import { expectEqualNodes } from '../../src/demo/checksums.ts';
import { connectTo } from '../../src/demo/connect.ts';
import type { Engine } from '../../src/demo/engine.ts';
import type { LocalServer } from '../../src/demo/local-server.ts';
import { startBalancer, type TestBalancer } from './balancer.ts';
import { FaultProxy } from './fault-proxy.ts';
import { startServers, type TestServers } from './servers.ts';

const deadlineMs = 60_000;
/** InnoDB lists its transactions from a cache until nobody has asked for 100 ms. */
const innodbCacheMs = 150;

/** Three nodes, each behind a proxy of its own, and a balancer, for traps set at exact moments. */
export class TrapLab {
  readonly #engine: Engine;
  readonly #overrides: Partial<Config>;
  readonly #connections: Connection[] = [];
  readonly #proxies: FaultProxy[] = [];
  #servers!: TestServers;
  #lockstep!: TestBalancer;

  constructor(engine: Engine, overrides: Partial<Config> = {}) {
    this.#engine = engine;
    this.#overrides = overrides;
  }

  async open(): Promise<void> {
    this.#servers = await startServers({
      engine: this.#engine,
      count: 3,
      extraArguments: ['--innodb-lock-wait-timeout=1'],
    });
    for (const { port } of this.#servers.servers) this.#proxies.push(await FaultProxy.open(port));
    const account = { host: '127.0.0.1', user: 'root', password: 'root', weight: 1 };
    this.#lockstep = await startBalancer(this.#servers, {
      ...this.#overrides,
      nodes: this.#servers.servers.map(({ name }, index) =>
        Object.assign({ name: nodeName(name), port: this.#proxies[index]?.port ?? 0 }, account),
      ),
    });
    await this.settled();
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await this.#lockstep?.close();
    for (const proxy of this.#proxies) await proxy.close();
    await this.#servers?.close();
  }

  get control() {
    return this.#lockstep.balancer.control;
  }

  get port(): number {
    return this.#lockstep.port;
  }

  async client(): Promise<Connection> {
    const connection = await connectTo(this.#lockstep, { database: 'app' });
    this.#connections.push(connection);
    return connection;
  }

  /** A connection past Lockstep, as root. */
  async direct(server: LocalServer): Promise<Connection> {
    const connection = await connectTo(server, { user: 'root', database: 'app' });
    this.#connections.push(connection);
    return connection;
  }

  get leader(): LocalServer {
    return this.#server(({ name }) => name === this.control.status().leader);
  }

  get followers(): LocalServer[] {
    return this.#servers.servers.filter(({ name }) => name !== this.control.status().leader);
  }

  get follower(): LocalServer {
    return this.#server(({ name }) => name !== this.control.status().leader);
  }

  proxyOf(server: LocalServer): FaultProxy {
    const proxy = this.#proxies[this.#servers.servers.indexOf(server)];
    if (!proxy) throw new Error(`${server.name} has no proxy`);
    return proxy;
  }

  #server(fits: (server: LocalServer) => boolean): LocalServer {
    const found = this.#servers.servers.find(fits);
    if (!found) throw new Error('there is no such server');
    return found;
  }

  /** Kills the connections of Lockstep that have a transaction in this state on a server. */
  async killTransactions(direct: Connection, state = 'RUNNING'): Promise<void> {
    await delay(innodbCacheMs);
    const [rows] = await direct.query<RowDataPacket[]>(
      'SELECT t.trx_mysql_thread_id AS id FROM information_schema.INNODB_TRX t ' +
        'JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id ' +
        'WHERE p.ID <> CONNECTION_ID() AND t.trx_state = ?',
      [state],
    );
    if (rows.length === 0) throw new Error('there is no transaction to kill');
    for (const { id } of rows) await direct.query(`KILL ${id}`);
    await vi.waitUntil(async () => (await this.#alive(direct, rows)) === 0, deadlineMs);
  }

  async #alive(direct: Connection, rows: readonly RowDataPacket[]): Promise<number> {
    const [alive] = await direct.query<RowDataPacket[]>(
      'SELECT ID FROM information_schema.PROCESSLIST WHERE ID IN (?)',
      [rows.map(({ id }) => Number(id))],
    );
    return alive.length;
  }

  /** Every node serves, and has every entry. */
  async settled(): Promise<void> {
    const ready = (): boolean =>
      this.control
        .nodes()
        .every(({ inSync, state, pending }) => inSync && state === 'UP' && pending === 0);
    await vi.waitUntil(ready, { timeout: deadlineMs, interval: 10 });
  }

  /** As `settled`, and all hold the same. */
  async equal(): Promise<void> {
    await this.settled();
    await expectEqualNodes(this.#servers.servers);
  }

  /** What the log has from an entry on, as text. */
  async logged(after: number): Promise<string[]> {
    const { entries } = await this.control.log({ after, limit: 100 });
    return entries.flatMap(({ commands }) => commands.map(({ sql }) => sql));
  }
}

import assert from 'node:assert/strict';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { vi } from 'vitest';
import type { Engine } from '../../src/demo/engine.ts';
import { startBalancer, type TestBalancer, untilAllUp } from './balancer.ts';
import { connectTo, expectEqualNodes, startServers, type TestServers } from './cluster.ts';
import { assaults, attack } from './hostile-clients.ts';

const atOnce = 16;

/** A balancer over two servers under clients that send what no client should. */
export class Siege implements AsyncDisposable {
  readonly servers: TestServers;
  readonly lockstep: TestBalancer;
  readonly #tokens: string[] = [];

  private constructor(servers: TestServers, lockstep: TestBalancer) {
    this.servers = servers;
    this.lockstep = lockstep;
  }

  static async begin(engine: Engine): Promise<Siege> {
    const servers = await startServers({ engine, count: 2 });
    const lockstep = await startBalancer(servers, {
      mysql: { host: '127.0.0.1', port: 0, proxyProtocolNetworks: '127.0.0.1' },
      users: ['app', 'root'].map((name) => ({ name, password: name })),
    });
    await untilAllUp(lockstep);
    const client = await connectTo(lockstep, { user: 'root', database: 'app' });
    await client.query('CREATE TABLE canary (token VARCHAR(20) PRIMARY KEY)');
    await client.end();
    return new Siege(servers, lockstep);
  }

  /** Then nothing is left of it: no session, no transaction; and others are served rightly. */
  async round(seed: number, count: number): Promise<void> {
    const all = assaults(seed, count);
    for (let from = 0; from < all.length; from += atOnce) {
      const told = await Promise.all(
        all.slice(from, from + atOnce).map((assault) => attack(this.lockstep.port, assault)),
      );
      const defects = told.filter((bytes) => bytes.includes('Lockstep: internal error'));
      assert.deepEqual(defects, [], `seed ${seed}, from ${from}`);
    }
    await this.#canary(`${seed}`);
    await this.#untilGone();
  }

  async #canary(token: string): Promise<void> {
    const client = await connectTo(this.lockstep, { user: 'root', database: 'app' });
    await client.query('INSERT INTO canary VALUES (?)', [token]);
    this.#tokens.push(token);
    const [rows] = await client.query<RowDataPacket[]>('SELECT token FROM canary');
    const there = new Set(rows.map((row) => String(row['token'])));
    assert.deepEqual(there, new Set(this.#tokens));
    const [[state]] = await client.query<RowDataPacket[]>(
      'SELECT LAST_INSERT_ID() AS id, @a AS a, DATABASE() AS db, @@autocommit AS autocommit',
    );
    assert.deepEqual({ ...state }, { id: 0, a: null, db: 'app', autocommit: 1 });
    await client.end();
  }

  async #untilGone(): Promise<void> {
    const { control } = this.lockstep.balancer;
    const sessions = (): number => control.status().sessions;
    await vi.waitUntil(() => sessions() === 0, { timeout: 20_000, interval: 20 });
    for (const server of this.servers.servers) {
      const root = await connectTo(server, { user: 'root' });
      await vi.waitUntil(async () => (await openTransactions(root)) === 0, 20_000);
      await root.end();
    }
  }

  async end(): Promise<void> {
    for (const server of this.servers.servers) {
      const root = await connectTo(server, { user: 'root' });
      const [[open]] = await root.query<RowDataPacket[]>(
        "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE USER = 'app'",
      );
      const { connectionsPerNode } = this.lockstep.config.limits;
      assert.ok(Number(open?.['n']) <= connectionsPerNode);
      await root.end();
    }
    await untilAllUp(this.lockstep);
    await expectEqualNodes(this.servers.servers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lockstep.close();
    await this.servers.close();
  }
}

async function openTransactions(root: Connection): Promise<number> {
  const [[row]] = await root.query<RowDataPacket[]>(
    'SELECT COUNT(*) AS n FROM information_schema.INNODB_TRX t ' +
      'JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id ' +
      "WHERE p.USER = 'app'",
  );
  return Number(row?.['n']);
}

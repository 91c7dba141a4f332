import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { type BalancerProcess, prepareBalancerProcess } from '../support/balancer-process.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { extended } from '../support/extended.ts';
import { until } from '../support/load.ts';

const rows = 100_000;
const rowsAStatement = 5000;

/** Big enough that an ALTER which copies it takes a while. */
async function fillBigTable(client: Connection): Promise<void> {
  await client.query('CREATE TABLE big (id INT PRIMARY KEY, n INT, filler VARCHAR(200))');
  for (let from = 0; from < rows; from += rowsAStatement) {
    const values = Array.from({ length: rowsAStatement }, (_, index) => {
      return `(${from + index}, ${index}, REPEAT('x', 100))`;
    });
    await client.query(`INSERT INTO big VALUES ${values.join(',')}`);
  }
}

/** Ids of the server's connections that run an ALTER, asked of the server itself. */
async function altering(server: { readonly port: number }): Promise<number[]> {
  const root = await connectTo(server, { user: 'root' });
  const [found] = await root.query('SHOW PROCESSLIST');
  root.destroy();
  return (found as { Id: number; Info: string | null }[])
    .filter(({ Info }) => Info?.startsWith('ALTER TABLE big'))
    .map(({ Id }) => Id);
}

const equal = (servers: TestServers): Promise<void> =>
  until(() =>
    expectEqualNodes(servers.servers).then(
      () => true,
      () => false,
    ),
  );

describe.each(engines())('DDL and a crash in the middle of it, $name', extended, (engine) => {
  let servers: TestServers;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
  });

  afterAll(async () => {
    await servers?.close();
  });

  describe('of the leader', () => {
    let lockstep: TestBalancer;
    let client: Connection;

    beforeAll(async () => {
      lockstep = await startBalancer(servers, {
        health: { ...defaultConfig.health, intervalMs: 1000 },
      });
      client = await connectTo(lockstep, { database: 'app' });
      await fillBigTable(client);
    });

    afterAll(async () => {
      await client?.end();
      await lockstep?.close();
    });

    const leader = () => {
      const name = lockstep.balancer.control.status().leader;
      const server = servers.servers.find((candidate) => candidate.name === name);
      if (!server) throw new Error('there is no leader');
      return server;
    };
    const stateOf = (name: string) => lockstep.balancer.control.node(name).state;

    test.each([0, 150, 400])('kill -9, %i ms into an ALTER', { timeout: 90_000 }, async (ms) => {
      const server = leader();
      const column = `after_${ms}`;
      const altered = client.query(
        `ALTER TABLE big ADD COLUMN ${column} INT DEFAULT 7, ALGORITHM=COPY`,
      );
      await until(async () => (await altering(server)).length > 0);
      // Crashes come at no particular moment.
      await delay(ms);
      await server.kill();
      await altered;
      await client.query(`UPDATE big SET ${column} = 8 WHERE id = ${ms}`);
      await server.start();
      await until(() => stateOf(server.name) === 'UP');
      await expectEqualNodes(servers.servers);
    });

    test('its connection is killed by its server in the middle of an ALTER', async () => {
      const server = leader();
      const altered = client.query('ALTER TABLE big ADD COLUMN killed INT, ALGORITHM=COPY');
      await until(async () => (await altering(server)).length > 0);
      const root = await connectTo(server, { user: 'root' });
      for (const id of await altering(server)) await root.query(`KILL ${id}`);
      root.destroy();
      await altered;
      await client.query('UPDATE big SET killed = 1 WHERE id = 1');
      await until(() => servers.servers.every(({ name }) => stateOf(name) === 'UP'));
      await expectEqualNodes(servers.servers);
    });
  });

  describe('of the balancer', () => {
    let balancer: BalancerProcess;
    const fresh = async (): Promise<Connection> => {
      const client = await connectTo(balancer, { database: 'app' });
      client.on('error', () => {});
      return client;
    };

    beforeAll(async () => {
      // Another cluster on the same servers: what the first one left on them goes.
      for (const server of servers.servers) {
        const root = await connectTo(server, { user: 'root' });
        await root.query('DROP DATABASE lockstep');
        await root.end();
      }
      balancer = await prepareBalancerProcess(servers, ['health: { interval: 1s }']);
      await balancer.start();
      const client = await fresh();
      await client.query('CREATE TABLE one (id INT PRIMARY KEY)');
      await client.query('CREATE TABLE two (id INT PRIMARY KEY)');
      await client.query('INSERT INTO one VALUES (1), (2)');
      await client.end();
    });

    afterAll(() => balancer?.close());

    test.each([
      ['ALTER TABLE big ADD COLUMN c1 INT DEFAULT 1, ALGORITHM=COPY', 30],
      ['ALTER TABLE big ADD COLUMN c2 INT DEFAULT 1, ALGORITHM=COPY', 300],
      ['CREATE TABLE three (id INT PRIMARY KEY)', 3],
      ['CREATE TABLE four (id INT PRIMARY KEY)', 12],
      ['RENAME TABLE one TO uno, two TO dos', 5],
      ['ALTER TABLE big DROP COLUMN n, ALGORITHM=COPY', 700],
      ['DROP TABLE big', 8],
    ])('kill -9 in the middle of %s', { timeout: 90_000 }, async (sql, ms) => {
      const client = await fresh();
      const answered = client.query(sql).then(
        () => true,
        () => false,
      );
      await delay(ms);
      await balancer.kill();
      await answered;
      client.destroy();
      await balancer.start();
      const after = await fresh();
      await after.query(`CREATE TABLE after_${ms} (id INT PRIMARY KEY)`);
      await after.query(`INSERT INTO after_${ms} VALUES (1)`);
      await after.end();
      await equal(servers);
    });
  });
});

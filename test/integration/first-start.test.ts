import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, expect, test } from 'vitest';
import { nodeName } from '../../src/base/brands.ts';
import { LockstepError } from '../../src/base/errors.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';
import { describeAlike, extended } from '../support/extended.ts';

describeAlike('the first start of a cluster', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer | undefined;

  afterEach(async () => {
    await lockstep?.close();
    lockstep = undefined;
    await servers?.close();
  });

  /** Runs statements on the first server, the second … as their owner would. */
  const prepare = async (...statements: readonly (readonly string[])[]): Promise<void> => {
    servers = await startServers({ engine, count: statements.length });
    for (const [index, list] of statements.entries()) await on(index, list);
  };
  const on = async (index: number, statements: readonly string[]): Promise<void> => {
    const server = servers.servers[index];
    if (!server) throw new Error(`no server ${index}`);
    const root = await connectTo(server, { user: 'root', database: 'app' });
    for (const sql of statements) await root.query(sql);
    await root.end();
  };
  const untilState = (name: string, state: string): Promise<void> => {
    const found = (): string => {
      const node = lockstep?.balancer.control.node(name);
      return node?.state === state ? state : `${node?.state}: ${node?.reason}`;
    };
    return expect.poll(found, { timeout: 30_000, interval: 20 }).toBe(state);
  };
  const refusal = async (): Promise<LockstepError> => {
    try {
      lockstep = await startBalancer(servers);
    } catch (error) {
      if (error instanceof LockstepError) return error;
      throw error;
    }
    throw new Error('it started');
  };

  const users = ['CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(20))'];
  const two = [...users, "INSERT INTO users VALUES (1, 'Ada'), (2, 'Grace')"];

  test('nodes that hold the same data begin together', async () => {
    await prepare(two, two, [...two, 'ANALYZE TABLE users']);
    lockstep = await startBalancer(servers);
    for (const name of ['mysql1', 'mysql2', 'mysql3']) await untilState(name, 'UP');
    const client = await connectTo({ port: lockstep.port }, { database: 'app' });
    await client.query("INSERT INTO users VALUES (3, 'Edsger')");
    await client.end();
    await expectEqualNodes(servers.servers);
  });

  test('nodes that differ are refused with what differs, and nothing is changed', async () => {
    const other = [...users, "INSERT INTO users VALUES (1, 'Ada'), (2, 'Alan')"];
    await prepare(two, other, [...two, 'CREATE TABLE extra (id INT PRIMARY KEY)']);
    const error = await refusal();
    expect(error.code).toBe('nodes_differ');
    expect(error.message).toMatch(/app\.users +2 rows \(\w+\) +2 rows \(\w+\) +2 rows \(\w+\)/);
    expect(error.message).toMatch(/app\.extra +missing +missing +0 rows/);
    expect(error.remedy).toContain('--source');
    const root = await connectTo(servers.servers[1] ?? { port: 0 }, { user: 'root' });
    const [rows] = await root.query<RowDataPacket[]>('SELECT name FROM app.users WHERE id = 2');
    expect(rows).toEqual([{ name: 'Alan' }]);
    await root.end();
  });

  test('a trigger that only one node has is a difference', extended, async () => {
    const trigger = 'CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW SET NEW.id = NEW.id + 0';
    await prepare(two, [...two, trigger]);
    const error = await refusal();
    expect(error.message).toMatch(/app\.t \(trigger\) +missing +\w+/);
  });

  test('with a source named the others become copies of it', async () => {
    await prepare([], two, [
      ...users,
      "INSERT INTO users VALUES (9, 'Linus')",
      'CREATE DATABASE other',
    ]);
    lockstep = await startBalancer(servers, { initialSource: nodeName('mysql2') });
    const client = await connectTo({ port: lockstep.port }, { database: 'app' });
    await client.query("INSERT INTO users VALUES (3, 'Edsger')");
    const [rows] = await client.query<RowDataPacket[]>('SELECT id FROM users ORDER BY id');
    expect(rows.map((row) => row['id'])).toEqual([1, 2, 3]);
    await client.end();
    for (const name of ['mysql1', 'mysql2', 'mysql3']) await untilState(name, 'UP');
    await expectEqualNodes(servers.servers);
  });

  test('a source that does not answer stops the start', extended, async () => {
    await prepare(two, []);
    await servers.servers[0]?.stop();
    const starting = startBalancer(servers, { initialSource: nodeName('mysql1') });
    await expect(starting).rejects.toMatchObject({ code: 'no_node' });
  });

  test('a node that comes later is compared while nothing has been written', extended, async () => {
    await prepare(two, two, users);
    await servers.servers[1]?.stop();
    await servers.servers[2]?.stop();
    lockstep = await startBalancer(servers);
    await untilState('mysql1', 'UP');
    await servers.servers[1]?.start();
    await untilState('mysql2', 'UP');
    await servers.servers[2]?.start();
    await untilState('mysql3', 'QUARANTINED');
    const { control } = lockstep.balancer;
    expect(control.node('mysql3').reason).toMatch(/app\.users.*lockstep nodes resync mysql3/);
    await control.resync('mysql3');
    await untilState('mysql3', 'UP');
    await expectEqualNodes(servers.servers);
  });

  test('verify names the node that was written to behind the balancer', extended, async () => {
    await prepare(two, two, two);
    lockstep = await startBalancer(servers);
    for (const name of ['mysql1', 'mysql2', 'mysql3']) await untilState(name, 'UP');
    const clients = await Promise.all(
      Array.from({ length: 4 }, () =>
        connectTo({ port: lockstep?.port ?? 0 }, { database: 'app' }),
      ),
    );
    const load = { running: true, id: 100 };
    const writers = clients.map(async (client) => {
      while (load.running) await client.query(`INSERT INTO users VALUES (${load.id++}, 'x')`);
    });
    const { control } = lockstep.balancer;
    for (let round = 0; round < 5; round++) {
      const before = control.status().lastSeq;
      const report = await control.verify();
      expect(report.tables.filter(({ equal }) => !equal)).toEqual([]);
      expect(report.seq).toBeGreaterThanOrEqual(before);
    }
    await on(1, ["UPDATE users SET name = 'Eve' WHERE id = 1", 'CREATE VIEW v AS SELECT 1 AS n']);
    const report = await control.verify();
    load.running = false;
    await Promise.all(writers);
    await Promise.all(clients.map((client) => client.end()));
    expect(report.equal).toBe(false);
    expect(
      report.tables
        .filter(({ equal }) => !equal)
        .map(({ schema, table, differing }) => [`${schema}.${table}`, differing]),
    ).toEqual([
      ['app.users', ['mysql2']],
      ['app.v (view)', ['mysql2']],
    ]);
  });
});

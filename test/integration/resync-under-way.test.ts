import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterEach, expect, test } from 'vitest';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';
import { describeAlike, extended } from '../support/extended.ts';

describeAlike('while a node is being copied', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  const clients: Connection[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  const client = async (): Promise<Connection> => {
    const connection = await connectTo({ port: lockstep.port }, { database: 'app' });
    connection.on('error', () => {});
    clients.push(connection);
    return connection;
  };
  const untilState = (name: string, state: string): Promise<void> => {
    const found = (): string => {
      const node = lockstep.balancer.control.node(name);
      return node.state === state ? state : `${node.state}: ${node.reason}`;
    };
    return expect.poll(found, { timeout: 60_000, interval: 20 }).toBe(state);
  };

  /** Equal nodes with 200,000 rows, so that a copy takes a while. */
  const start = async (count: number): Promise<void> => {
    servers = await startServers({ engine, count });
    lockstep = await startBalancer(servers, { autoResync: false });
    for (const { name } of servers.servers) await untilState(name, 'UP');
    const writer = await client();
    await writer.query('CREATE TABLE big (id INT PRIMARY KEY, n INT, pad VARCHAR(100))');
    for (let from = 0; from < 200_000; from += 20_000) {
      const rows = Array.from({ length: 20_000 }, (_, index) => `(${from + index},0,'pad')`);
      await writer.query(`INSERT INTO big VALUES ${rows.join(',')}`);
    }
  };
  const phase = (name: string): string => lockstep.balancer.control.node(name).resync?.phase ?? '';
  const untilCopying = async (name: string): Promise<void> => {
    await expect.poll(() => phase(name), { interval: 2, timeout: 20_000 }).toBe('data');
  };
  const other = (): string =>
    lockstep.balancer.control.nodes().find((node) => !node.leader)?.name ?? '';

  test(
    'an open transaction on the leader, which is the source, holds nothing up',
    extended,
    async () => {
      await start(2);
      const slow = await client();
      await slow.query('BEGIN');
      await slow.query('UPDATE big SET n = 7 WHERE id = 1');
      const target = other();
      await lockstep.balancer.control.resync(target);
      await untilCopying(target);
      const quick = await client();
      await quick.query('UPDATE big SET n = 8 WHERE id = 2');
      await slow.query('COMMIT');
      const started = lockstep.balancer.control.events
        .since(0)
        .find((event) => event.kind === 'resync_started');
      expect(started && 'heldMs' in started ? started.heldMs : Infinity).toBeLessThan(100);
      await untilState(target, 'UP');
      await expectEqualNodes(servers.servers);
      const [rows] = await quick.query<RowDataPacket[]>('SELECT n FROM big WHERE id IN (1, 2)');
      expect(rows.map((row) => row['n'])).toEqual([7, 8]);
    },
  );

  test('DDL waits for the copy, other writes do not wait behind it', async () => {
    await start(3);
    const target = other();
    await lockstep.balancer.control.resync(target);
    await untilCopying(target);
    const [ddl, writer] = [await client(), await client()];
    const order: string[] = [];
    const altered = ddl.query('ALTER TABLE big ADD COLUMN extra INT').then(() => {
      order.push(`altered, ${phase(target)}`);
    });
    await writer.query('UPDATE big SET n = 1 WHERE id = 3');
    order.push('written');
    await altered;
    expect(order.join()).toMatch(/^written,altered, (?:done)?$/);
    await untilState(target, 'UP');
    await expectEqualNodes(servers.servers);
  });

  test('a balancer that is stopped leaves no node that looks whole', extended, async () => {
    await start(3);
    const target = other();
    await lockstep.balancer.control.resync(target);
    await untilCopying(target);
    await lockstep.restart();
    await untilState(target, 'QUARANTINED');
    expect(lockstep.balancer.control.node(target).reason).toMatch(/interrupted/);
    await lockstep.balancer.control.resync(target);
    await untilState(target, 'UP');
    await expectEqualNodes(servers.servers);
  });

  test('the leader itself can be filled anew: another one leads meanwhile', extended, async () => {
    await start(2);
    const leader = lockstep.balancer.control.status().leader ?? '';
    const writer = await client();
    await lockstep.balancer.control.resync(leader);
    await untilCopying(leader);
    await writer.query('UPDATE big SET n = 5 WHERE id = 5');
    expect(lockstep.balancer.control.status().leader).not.toBe(leader);
    await expect(lockstep.balancer.control.resync(leader)).rejects.toMatchObject({
      code: 'conflict',
    });
    await lockstep.balancer.control.disable(leader);
    // What is half a copy stays out, and is not to be enabled by mistake.
    expect(lockstep.balancer.control.node(leader).state).toBe('QUARANTINED');
    await lockstep.balancer.control.resync(leader);
    await untilState(leader, 'UP');
    await expectEqualNodes(servers.servers);
  });
});

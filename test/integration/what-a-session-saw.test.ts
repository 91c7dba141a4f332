import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, test } from 'vitest';
import { type Config, defaultConfig } from '../../src/config/config.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';
import { until } from '../support/load.ts';

// A follower that waits for a lock must not be found out by anything.
const patient = { ...defaultConfig.health, timeoutMs: 60_000, suspectAfterMs: 60_000 };
const longMs = 60_000;

describe.each(engines())('what a session saw it never sees less of, $name', (engine) => {
  let servers: TestServers | undefined;
  let lockstep: TestBalancer | undefined;
  let opened: Connection[] = [];

  afterEach(async () => {
    for (const connection of opened) connection.destroy();
    opened = [];
    await lockstep?.close();
    await servers?.close();
  });

  const session = async (): Promise<Connection> => {
    const connection = await connectTo(lockstep!, { database: 'app' });
    opened.push(connection);
    return connection;
  };
  /** Two nodes, of which the follower cannot apply what changes row 1. */
  const open = async (overrides: Partial<Config>): Promise<Connection> => {
    servers = await startServers({ engine, count: 2 });
    lockstep = await startBalancer(servers, {
      health: patient,
      syncTimeoutMs: longMs,
      ...overrides,
    });
    const { control } = lockstep.balancer;
    const allInSync = (): boolean =>
      control.nodes().every(({ inSync, pending }) => inSync && pending === 0);
    await until(allInSync);
    const writer = await session();
    await writer.query('CREATE TABLE t (id INT PRIMARY KEY, n INT)');
    await writer.query('INSERT INTO t VALUES (1, 0)');
    await until(allInSync);
    const follower = servers.servers.find(({ name }) => name !== control.status().leader);
    const holder = await connectTo(follower!, { database: 'app' });
    opened.push(holder);
    await holder.query('BEGIN');
    await holder.query('SELECT * FROM t WHERE id = 1 FOR UPDATE');
    return writer;
  };
  const valueSeenBy = async (reader: Connection): Promise<unknown> => {
    const [rows] = await reader.query<RowDataPacket[]>('SELECT n FROM t WHERE id = 1');
    return rows[0]?.['n'];
  };
  const valuesSeenBy = async (reader: Connection): Promise<unknown[]> => {
    const values: unknown[] = [];
    for (let left = 6; left > 0; left--) values.push(await valueSeenBy(reader));
    return values;
  };

  test('what a transaction read is there after it', async () => {
    const writer = await open({ acks: 'leader' });
    await writer.query('UPDATE t SET n = 1 WHERE id = 1');
    const reader = await session();
    await reader.query('BEGIN');
    expect(await valueSeenBy(reader)).toBe(1);
    await reader.query('COMMIT');
    expect(await valuesSeenBy(reader)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test('a row that refused a duplicate is there', async () => {
    const writer = await open({ acks: 'leader' });
    await writer.query('BEGIN');
    await writer.query('UPDATE t SET n = 1 WHERE id = 1');
    await writer.query('INSERT INTO t VALUES (2, 0)');
    await writer.query('COMMIT');
    const other = await session();
    await expect(other.query('INSERT INTO t VALUES (2, 5)')).rejects.toThrow(/Duplicate/);
    for (let left = 6; left > 0; left--) {
      const [rows] = await other.query<RowDataPacket[]>('SELECT id FROM t WHERE id = 2');
      expect(rows).toHaveLength(1);
    }
  });

  test('with strong consistency too, also what is not acknowledged yet', async () => {
    const writer = await open({ acks: 'all', consistency: 'strong' });
    // It ends with its connection.
    writer.query('UPDATE t SET n = 1 WHERE id = 1').catch(() => undefined);
    const reader = await session();
    await until(async () => (await valueSeenBy(reader)) === 1);
    expect(await valuesSeenBy(reader)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

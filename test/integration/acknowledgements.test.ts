import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { afterEach, expect, test } from 'vitest';
import { type Config, defaultConfig } from '../../src/config/config.ts';
import type { LocalServer } from '../../src/demo/local-server.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';
import { describeAlike, extended } from '../support/extended.ts';
import { until } from '../support/load.ts';

// A frozen server must not be found out by anything but what is tested here.
const patient = {
  ...defaultConfig.health,
  intervalMs: 500,
  timeoutMs: 60_000,
  suspectAfterMs: 60_000,
};
const longMs = 60_000;

describeAlike('when a write counts as done', (engine) => {
  let servers: TestServers | undefined;
  let lockstep: TestBalancer | undefined;
  let client: Connection | undefined;

  afterEach(async () => {
    client?.destroy();
    for (const server of servers?.servers ?? []) if (server.paused) server.resume();
    await lockstep?.close();
    await servers?.close();
  });

  const open = async (overrides: Partial<Config>): Promise<void> => {
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers, { health: patient, ...overrides });
    await until(() => inSync().length === 3);
    client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE t (id INT PRIMARY KEY)');
  };
  const write = async (id: number): Promise<void> => {
    await client?.query('INSERT INTO t VALUES (?)', [id]);
  };
  const statuses = () => lockstep?.balancer.control.nodes() ?? [];
  const inSync = (): string[] =>
    statuses()
      .filter((node) => node.inSync)
      .map(({ name }) => name);
  const followers = (): LocalServer[] => {
    const leader = lockstep?.balancer.control.status().leader;
    return (servers?.servers ?? []).filter(({ name }) => name !== leader);
  };
  const allEqual = async (): Promise<void> => {
    for (const server of followers()) if (server.paused) server.resume();
    await until(() => inSync().length === 3 && statuses().every(({ pending }) => pending === 0));
    await expectEqualNodes(servers?.servers ?? []);
  };
  /** Whether it ends although nothing more happens. */
  const endsWithin = (promise: Promise<void>, ms: number): Promise<boolean> =>
    Promise.race([promise.then(() => true), delay(ms, false)]);

  test('acks all: once every node in sync has it; one that does not answer drops out', async () => {
    await open({ acks: 'all', syncTimeoutMs: 3000 });
    const [frozen] = followers();
    await frozen?.pause();
    await write(1);
    expect(inSync()).not.toContain(frozen?.name);
    expect(inSync()).toHaveLength(2);
    await allEqual();
  });

  test('acks all: not before, as long as sync_timeout lasts', extended, async () => {
    await open({ acks: 'all', syncTimeoutMs: longMs });
    const [frozen] = followers();
    await frozen?.pause();
    const written = write(1);
    expect(await endsWithin(written, 700)).toBe(false);
    frozen?.resume();
    await written;
    await allEqual();
  });

  test('acks quorum: with one of three away, not with two', async () => {
    await open({ acks: 'quorum', syncTimeoutMs: longMs });
    const [first, second] = followers();
    await first?.pause();
    await write(1);
    expect(inSync()).toHaveLength(3);
    await second?.pause();
    const written = write(2);
    expect(await endsWithin(written, 700)).toBe(false);
    second?.resume();
    await written;
    await allEqual();
  });

  test('acks leader: with the leader alone', async () => {
    await open({ acks: 'leader', syncTimeoutMs: longMs });
    await Promise.all(followers().map((server) => server.pause()));
    await write(1);
    expect(inSync()).toHaveLength(3);
    await allEqual();
  });

  test('min_in_sync: writes are refused while fewer are there, reads are not', async () => {
    await open({ minInSync: 2, health: { ...patient, timeoutMs: 1000 }, noNodeTimeoutMs: 500 });
    await write(1);
    const gone = followers();
    await Promise.all(gone.map((server) => server.stop()));
    await until(() => inSync().length === 1);
    await expect(write(2)).rejects.toThrow(/in sync/);
    const [rows] = (await client?.query('SELECT id FROM t')) ?? [];
    expect(rows).toEqual([{ id: 1 }]);
    await gone[0]?.start();
    await until(() => inSync().length === 2);
    await write(3);
    await gone[1]?.start();
    await allEqual();
    const [after] = (await client?.query('SELECT id FROM t ORDER BY id')) ?? [];
    expect(after).toEqual([{ id: 1 }, { id: 3 }]);
  });
});

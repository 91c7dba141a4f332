import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { CommandOutcome, NodeStatus } from '../../src/http/balancer-control.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';
import { describeAlike } from '../support/extended.ts';
import { until } from '../support/load.ts';

describeAlike('what dies, when: every node', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    lockstep = await startBalancer(servers, { noNodeTimeoutMs: 300 });
    await untilAll((node) => node.inSync);
    await query('CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, note VARCHAR(20))');
    await query("INSERT INTO t (note) VALUES ('before')");
    await Promise.all(servers.servers.map((server) => server.kill()));
    await untilAll(({ state }) => state === 'DOWN');
  });

  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  const untilAll = (holds: (node: NodeStatus) => boolean): Promise<boolean> =>
    vi.waitUntil(() => lockstep.balancer.control.nodes().every(holds), 20_000);
  const at = (path: string): string => `http://127.0.0.1:${lockstep.balancer.httpPort}${path}`;
  const query = async (
    sql: string,
    options: { queue_when_down?: boolean } = {},
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(at('/query'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sql, schema: 'app', ...options }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const outcome = async (id: string): Promise<CommandOutcome> =>
    (await (await fetch(at(`/commands/${id}`))).json()) as CommandOutcome;

  test('every node: reads and writes are refused with what to do', async () => {
    for (const sql of ['SELECT note FROM t', "INSERT INTO t (note) VALUES ('lost')"]) {
      const { status, body } = await query(sql);
      expect(status).toBe(503);
      expect(body).toMatchObject({
        code: 'no_node',
        remedy: expect.stringContaining('lockstep nodes'),
      });
    }
    const client = await connectTo(lockstep);
    await expect(client.query('SELECT note FROM app.t')).rejects.toMatchObject({
      errno: 1105,
      sqlState: '08S01',
    });
    client.destroy();
  });

  test('readyz says so, healthz does not', async () => {
    expect((await fetch(at('/readyz'))).status).toBe(503);
    expect((await fetch(at('/healthz'))).status).toBe(200);
  });

  test('a read is never queued', async () => {
    expect((await query('SELECT note FROM t', { queue_when_down: true })).status).toBe(503);
  });

  test('every node, queue_when_down: 202, in order when one returns, once', async () => {
    const ids: string[] = [];
    const statements = [
      "INSERT INTO t (note) VALUES ('one')",
      "INSERT INTO t (note) VALUES ('two')",
      "UPDATE t SET note = CONCAT(note, '!') WHERE note = 'two'",
      'INSERT INTO nowhere VALUES (1)',
    ];
    for (const sql of statements) {
      const { status, body } = await query(sql, { queue_when_down: true });
      expect(status).toBe(202);
      ids.push(String(body['id']));
    }
    for (const id of ids) expect((await outcome(id)).state).toBe('queued');
    await lockstep.restartWith((config) => ({ ...config, queueWhenDown: true }));
    const later = await query("INSERT INTO t (note) VALUES ('three')");
    expect(later.status).toBe(202);
    ids.push(String(later.body['id']));
    for (const id of ids) expect((await outcome(id)).state).toBe('queued');
    await Promise.all(servers.servers.map((server) => server.start()));
    await until(async () => {
      const states = await Promise.all(ids.map(async (id) => (await outcome(id)).state));
      return states.every((state) => state !== 'queued');
    });
    const ends = await Promise.all(ids.map(outcome));
    expect(ends.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'failed', 'done']);
    expect(JSON.stringify(ends[3])).toContain('nowhere');
    await untilAll((node) => node.inSync);
    const { body } = await query('SELECT note FROM t ORDER BY id');
    expect(body).toMatchObject({ rows: [['before'], ['one'], ['two!'], ['three']] });
    await lockstep.restart();
    expect((await Promise.all(ids.map(outcome))).map(({ state }) => state)).toEqual(
      ends.map(({ state }) => state),
    );
    await untilAll((node) => node.inSync);
    expect((await query('SELECT COUNT(*) FROM t')).body).toMatchObject({ rows: [[4]] });
    await expectEqualNodes(servers.servers);
  });

  test('an id that was never given is not found', async () => {
    expect((await fetch(at('/commands/none'))).status).toBe(404);
  });
});

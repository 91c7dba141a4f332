import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, type TestContext } from 'vitest';
import { createBalancer } from '../../src/balancer.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';
import { describeAlike } from '../support/extended.ts';
import { until } from '../support/load.ts';
import { ThinDisk } from '../support/thin-disk.ts';

const clientCount = 8;
/** Bytes, so that no left-over block has room for it. */
const large = 60_000;
/** A refusal is an answer, not a wait. */
const answerWithinMs = 5_000;
const refusal = {
  errno: 1105,
  sqlState: '08S01',
  message: expect.stringMatching(/command log takes no writes: E[A-Z]+: /),
};

describeAlike('log disk full or failing', (engine) => {
  let disk: ThinDisk | string;
  let servers: TestServers;
  let lockstep: TestBalancer;
  let clients: Connection[] = [];
  const acknowledged = new Set<number>();
  let next = 0;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    lockstep = await startBalancer(servers, { noNodeTimeoutMs: 1000 });
    await connect();
    await run('CREATE TABLE t (id INT PRIMARY KEY, body MEDIUMTEXT)');
    // What changes nothing needs no log.
    await insert(clients[0], 10);
  });

  beforeEach(async () => {
    disk = ThinDisk.mount();
    if (typeof disk !== 'string')
      await moveLog(lockstep.config.log.folder, join(disk.folder, 'log'));
  });

  afterEach(async () => {
    if (typeof disk === 'string') return;
    disk.free();
    disk.feed();
    await until(writes);
    expectNoFailure();
    await expectWhole();
    await moveLog(join(disk.folder, 'log'), lockstep.config.log.folder);
    await expectWhole();
    disk[Symbol.dispose]();
  });

  afterAll(async () => {
    for (const client of clients) client.destroy();
    await lockstep?.close();
    await servers?.close();
    if (disk instanceof ThinDisk) disk[Symbol.dispose]();
  });

  const moveLog = async (from: string, to: string): Promise<void> => {
    for (const client of clients) client.destroy();
    await lockstep.balancer.close();
    await cp(from, to, { recursive: true });
    await lockstep.restartWith((config) => ({ ...config, log: { ...config.log, folder: to } }));
    await connect();
  };
  const connect = async (): Promise<void> => {
    clients = await Promise.all(
      Array.from({ length: clientCount }, () => connectTo(lockstep, { database: 'app' })),
    );
  };
  const the = (context: TestContext): ThinDisk => {
    return typeof disk === 'string' ? context.skip(disk) : disk;
  };
  const run = async (sql: string): Promise<unknown> => (await clients[0]?.query(sql))?.[0];
  const insert = async (client: Connection | undefined, bytes: number): Promise<void> => {
    const id = ++next;
    await client?.query(`INSERT INTO t VALUES (${id}, REPEAT('x', 10)) -- ${'x'.repeat(bytes)}`);
    acknowledged.add(id);
  };
  const writes = (): Promise<boolean> =>
    insert(clients[0], 10).then(
      () => true,
      () => false,
    );
  const ids = async (): Promise<number[]> =>
    ((await run('SELECT id FROM t ORDER BY id')) as RowDataPacket[]).map((row) =>
      Number(row['id']),
    );

  /** All clients write at once, each until it is refused. */
  const writeUntilRefused = async (): Promise<void> => {
    const errors = await Promise.all(
      clients.map(async (client) => {
        for (;;) {
          const startedMs = performance.now();
          try {
            await insert(client, large);
          } catch (error) {
            expect(performance.now() - startedMs).toBeLessThan(answerWithinMs);
            return error;
          }
        }
      }),
    );
    for (const error of errors) expect(error).toMatchObject(refusal);
  };

  const logEvents = (): string[] =>
    lockstep.balancer.control.events
      .since(0)
      .filter(({ kind }) => ['log_unavailable', 'log_available'].includes(kind))
      .map(({ kind }) => kind);

  const expectNoFailure = (): void => {
    // They cannot fill what keeps the last ten thousand of them.
    expect(logEvents().length).toBeLessThan(10);
    expect(logEvents().at(-1)).not.toBe('log_unavailable');
    expect(lockstep.balancer.control.status().log.failure).toBeUndefined();
  };

  /** Every kind of write is refused, every kind of read answered. */
  const expectOnlyReads = async (): Promise<void> => {
    const [client] = clients;
    await expect(insert(client, large)).rejects.toMatchObject(refusal);
    await client?.query('BEGIN');
    await client?.query(`UPDATE t SET body = 'never' -- ${'x'.repeat(large)}`);
    await expect(client?.query('COMMIT')).rejects.toMatchObject(refusal);
    await expect(run(`CREATE TABLE never (id INT) -- ${'x'.repeat(large)}`)).rejects.toMatchObject(
      refusal,
    );
    const response = await fetch(`http://127.0.0.1:${lockstep.balancer.httpPort}/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sql: `DELETE FROM t -- ${'x'.repeat(large)}`, schema: 'app' }),
    });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'log_unavailable' });
    expect(lockstep.balancer.control.status().log.failure).toMatch(/E[A-Z]+: /);
    expect(lockstep.balancer.control.status().summary).toContain('the latest write was refused');
    expect(logEvents().at(-1)).toBe('log_unavailable');
    expect(await ids()).toEqual([...acknowledged].toSorted((a, b) => a - b));
  };

  /** The nodes have what was acknowledged, and nothing else. */
  const expectWhole = async (): Promise<void> => {
    await until(() => lockstep.balancer.control.nodes().every((node) => node.inSync));
    expect(await ids()).toEqual([...acknowledged].toSorted((a, b) => a - b));
    expect(await run("SELECT COUNT(*) AS n FROM t WHERE body = 'never'")).toEqual([{ n: 0 }]);
    expect(await run("SHOW TABLES LIKE 'never'")).toEqual([]);
    await expectEqualNodes(servers.servers);
  };

  test('full: writes are refused with the reason, reads go on, and later all', async (context) => {
    const full = the(context);
    full.fill();
    await writeUntilRefused();
    await expectOnlyReads();
    full.free();
    // Without a restart, and without a command.
    await until(writes);
    await Promise.all(clients.map((client) => insert(client, large)));
  });

  test('failing at the fsync: the same', async (context) => {
    const failing = the(context);
    failing.starve();
    await writeUntilRefused();
    await expectOnlyReads();
    failing.feed();
    await until(writes);
    await Promise.all(clients.map((client) => insert(client, large)));
  });

  test('a folder that takes no new segment: the same', async (context) => {
    const frozen = the(context);
    const folder = join(frozen.folder, 'log');
    await lockstep.restartWith((config) => ({
      ...config,
      log: { ...config.log, folder, segmentBytes: 256 * 1024 },
    }));
    for (const client of clients) client.destroy();
    await connect();
    frozen.freeze(folder, true);
    try {
      await writeUntilRefused();
      await expectOnlyReads();
    } finally {
      frozen.freeze(folder, false);
    }
    await until(writes);
  });

  test('read-only at the start: refused with folder and reason', async (context) => {
    const readOnly = the(context);
    const log = { ...lockstep.config.log, folder: join(readOnly.folder, 'log') };
    await lockstep.balancer.close();
    readOnly.readOnly(true);
    try {
      await expect(createBalancer({ ...lockstep.config, log })).rejects.toMatchObject({
        code: 'config_invalid',
        message: expect.stringMatching(/log.*read-only/),
      });
    } finally {
      readOnly.readOnly(false);
    }
    await lockstep.restartWith((config) => ({ ...config, log }));
    for (const client of clients) client.destroy();
    await connect();
  });
});

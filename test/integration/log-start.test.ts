import { cp, mkdtemp, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from 'mysql2/promise';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBalancer } from '../../src/balancer.ts';
import { LockstepError } from '../../src/base/errors.ts';
import type { Config } from '../../src/config/config.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';
import { until } from '../support/load.ts';
import { describeAlike, extended } from '../support/extended.ts';

describeAlike('the log at start', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeEach(async () => {
    servers = await startServers({ engine, count: 2 });
    lockstep = await startBalancer(servers);
    await run('CREATE TABLE t (id INT PRIMARY KEY, note VARCHAR(200))');
    for (let id = 1; id <= 5; id++) await run(`INSERT INTO t VALUES (${id}, REPEAT('x', 150))`);
  });

  afterEach(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  const run = async (sql: string): Promise<unknown> => {
    const client: Connection = await connectTo(lockstep, { database: 'app' });
    try {
      return (await client.query(sql))[0];
    } finally {
      client.destroy();
    }
  };
  const segment = async (): Promise<string> => {
    const { folder } = lockstep.config.log;
    const names = (await readdir(folder)).filter((name) => name.endsWith('.log'));
    return join(folder, names.toSorted()[0] ?? '');
  };
  /** The error that a start with the log as it is now ends in. */
  const refusal = async (config: Config = lockstep.config): Promise<LockstepError> => {
    const started = await createBalancer(config).catch((error: unknown) => error);
    if (started instanceof LockstepError) return started;
    if (started instanceof Error) throw started;
    await (started as { close(): Promise<void> }).close();
    throw new Error('it started');
  };
  const allInSync = (): Promise<void> =>
    until(() => lockstep.balancer.control.nodes().every((node) => node.inSync));

  test('a torn last record is cut off with a warning, and nothing else is lost', async () => {
    const path = await segment();
    await allInSync();
    const report = await lockstep.balancer.control.verify();
    await lockstep.balancer.close();
    const { size } = await stat(path);
    const half = Buffer.alloc(61, 7);
    const file = await open(path, 'a');
    await file.write(half);
    await file.close();
    expect((await stat(path)).size).toBe(size + half.length);
    await lockstep.restart();
    const warnings = lockstep.balancer.control.events
      .since(0)
      .filter(({ kind }) => kind === 'log_warning');
    expect(JSON.stringify(warnings)).toMatch(/torn|cut/);
    expect(lockstep.balancer.control.verifyStatus().last).toMatchObject({ id: 1, report });
    expect(await run('SELECT COUNT(*) AS n FROM t')).toEqual([{ n: 5 }]);
    await run("INSERT INTO t VALUES (6, 'after')");
    await allInSync();
    await expectEqualNodes(servers.servers);
  });

  test('a corrupt record before others stops the start, by file and offset', async () => {
    const path = await segment();
    await lockstep.balancer.close();
    const { size } = await stat(path);
    const offset = Math.floor(size / 2);
    const file = await open(path, 'r+');
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, offset);
    await file.write(Buffer.from([(buffer[0] ?? 0) ^ 0xff]), 0, 1, offset);
    await file.close();
    const error = await refusal();
    expect(error.code).toBe('log_corrupt');
    expect(error.message).toContain(path);
    expect(error.message).toMatch(/offset \d+/);
    expect((await stat(path)).size).toBe(size);
  });

  test('an older copy of the log is refused: the nodes have more', extended, async () => {
    const { folder } = lockstep.config.log;
    const copy = await mkdtemp(join(tmpdir(), 'lockstep-older-'));
    try {
      await lockstep.balancer.close();
      await cp(folder, copy, { recursive: true });
      await lockstep.restart();
      await run("INSERT INTO t VALUES (6, 'later')");
      await allInSync();
      await lockstep.balancer.close();
      await rm(folder, { recursive: true });
      await cp(copy, folder, { recursive: true });
      const error = await refusal();
      expect(error.code).toBe('log_behind_nodes');
      expect(error.message).toMatch(/mysql\d/);
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  });

  test('a log that lost its end after the nodes had it is refused too', async () => {
    const path = await segment();
    await allInSync();
    await lockstep.balancer.close();
    await truncate(path, (await stat(path)).size - 20);
    expect((await refusal()).code).toBe('log_behind_nodes');
  });

  test('a folder that cannot be one is named', extended, async () => {
    const place = join(servers.folder, 'not-a-folder');
    await writeFile(place, '');
    const error = await refusal({
      ...lockstep.config,
      log: { ...lockstep.config.log, folder: join(place, 'log') },
    });
    expect(error.message).toContain(place);
  });

  test('a folder in use by another balancer is refused', extended, async () => {
    const error = await refusal({
      ...lockstep.config,
      mysql: { host: '127.0.0.1', port: 0 },
    });
    expect(error.code).toBe('conflict');
    expect(error.message).toContain(lockstep.config.log.folder);
  });
});

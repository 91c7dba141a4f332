import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engines, expectEqualNodes } from '../support/cluster.ts';
import { Compared, fill } from '../support/compared.ts';
import { extended } from '../support/extended.ts';
import { type Load, until, workers } from '../support/load.ts';

const rowCount = 50_000;

describe.each(engines())('the nodes are compared, $name', (engine) => {
  let cluster: Compared;

  beforeAll(async () => {
    cluster = await Compared.start(engine, { verify: { afterLeaderFailure: false, rate: 0 } });
  });

  beforeEach(() => cluster.untilAllUp());

  afterAll(() => cluster?.[Symbol.asyncDispose]());

  const writing = async (): Promise<Load> => {
    const writers = await Promise.all([cluster.client(), cluster.client(), cluster.client()]);
    const next = { id: 0 };
    return workers(writers.length, async (index) => {
      const id = next.id++;
      const at = (id * 7919) % rowCount;
      await writers[index]?.query(
        `UPDATE users SET n = n + 1 WHERE id BETWEEN ${at} AND ${at + 3}`,
      );
      await writers[index]?.query(`INSERT INTO users VALUES (${100_000 + id}, 'w${id}', 1)`);
    });
  };

  test('what was written behind the balancer is named by range and row, and repaired', async () => {
    const { control } = cluster;
    const writer = await cluster.client();
    await writer.query(
      'CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(50), n INT, UNIQUE (name))',
    );
    await fill(writer, 'users', { rows: rowCount, row: (index) => `${index}, 'u${index}', 0` });
    const load = await writing();
    for (let round = 0; round < 3; round++) {
      const before = control.status().lastSeq;
      const report = await control.verify();
      expect(report.tables.filter(({ equal }) => !equal)).toEqual([]);
      expect(report.seq).toBeGreaterThanOrEqual(before);
    }
    const odd = cluster.follower;
    await cluster.behind(
      odd,
      "UPDATE users SET name = 'someone' WHERE id = 31000",
      'DELETE FROM users WHERE id = 42',
      "INSERT INTO users VALUES (-5, 'stranger', 1)",
      'CREATE VIEW v AS SELECT 1 AS n',
    );
    const found = await control.verify({ rows: true });
    const differing = found.tables.filter(({ equal }) => !equal);
    expect(differing).toMatchObject([
      { table: 'users', differing: [odd] },
      { table: 'v (view)', differing: [odd] },
    ]);
    const ranges = differing[0]?.ranges ?? [];
    expect(ranges).toMatchObject([
      { differing: [odd], key: ['id'], where: expect.stringMatching(/^`id` <= \d{1,4}$/) },
      { where: expect.stringMatching(/^`id` > (?:29|30)\d{3} AND `id` <= 3[12]\d{3}$/) },
    ]);
    const both = (value: unknown) =>
      Object.fromEntries(cluster.except(odd).map((name) => [name, value]));
    expect(ranges.flatMap(({ rows }) => rows)).toEqual([
      { key: '-5', nodes: { [odd]: { id: '-5', name: 'stranger', n: '1' }, ...both(null) } },
      { key: '42', nodes: { [odd]: null, ...both(expect.objectContaining({ name: 'u42' })) } },
      { key: '31000', nodes: { [odd]: { name: 'someone' }, ...both({ name: 'u31000' }) } },
    ]);
    expect(cluster.eventsOf('verify_difference')).toMatchObject([
      { table: 'app.v (view)', nodes: [odd] },
      { table: 'app.users', nodes: [odd], ranges: 2, where: ranges[0]?.where },
    ]);
    const repaired = await control.verify({ tables: ['app.users'], repair: true });
    expect(repaired).toMatchObject({ equal: false, repaired: true });
    expect(repaired.repairs?.map(({ node, outcome }) => [node, outcome])).toEqual([
      [odd, 'repaired'],
      [odd, 'repaired'],
    ]);
    expect(control.node(odd).state).toBe('UP');
    await load.stop();
    await cluster.behind(odd, 'DROP VIEW v');
    expect((await control.verify()).equal).toBe(true);
    await expectEqualNodes(cluster.servers.servers);
  });

  test('a table that is defined otherwise, or missing, is named and not repaired', async () => {
    const writer = await cluster.client();
    await writer.query('CREATE TABLE redefined (id INT PRIMARY KEY, n INT)');
    await writer.query('CREATE TABLE lost (id INT PRIMARY KEY)');
    await writer.query('INSERT INTO redefined VALUES (1, 1), (2, 2)');
    const odd = cluster.follower;
    await cluster.behind(odd, 'ALTER TABLE redefined ADD COLUMN extra INT', 'DROP TABLE lost');
    const tables = ['app.redefined', 'app.lost'];
    const report = await cluster.control.verify({ tables, repair: true });
    expect(report.tables).toMatchObject([
      { table: 'lost', differing: [odd], definitionDiffers: true },
      { table: 'redefined', differing: [odd], definitionDiffers: true },
    ]);
    expect(report.tables[0]?.nodes[odd]).toEqual({ rows: 0, checksum: 'absent' });
    expect(report.repaired).toBe(false);
    expect(cluster.control.node(odd).state).toBe('UP');
    await cluster.behind(odd, 'ALTER TABLE redefined DROP COLUMN extra');
    await cluster.behind(odd, 'CREATE TABLE lost (id INT PRIMARY KEY)');
    expect((await cluster.control.verify({ tables })).equal).toBe(true);
  });

  test('a table without a key is compared as a whole, and not repaired', async () => {
    const writer = await cluster.client();
    await writer.query('CREATE TABLE keyless (n INT, UNIQUE (n))');
    await writer.query('INSERT INTO keyless VALUES (1), (NULL), (NULL)');
    const odd = cluster.follower;
    await cluster.behind(odd, 'INSERT INTO keyless VALUES (NULL)');
    const report = await cluster.control.verify({ tables: ['app.keyless'], repair: true });
    expect(report.tables[0]?.ranges).toEqual([
      { where: '', nodes: { mysql1: 3, mysql2: 3, mysql3: 3, [odd]: 4 }, differing: [odd] },
    ]);
    expect(report.repairs).toMatchObject([
      { node: odd, outcome: 'refused', detail: expect.stringContaining('nodes resync') },
    ]);
    await cluster.behind(odd, 'DELETE FROM keyless WHERE n IS NULL LIMIT 1');
  });

  test('it keeps to its pace, one at a time, and can be cancelled', async () => {
    const { control } = cluster;
    const tables = ['app.users'];
    const rate = 25_000;
    const { rows, durationMs } = await control.verify({ tables, rate });
    expect(rows).toBeGreaterThanOrEqual(rowCount);
    // A duration is rounded to whole milliseconds.
    expect(durationMs + 1).toBeGreaterThanOrEqual((rows / rate) * 1000);
    const slow = control.verify({ tables, rate: 500 });
    await until(() => (control.verifyStatus().running?.rows ?? 0) > 0);
    expect(control.verifyStatus().running).toMatchObject({ table: 'app.users', tables: 1 });
    await expect(control.verify()).rejects.toMatchObject({ code: 'conflict' });
    await Promise.all([expect(slow).rejects.toThrow('it was cancelled'), control.cancelVerify()]);
    expect(control.verifyStatus()).toMatchObject({ last: { error: 'it was cancelled' } });
    await expect(control.verify({ tables: ['app.none'] })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('DDL does not wait for its end: the table is begun anew', extended, async () => {
    const { control } = cluster;
    const writer = await cluster.client();
    await writer.query('CREATE TABLE growing (id INT PRIMARY KEY, n INT)');
    await fill(writer, 'growing', { rows: 4_000, row: (index) => `${index}, 0` });
    const verified = control.verify({ tables: ['app.growing'], rate: 3_000 });
    await until(() => (control.verifyStatus().running?.rows ?? 0) > 0);
    await writer.query('ALTER TABLE growing ADD COLUMN extra INT DEFAULT 5');
    expect(control.verifyStatus().running).toBeDefined();
    const report = await verified;
    expect(report.equal).toBe(true);
    // What was read before is read again.
    expect(report.rows).toBeGreaterThan(4_000);
    expect(report.tables[0]?.nodes['mysql1']?.rows).toBe(4_000);
  });

  test('two nodes that differ: nobody is right, nothing is repaired', async () => {
    const { control } = cluster;
    const writer = await cluster.client();
    await writer.query('CREATE TABLE pair (id INT PRIMARY KEY, n INT)');
    await writer.query('INSERT INTO pair VALUES (1, 1)');
    const absent = cluster.follower;
    await control.disable(absent);
    const odd = cluster.except(absent).find((name) => name !== cluster.leader) ?? '';
    await cluster.behind(odd, 'UPDATE pair SET n = 2');
    const report = await control.verify({ tables: ['app.pair'], repair: true });
    expect(report.tables[0]?.differing).toHaveLength(2);
    expect(report.missed).toEqual([{ node: absent, reason: 'it is DISABLED' }]);
    expect(report.repaired).toBe(false);
    expect(report.repairs).toMatchObject([
      { outcome: 'refused', detail: expect.stringContaining('lockstep nodes resync') },
      { outcome: 'refused' },
    ]);
    await cluster.behind(odd, 'UPDATE pair SET n = 1');
    await control.enable(absent);
    await cluster.untilUp(absent);
    expect((await control.verify({ tables: ['app.pair'] })).equal).toBe(true);
  });

  test('a node that dies meanwhile is left out', extended, async () => {
    const { control } = cluster;
    const writer = await cluster.client();
    await writer.query('CREATE TABLE outlived (id INT PRIMARY KEY, n INT)');
    await fill(writer, 'outlived', { rows: 4_000, row: (index) => `${index}, 0` });
    const verified = control.verify({ tables: ['app.outlived'], rate: 2_000 });
    await until(() => (control.verifyStatus().running?.rows ?? 0) > 0);
    const dead = cluster.follower;
    await cluster.server(dead).kill();
    const report = await verified;
    expect(report.equal).toBe(true);
    expect(report.missed.map(({ node }) => node)).toEqual([dead]);
    expect(Object.keys(report.tables[0]?.nodes ?? {}).sort()).toEqual(cluster.except(dead).sort());
    await cluster.server(dead).start();
    await cluster.untilUp(dead);
  });
});

import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FaultPointName } from '../../src/base/fault-points.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { errnoOf } from '../support/errno-of.ts';
import { holdAt } from '../support/hold-at.ts';

const readOnly = 1792;

describe.each(engines())('views that call what writes, and other reads, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers, { strategy: 'round_robin' });
    await untilAllUp(lockstep);
    client = await connectTo(lockstep, { database: 'app' });
    for (const sql of [
      'CREATE TABLE t (id INT PRIMARY KEY)',
      'INSERT INTO t VALUES (1), (2)',
      'CREATE TABLE w (id INT PRIMARY KEY, n INT)',
      'INSERT INTO w VALUES (1, 0)',
      'CREATE FUNCTION f() RETURNS INT MODIFIES SQL DATA ' +
        'BEGIN UPDATE w SET n = n + 1; RETURN 1; END',
      'CREATE VIEW v AS SELECT id, f() AS x FROM t',
      'CREATE VIEW hidden AS SELECT id FROM t WHERE id IN ((SELECT 1) UNION SELECT x FROM v)',
      'CREATE PROCEDURE p() ' +
        'BEGIN WITH w AS (SELECT 1 AS n) SELECT n FROM w; UPDATE w SET n = n + 1; END',
      'CREATE PROCEDURE reading(IN x INT) SELECT x',
      'CREATE PROCEDURE writing(IN x INT) UPDATE w SET n = n + 1',
      'CREATE FUNCTION sets() RETURNS INT ' +
        'BEGIN SET SESSION sort_buffer_size = 100000; RETURN 1; END',
      'CREATE FUNCTION g() RETURNS INT MODIFIES SQL DATA BEGIN DECLARE x INT; ' +
        'WITH w AS (SELECT 1 AS n) SELECT n INTO x FROM w; UPDATE w SET n = n + 1; RETURN x; END',
      'CREATE VIEW harmless AS SELECT id, UPPER(id) AS x FROM t',
      'CREATE VIEW changing AS SELECT id, 1 AS x FROM t',
    ]) {
      await client.query(sql);
    }
  });

  afterAll(async () => {
    client?.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  const rowsOf = async (sql: string, by = client): Promise<RowDataPacket[]> => {
    const [rows] = await by.query<RowDataPacket[]>(sql);
    return rows;
  };

  const written = async (): Promise<unknown> => (await rowsOf('SELECT n FROM w'))[0]?.['n'];

  test.each<FaultPointName>(['ddl.intended', 'ddl.answered'])(
    'write nothing, and other reads go on, while a view is being changed (%s)',
    async (point) => {
      await client.query('CREATE OR REPLACE VIEW changing AS SELECT id, 1 AS x FROM t');
      await using other = await connectTo(lockstep, { database: 'app' });
      const reads = ['SELECT x FROM changing', 'SELECT x FROM harmless', 'SELECT id FROM t'];
      for (const sql of reads) for (let times = 0; times < 6; times += 1) await client.query(sql);
      const before = await written();
      const held = holdAt(point);
      const change = other.query('CREATE OR REPLACE VIEW changing AS SELECT id, f() AS x FROM t');
      try {
        await held.reached;
        const refused = new Set<number | undefined>();
        for (let times = 0; times < 6; times += 1) {
          refused.add(await errnoOf(client, 'SELECT x FROM changing'));
        }
        expect([undefined, readOnly]).toEqual(expect.arrayContaining([...refused]));
        expect(await errnoOf(client, 'SELECT x FROM v')).toBe(readOnly);
        for (const sql of reads.slice(1)) expect(await rowsOf(sql)).toHaveLength(2);
        expect(await written()).toBe(before);
      } finally {
        held.release();
        await change;
      }
      expect(await rowsOf('SELECT x FROM changing')).toHaveLength(2);
      expect(await rowsOf('SELECT x FROM v')).toHaveLength(2);
      expect(await written()).toBe(Number(before) + 4);
      await expectEqualNodes(servers.servers);
    },
  );

  test.each([
    'SELECT HIGH_PRIORITY f()',
    'SELECT HIGH_PRIORITY SQL_SMALL_RESULT app.f() FROM t WHERE id = 1',
    'SELECT id FROM t WHERE id IN ((SELECT 1) UNION SELECT x FROM v WHERE id = 1)',
    '((SELECT 1) UNION SELECT x FROM v WHERE id = 1) UNION SELECT 2',
    'SELECT id FROM hidden',
    'SELECT tables FROM (SELECT x AS tables FROM v) d JOIN t ON id = tables JOIN v ON v.id = 2',
    'SELECT COUNT(*) AS tables FROM v WHERE x = 1',
    'CALL reading((SELECT f()))',
    'CALL p()',
    'SELECT g()',
  ])('write on every node, however hidden: %s', async (sql) => {
    const before = await written();
    for (let times = 0; times < 4; times += 1) await client.query(sql);
    expect(Number(await written())).toBeGreaterThanOrEqual(Number(before) + 4);
    await expectEqualNodes(servers.servers);
  });

  test.each<readonly [string, RegExp]>([
    ['SELECT f() FROM information_schema.schemata', /information_schema/],
    ['CALL writing((SELECT COUNT(*) FROM information_schema.schemata))', /information_schema/],
    ['PREPARE s FROM f()', /no subqueries, stored functions or sequences/],
    ['CREATE TEMPORARY TABLE x AS SELECT * FROM v', /calls a function that writes/],
    ...(engine.name === 'mysql'
      ? ([['CREATE TEMPORARY TABLE x TABLE v', /calls a function that writes/]] as const)
      : []),
    ['SELECT sets()', /SET SESSION in function sets/],
    ['SELECT id, sets() FROM t', /SET SESSION in function sets/],
  ])('what would write, or be left behind, on one node is refused: %s', async (sql, why) => {
    const before = await written();
    await expect(client.query(sql)).rejects.toThrow(why);
    expect(await written()).toBe(before);
    await expectEqualNodes(servers.servers);
  });

  test.each(
    engine.name === 'mariadb'
      ? [
          'CALL reading(NEXTVAL(s))',
          'CALL reading((SELECT NEXT VALUE FOR s))',
          'SELECT NEXTVAL(s) FROM information_schema.schemata LIMIT 1',
        ]
      : [],
  )('sequences move on every node or on none: %s', async (sql) => {
    await client.query('CREATE SEQUENCE IF NOT EXISTS s');
    for (let times = 0; times < 3; times += 1) await errnoOf(client, sql);
    await expectEqualNodes(servers.servers);
    await expect(client.query('CREATE TEMPORARY TABLE y AS SELECT NEXTVAL(s)')).rejects.toThrow(
      /a sequence on one node only/,
    );
    await expectEqualNodes(servers.servers);
  });

  test('and what nobody has read before, while the leader says nothing', async () => {
    const { leader } = lockstep.balancer.control.status();
    const server = servers.servers.find(({ name }) => name === leader);
    await server?.pause();
    try {
      for (let form = 1; form <= 3; form += 1) {
        expect(await rowsOf(`SELECT id${', 1'.repeat(form)} FROM t`)).toHaveLength(2);
        expect(await rowsOf(`SELECT id${', 1'.repeat(form)} FROM harmless`)).toHaveLength(2);
      }
    } finally {
      server?.resume();
    }
    await untilAllUp(lockstep);
    expect(await rowsOf('SELECT x FROM v')).toHaveLength(2);
    await expectEqualNodes(servers.servers);
  });

  test('leave the warnings of a read that was watched', async () => {
    await using other = await connectTo(lockstep, { database: 'app' });
    const held = holdAt('ddl.intended');
    const change = other.query('CREATE OR REPLACE VIEW changing AS SELECT id, 1 AS x FROM t');
    try {
      await held.reached;
      await client.query("SELECT CAST('a' AS SIGNED) FROM harmless LIMIT 1");
      expect(await rowsOf('SHOW WARNINGS')).toHaveLength(1);
    } finally {
      held.release();
      await change;
    }
  });

  test('run once everywhere, however many sessions read them', async () => {
    const before = await written();
    const sessions = await Promise.all(
      Array.from({ length: 4 }, () => connectTo(lockstep, { database: 'app' })),
    );
    await Promise.all(
      sessions.map(async (session) => {
        for (let times = 0; times < 10; times += 1) await session.query('SELECT x FROM v');
        session.destroy();
      }),
    );
    expect(await written()).toBe(Number(before) + 80);
    for (let times = 0; times < 3; times += 1) {
      for (const sql of ['BEGIN', 'SELECT x FROM v', 'COMMIT']) await client.query(sql);
    }
    expect(await written()).toBe(Number(before) + 86);
    await expectEqualNodes(servers.servers);
  });
});

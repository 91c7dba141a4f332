import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { connectTo, engines, expectEqualNodes, startServers } from '../support/cluster.ts';
import type { TestServers } from '../support/cluster.ts';
import { holdAt } from '../support/hold-at.ts';
import { randomFrom } from '../support/random-writes.ts';

/** Meets row 3 by its second key, as long as there is no row 8. */
const upsert = 'INSERT INTO t VALUES (8, 5, 2) ON DUPLICATE KEY UPDATE v = v + VALUES(v)';
const listed = upsert.replace('INTO t', 'INTO t (id, u, v)');
const rival = 'INSERT INTO t VALUES (8, 8, 5)';
const add = 'ON DUPLICATE KEY UPDATE v = t.v + 2';
const add2 = 'ON DUPLICATE KEY UPDATE v = v + 2';

interface ErrorLike {
  readonly errno?: number;
}

const errnoOf = (running: Promise<unknown>): Promise<number | undefined> =>
  running.then(
    () => undefined,
    ({ errno }: ErrorLike) => errno,
  );

/** Which row ON DUPLICATE KEY UPDATE meets is the same on every node, whoever inserts beside it. */
describe.each(engines())('upserts over several unique keys, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  const clients: Connection[] = [];
  const client = (index: number): Connection => clients[index] as Connection;
  const rows = async (sql: string): Promise<RowDataPacket[]> =>
    (await client(0).query<RowDataPacket[]>(sql))[0];

  beforeAll(async () => {
    servers = await startServers({
      engine,
      count: 3,
      extraArguments: ['--innodb-lock-wait-timeout=3'],
    });
    lockstep = await startBalancer(servers, { users: [{ name: 'root', password: 'root' }] });
    await untilAllUp(lockstep);
    for (let index = 0; index < 8; index++) {
      const account = { user: 'root', password: 'root', database: 'app' };
      clients.push(await connectTo(lockstep, account));
    }
    await client(0).query('CREATE DATABASE other');
  });

  beforeEach(async () => {
    await client(0).query('ROLLBACK');
    await client(0).query('DROP TABLE IF EXISTS t');
    await client(0).query('DROP TABLE IF EXISTS source');
    await client(0).query('CREATE TABLE t (id INT PRIMARY KEY, u INT UNIQUE, v INT NOT NULL)');
    await client(0).query('INSERT INTO t VALUES (1, 1, 1), (3, 5, 3), (9, 9, 9)');
  });

  afterAll(async () => {
    for (const each of clients) each.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  const expectEqual = async (): Promise<void> => {
    const nodes = lockstep.balancer.control.nodes();
    expect(nodes.map(({ state }) => state)).toEqual(['UP', 'UP', 'UP']);
    await expectEqualNodes(servers.servers);
  };

  /** Runs `steps` and COMMIT in a transaction, and the rival beside it; the errno of COMMIT. */
  const race = async (
    steps: readonly string[],
    { rivalWaits, by = rival }: { rivalWaits: boolean; by?: string },
  ): Promise<number | undefined> => {
    await client(0).query('BEGIN');
    for (const sql of steps) await client(0).query(sql);
    const rivalling = client(1).query(by);
    if (rivalWaits) {
      const first = await Promise.race([rivalling.then(() => 'the rival'), delay(300, 'nobody')]);
      expect(first).toBe('nobody');
    } else await rivalling;
    const errno = await errnoOf(client(0).query('COMMIT'));
    await rivalling;
    await client(0).query('ROLLBACK');
    await expectEqual();
    return errno;
  };

  const mariadb = engine.name === 'mariadb';
  const seen = (): Promise<RowDataPacket[]> => rows('SELECT * FROM t WHERE id IN (3, 8)');
  const both = [
    { id: 3, u: 5, v: 5 },
    { id: 8, u: 8, v: 5 },
  ];
  /** The rival was first. */
  const overtaken = [
    { id: 3, u: 5, v: 3 },
    { id: 8, u: 8, v: 7 },
  ];

  const prepareOthers = async (): Promise<void> => {
    await client(0).query('CREATE TABLE source (v INT)');
    await client(0).query('CREATE OR REPLACE VIEW other.t AS SELECT id AS a, u AS b, v FROM t');
    await client(0).query('INSERT INTO source VALUES (2)');
    await client(0).query('CREATE OR REPLACE VIEW shown AS SELECT id AS a, u AS b, v FROM t');
    await client(0).query(
      'CREATE TRIGGER source_up AFTER INSERT ON source FOR EACH ROW ' +
        'INSERT INTO t VALUES (8, 5, 2) ON DUPLICATE KEY UPDATE v = v + 2',
    );
    await client(0).query('DROP PROCEDURE IF EXISTS up');
    await client(0).query(
      'CREATE PROCEDURE up(a INT, b INT) ' +
        'INSERT INTO t VALUES (a, b, 2) ON DUPLICATE KEY UPDATE v = v + 2',
    );
  };

  test.each([
    ['without a list of columns', upsert],
    ['by SET', 'INSERT INTO t SET id = 8, u = 5, v = 2 ON DUPLICATE KEY UPDATE v = v + 2'],
    ['of several rows', `INSERT INTO t (v, u, id) VALUES (0, 1, 1), (2, 5, 8) ${add}`],
    ['with values that are computed', upsert.replace('(8,', '(4 + 4,')],
    ['with values that are selected', `INSERT INTO t SELECT 8, 5, v FROM source ${add}`],
    ...(mariadb ? [['by SET STATEMENT', `SET STATEMENT max_statement_time=9 FOR ${upsert}`]] : []),
    ['by a view of the same name', `INSERT INTO other.t (b, a, v) VALUES (5, 8, 2) ${add2}`],
    ['by a view', 'INSERT INTO shown (b, a, v) VALUES (5, 8, 2) ON DUPLICATE KEY UPDATE v = v + 2'],
    ['by a trigger', 'INSERT INTO source VALUES (77)'],
    ['by a procedure', 'CALL up(8, 5)'],
  ])('in a transaction that is overtaken, %s', async (_name, sql) => {
    await prepareOthers();
    expect(await race([sql], { rivalWaits: !mariadb })).toBe(mariadb ? 1213 : undefined);
    if (!mariadb) expect(await seen()).toEqual(both);
  });

  test('prepared, in a transaction that is overtaken', async () => {
    await client(0).query('BEGIN');
    const sql = 'INSERT INTO t VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE v = v + VALUES(v)';
    await client(0).execute(sql, [8, 5, 2]);
    const rivalling = client(1).query(rival);
    if (mariadb) await rivalling;
    expect(await errnoOf(client(0).query('COMMIT'))).toBe(mariadb ? 1213 : undefined);
    await rivalling;
    await expectEqual();
  });

  /** The first is held as soon as the leader has answered it; the other one runs meanwhile. */
  const overtakeOutside = async (sql: string, by: string): Promise<ResultSetHeader> => {
    const held = holdAt('write.executed');
    const upserting = client(0).query<ResultSetHeader>(sql);
    let rivalling: Promise<unknown> | undefined;
    try {
      await held.reached;
      rivalling = client(1).query(by);
      if (mariadb) await rivalling;
    } finally {
      held.release();
    }
    const [answer] = await upserting;
    await rivalling;
    await expectEqual();
    return answer;
  };

  test('outside a transaction it is run again unseen', async () => {
    expect((await overtakeOutside(upsert, rival)).affectedRows).toBe(2);
    expect(await seen()).toEqual(mariadb ? overtaken : both);
  });

  test('what is run again has the LAST_INSERT_ID() of before', async () => {
    await client(0).query('DROP TABLE t');
    await client(0).query(
      'CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, u INT UNIQUE, w INT UNIQUE, v INT)',
    );
    await client(0).query('INSERT INTO t (u, w, v) VALUES (1, 3, 0)');
    await client(0).query('SELECT LAST_INSERT_ID(42)');
    await overtakeOutside(
      'INSERT INTO t (u, w, v) VALUES (20, 3, 2) ' +
        'ON DUPLICATE KEY UPDATE v = LAST_INSERT_ID() + LAST_INSERT_ID(7)',
      'INSERT INTO t (u, w, v) VALUES (20, 20, 0)',
    );
    const [row] = await rows(`SELECT v FROM t WHERE w = ${mariadb ? 20 : 3}`);
    expect(row?.['v']).toBe(49);
  });

  test('in a table whose name is not ASCII', async () => {
    await client(0).query('DROP TABLE IF EXISTS `té`');
    await client(0).query('CREATE TABLE `té` LIKE t');
    await client(0).query('INSERT INTO `té` SELECT * FROM t');
    const by = rival.replace('INTO t', 'INTO `té`');
    const sql = listed.replace('INTO t', 'INTO `té`');
    expect(await race([sql], { rivalWaits: !mariadb, by })).toBe(mariadb ? 1213 : undefined);
  });

  const meets = 'ON DUPLICATE KEY UPDATE v = v + 1';
  const other = 'INSERT INTO t VALUES (20, 20, 20)';
  const same = 'ON DUPLICATE KEY UPDATE v = v';
  test.each([
    [
      'of a row that meets one in the primary key',
      `INSERT INTO t VALUES (1, 7, 2) ${meets}`,
      other,
    ],
    ['of a row that stays as it is', `INSERT INTO t VALUES (1, 2, 1) ${same}`, other],
    ['of a row that is new', `INSERT INTO t VALUES (4, 4, 4) ${meets}`, other],
    [
      'of several such rows',
      `INSERT INTO t VALUES (4, 4, 4), (1, 8, 2), (3, 3, 3) ${meets}`,
      other,
    ],
    [
      'of a row with one key',
      'INSERT INTO g (k) VALUES (1) ON DUPLICATE KEY UPDATE n = n + 1',
      other,
    ],
    ['beside a change that gives no key', upsert, 'UPDATE t SET v = 50 WHERE id = 9'],
    ['beside a row that goes', upsert, 'DELETE FROM t WHERE id = 9'],
    ['beside an upsert that meets a row', upsert, `INSERT INTO t VALUES (1, 1, 1) ${meets}`],
    ['beside another table', upsert, 'INSERT INTO g (k) VALUES (7)'],
  ])('is not run again %s', async (_name, sql, by) => {
    await client(0).query('DROP TABLE IF EXISTS g');
    await client(0).query(
      'CREATE TABLE g (id INT AUTO_INCREMENT PRIMARY KEY, k INT UNIQUE, n INT NOT NULL DEFAULT 0)',
    );
    await client(0).query('INSERT INTO g (k) VALUES (1)');
    // Once before, so that the tables are known.
    await client(0).query('INSERT INTO g (k) VALUES (1) ON DUPLICATE KEY UPDATE n = n + 1');
    await client(0).query(upsert);
    expect(await race([sql], { rivalWaits: false, by })).toBeUndefined();
  });

  test.each([
    ['without a primary key', 'id INT UNIQUE, u INT UNIQUE, v INT'],
    ['of text', 'id VARCHAR(20) PRIMARY KEY, u CHAR(9) UNIQUE, v INT'],
    ['of two columns', 'id INT, w INT DEFAULT 1, u INT UNIQUE, v INT, PRIMARY KEY (id, w)'],
    ['of a column that is computed', 'id INT, u INT UNIQUE, v INT, w INT AS (id * 2), UNIQUE (w)'],
    ['of a decimal number', 'id DECIMAL(9, 2) PRIMARY KEY, u INT UNIQUE, v INT'],
    ['of which one is not given', 'id INT UNIQUE, u INT UNIQUE, v INT, k INT UNIQUE'],
  ])('over keys %s', async (_name, columns) => {
    await client(0).query('DROP TABLE t');
    await client(0).query(`CREATE TABLE t (${columns})`);
    await client(0).query('INSERT INTO t (id, u, v) VALUES (1, 1, 1), (3, 5, 3)');
    const by = 'INSERT INTO t (id, u, v) VALUES (8, 8, 2)';
    const errno = await race([listed], { rivalWaits: !mariadb, by });
    expect(errno).toBe(mariadb ? 1213 : undefined);
  });

  test('shows its warnings all the same', async () => {
    await client(0).query('BEGIN');
    const sql = listed.replace('INSERT', 'INSERT IGNORE').replace('VALUES(v)', '(1 / 0 IS NULL)');
    await client(0).query(sql);
    const shown = await rows('SHOW WARNINGS');
    await client(0).query('ROLLBACK');
    expect(shown.map(({ Code }) => Code as number)).toContain(1365);
  });

  test('by many at once, among inserts and deletes of the same rows', async () => {
    const work = clients.map(async (each, who) => {
      const pick = randomFrom(who + 1);
      for (let round = 0; round < 80; round++) {
        const row = `(${pick(9)}, ${pick(9)}, ${pick(9)})`;
        const choice = pick(6);
        const sql =
          choice < 3
            ? `INSERT INTO t VALUES ${row} ON DUPLICATE KEY UPDATE v = v + VALUES(v)`
            : choice < 5
              ? `INSERT IGNORE INTO t VALUES ${row}`
              : `DELETE FROM t WHERE id = ${pick(9)}`;
        const steps = pick(3) === 0 ? ['BEGIN', sql, upsert, 'COMMIT'] : [sql];
        for (const step of steps) {
          const errno = await errnoOf(each.query(step));
          if (errno === undefined) continue;
          expect([1205, 1213]).toContain(errno);
          await each.query('ROLLBACK');
          break;
        }
      }
    });
    await Promise.all(work);
    await expectEqual();
  });
});

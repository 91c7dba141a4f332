import type { Connection, RowDataPacket } from 'mysql2/promise';
import { expect } from 'vitest';
import { ColumnType } from '../../../src/protocol/column-definition.ts';
import { connectTo } from '../cluster.ts';
import type { DeterminismLab } from './lab.ts';
import { boundParameters, RawClient } from './raw-client.ts';

/** What needs several clients, one of its own kind, or a hand on the nodes. */
export interface ClientCase {
  readonly name: string;
  readonly run: (lab: DeterminismLab) => Promise<void>;
}

const errnoOf = (error: unknown): number => (error as { errno?: number }).errno ?? 0;

/** Runs it in this many sessions at once; errors that they bring on each other are theirs. */
async function together(
  lab: DeterminismLab,
  count: number,
  run: (client: Connection, who: number) => Promise<void>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, who) => {
      const client = await lab.connect(lab.schema);
      try {
        await run(client, who);
      } finally {
        client.destroy();
      }
    }),
  );
}

const deadlock = 1213;
const lockWait = 1205;

async function retried(run: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await run();
      return;
    } catch (error) {
      if (errnoOf(error) !== deadlock) throw error;
    }
  }
}

export const clientCases: readonly ClientCase[] = [
  {
    name: 'a deadlock of two clients, and a lock that one waits for too long',
    run: async (lab) => {
      const one = await lab.client();
      await one.query('CREATE TABLE t (id INT PRIMARY KEY, v INT)');
      await one.query('INSERT INTO t VALUES (1, 0), (2, 0)');
      const two = await lab.connect(lab.schema);
      for (const client of [one, two]) await client.query('BEGIN');
      await one.query('UPDATE t SET v = v + 1 WHERE id = 1');
      await two.query('UPDATE t SET v = v + 10 WHERE id = 2');
      const ends = await Promise.allSettled([
        one.query('UPDATE t SET v = v + 1 WHERE id = 2'),
        two.query('UPDATE t SET v = v + 10 WHERE id = 1'),
      ]);
      const failed = ends.filter(({ status }) => status === 'rejected');
      expect(failed.map((end) => errnoOf((end as PromiseRejectedResult).reason))).toEqual([
        deadlock,
      ]);
      await Promise.all([one.query('COMMIT'), two.query('COMMIT')]);
      await one.query('BEGIN');
      await one.query('UPDATE t SET v = v + 100 WHERE id = 1');
      await two.query('SET innodb_lock_wait_timeout = 1');
      await two.query('BEGIN');
      await two.query('INSERT INTO t VALUES (3, 3)');
      const wait = two.query('UPDATE t SET v = 0 WHERE id = 1');
      await expect(wait).rejects.toMatchObject({ errno: lockWait });
      await two.query('COMMIT');
      await one.query('COMMIT');
      const [rows] = await one.query<RowDataPacket[]>('SELECT id, v FROM t ORDER BY id');
      expect(rows.map(({ id, v }) => `${id}:${v % 100}`)).toEqual(
        expect.arrayContaining([expect.stringMatching(/^2:(1|10)$/), '3:3']),
      );
      for (const client of [one, two]) client.destroy();
    },
  },
  {
    name: 'procedures, triggers and mixed ids of many clients at once',
    run: async (lab) => {
      const client = await lab.client();
      for (const sql of [
        'CREATE TABLE t (id INT PRIMARY KEY, v INT)',
        'INSERT INTO t VALUES (1, 0), (2, 0), (3, 0)',
        'CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(40))',
        'CREATE TABLE u (id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
        'CREATE TRIGGER g AFTER INSERT ON u FOR EACH ROW INSERT INTO log (what) VALUES (NEW.v)',
        'CREATE PROCEDURE p(a INT, b INT) BEGIN DECLARE x INT; SELECT v INTO x FROM t ' +
          'WHERE id = a; UPDATE t SET v = x + 1 WHERE id = b; INSERT INTO log (what) VALUES (x); ' +
          'UPDATE t SET v = v + LAST_INSERT_ID() WHERE id = a; END',
        'CREATE TABLE m (id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
      ]) {
        await client.query(sql);
      }
      await together(lab, 5, async (session, who) => {
        for (let round = 0; round < 4; round++) {
          const row = 1 + ((who + round) % 3);
          await retried(() => session.query(`CALL p(${row}, ${1 + (row % 3)})`));
          await retried(() => session.query(`INSERT INTO u (v) VALUES (${who}), (${round})`));
          const given = 100_000 * (1 + who * 4 + round);
          await retried(() =>
            session.query(`INSERT INTO m VALUES (NULL, 1), (${given}, 2), (NULL, 3)`),
          );
          await session.query('BEGIN');
          await session.query('INSERT INTO log (what) VALUES (1), (2)');
          await session.query('INSERT INTO m (v) VALUES (7), (8)');
          await session.query(round % 2 === 0 ? 'COMMIT' : 'ROLLBACK');
        }
      });
      const [[row]] = await client.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM m');
      expect(row?.['n']).toBe(5 * (4 * 3 + 2 * 2));
      client.destroy();
    },
  },
  {
    name: 'ids of programs on nodes that have counted further',
    run: async (lab) => {
      const client = await lab.client();
      await client.query(
        'CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, v INT, ' +
          'at DATETIME(6) DEFAULT NOW(6))',
      );
      await client.query(
        'CREATE PROCEDURE p() BEGIN INSERT INTO log (v) VALUES (1); ' +
          'INSERT INTO log (v) VALUES (LAST_INSERT_ID()); END',
      );
      // As after a change of the leader, where what was rolled back has moved its counter.
      for (const [index, server] of lab.servers.servers.entries()) {
        const direct = await connectTo(server, { user: 'root', database: lab.schema });
        await direct.query('BEGIN');
        for (let more = 0; more < 2 + 5 * index; more++) {
          await direct.query('INSERT INTO log (v) VALUES (0)');
        }
        await direct.query('ROLLBACK');
        direct.destroy();
      }
      await client.query('CALL p()');
      await client.query('CALL p()');
      await client.query('INSERT INTO log (v) VALUES (LAST_INSERT_ID())');
      client.destroy();
    },
  },
  {
    name: 'parameters of every type of the binary protocol',
    run: async (lab) => {
      const client = await lab.client();
      const columns = boundParameters.map(([type], index) => `c${index} ${type} NULL`);
      await client.query(`CREATE TABLE t (id INT PRIMARY KEY, ${columns.join(', ')})`);
      const raw = await RawClient.connect(lab.port, lab.schema);
      const id = { type: ColumnType.LONG, unsigned: false, value: 1 };
      const bound = boundParameters.map(([, parameter]) => parameter);
      const marks = bound.map(() => '?').join(',');
      await raw.execute(`INSERT INTO t VALUES (?, ${marks})`, [id, ...bound]);
      const names = bound.map((_, index) => `c${index}`).join(',');
      // Read on the leader and logged as rows.
      const query = `SELECT ?, ${marks} FROM t LIMIT 1`;
      await raw.execute(`INSERT INTO t (id, ${names}) ${query}`, [{ ...id, value: 2 }, ...bound]);
      for (const [index, parameter] of bound.entries()) {
        const sql = `UPDATE t SET c${index} = ? WHERE id = 1`;
        await raw.execute(sql, [parameter]);
      }
      raw.end();
      client.destroy();
    },
  },
  {
    name: 'parameters that come in pieces',
    run: async (lab) => {
      const client = await lab.client();
      await client.query('CREATE TABLE t (id INT PRIMARY KEY, b LONGBLOB, s LONGTEXT)');
      const raw = await RawClient.connect(lab.port, lab.schema);
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      const piece = Buffer.concat(Array.from({ length: 2000 }, () => bytes));
      const none = { unsigned: false, value: null };
      await raw.execute(
        'INSERT INTO t VALUES (1, ?, ?)',
        [
          { type: ColumnType.BLOB, ...none },
          { type: ColumnType.VAR_STRING, ...none },
        ],
        new Map([
          [0, [piece, bytes, piece]],
          [1, [Buffer.from('ü'), Buffer.from([0xf0, 0x9f]), Buffer.from([0x98, 0x80])]],
        ]),
      );
      const [[row]] = await client.query<RowDataPacket[]>('SELECT LENGTH(b) AS n, s FROM t');
      expect(row).toEqual({ n: 1_024_256, s: 'ü😀' });
      raw.end();
      client.destroy();
    },
  },
  {
    name: 'time zones by name, over the hour that is there twice and the one that is not',
    run: async (lab) => {
      for (const server of lab.servers.servers) await addTimeZone(server.port);
      const client = await lab.client();
      await client.query('CREATE TABLE t (id INT PRIMARY KEY, at TIMESTAMP NULL, d DATETIME)');
      await client.query("SET time_zone = 'Test/Berlin'");
      await client.query(
        "INSERT INTO t (id, at) VALUES (1, '2024-07-01 12:00:00'), (2, '2024-01-01 12:00:00'), " +
          "(3, '2024-10-27 02:30:00')",
      );
      await client.query('SET timestamp = 1719820800.5');
      await client.query('INSERT INTO t VALUES (4, NOW(), NOW())');
      await client.query('INSERT INTO t SELECT id + 10, at, d FROM t LIMIT 9');
      await client.query("UPDATE t SET d = CONVERT_TZ(at, 'Test/Berlin', '+00:00') WHERE id < 4");
      await client.query("SET time_zone = '+00:00', timestamp = DEFAULT");
      const [rows] = await client.query<RowDataPacket[]>(
        'SELECT CAST(at AS CHAR) AS at, CAST(d AS CHAR) AS d FROM t WHERE id < 5 ORDER BY id',
      );
      expect(rows.map(({ d }) => d)).toContain('2024-07-01 10:00:00');
      expect(rows[1]).toEqual({ at: '2024-01-01 11:00:00', d: '2024-01-01 11:00:00' });
      client.destroy();
    },
  },
];

/** One zone with the rule of Central Europe of 2024; an installation without tables has none. */
async function addTimeZone(port: number): Promise<void> {
  const direct = await connectTo({ port }, { user: 'root', database: 'mysql' });
  const summer = 1_711_846_800;
  const winter = 1_729_990_800;
  for (const sql of [
    "INSERT INTO time_zone (Use_leap_seconds) VALUES ('N')",
    'SET @zone = LAST_INSERT_ID()',
    "INSERT INTO time_zone_name (Name, Time_zone_id) VALUES ('Test/Berlin', @zone)",
    'INSERT INTO time_zone_transition_type VALUES ' +
      "(@zone, 0, 3600, 0, 'CET'), (@zone, 1, 7200, 1, 'CEST')",
    'INSERT INTO time_zone_transition VALUES ' +
      `(@zone, -2147483648, 0), (@zone, ${summer}, 1), (@zone, ${winter}, 0)`,
  ]) {
    await direct.query(sql);
  }
  direct.destroy();
}

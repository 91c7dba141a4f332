import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Connection,
  createConnection,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { connectTo, engines, expectEqualNodes, startServers } from '../support/cluster.ts';
import type { TestServers } from '../support/cluster.ts';

/** What the leader changed nothing by is not run on followers, which might change something. */
describe.each(engines())('writes that change nothing, $name', (engine) => {
  const mariadb = engine.name === 'mariadb';
  /** For what MySQL does not have. */
  const ofMariadb = mariadb ? [engine.name] : [];
  let servers: TestServers;
  let lockstep: TestBalancer;
  const clients: Connection[] = [];
  const client = (index: number): Connection => clients[index] as Connection;
  /** The latest event before a test. */
  let seen = 0;
  const lastSeq = (): bigint | number => lockstep.balancer.control.status().lastSeq;
  const rows = async (sql: string): Promise<RowDataPacket[]> =>
    (await client(0).query<RowDataPacket[]>(sql))[0];

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3, extraArguments: ['--local-infile=1'] });
    lockstep = await startBalancer(servers, { users: [{ name: 'root', password: 'root' }] });
    await untilAllUp(lockstep);
    // Most drivers set it, and then what is met counts, changed or not.
    for (const flags of ['-FOUND_ROWS', '-FOUND_ROWS', '-FOUND_ROWS', 'FOUND_ROWS']) {
      const account = { user: 'root', password: 'root', database: 'app', flags: [flags] };
      const place = { host: '127.0.0.1', port: lockstep.port };
      clients.push(await createConnection({ ...place, ...account }));
    }
  });

  beforeEach(async () => {
    seen = lockstep.balancer.control.events.lastId;
    // Whatever a test that failed has left open.
    for (const each of clients) await each.query('ROLLBACK');
    await client(0).query('DROP TABLE IF EXISTS t, source, heard');
    await client(0).query(
      'CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, u INT UNIQUE, v INT NOT NULL)',
    );
    await client(0).query('CREATE TABLE source (id INT PRIMARY KEY, v INT)');
    await client(0).query('CREATE TABLE heard (id INT AUTO_INCREMENT PRIMARY KEY, v INT)');
    await client(0).query('INSERT INTO t VALUES (1, 1, 1), (3, 5, 3)');
    await client(0).query('INSERT INTO source VALUES (1, 1)');
  });

  afterAll(async () => {
    for (const each of clients) each.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  const divergences = (): readonly unknown[] =>
    lockstep.balancer.control.events.since(seen).filter(({ kind }) => kind === 'divergence');
  const expectEqual = async (): Promise<void> => {
    expect(divergences()).toEqual([]);
    await expectEqualNodes(servers.servers);
  };

  /** Resolves when somebody waits for a lock on the leader, which shows it 100 ms late. */
  const untilLockWait = async (): Promise<void> => {
    const { leader } = lockstep.balancer.control.status();
    const at = servers.servers.findIndex((_, index) => `mysql${index + 1}` === leader);
    await using direct = await connectTo(servers.servers[at] ?? { port: 0 }, { user: 'root' });
    const waits = async (): Promise<boolean> => {
      const [found] = await direct.query<RowDataPacket[]>(
        "SELECT 1 FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'",
      );
      return found.length > 0;
    };
    await vi.waitUntil(waits, { timeout: 20_000, interval: 150 });
  };

  /** The statement generates the id 4, waits, and meets the row that another gave it meanwhile. */
  const meetGenerated = async (sql: string): Promise<ResultSetHeader | RowDataPacket[]> => {
    await client(1).query('BEGIN');
    await client(1).query('SELECT * FROM t WHERE id > 3 FOR UPDATE');
    const waiting = client(2).query<ResultSetHeader | RowDataPacket[]>(sql);
    await untilLockWait();
    await client(1).query('INSERT INTO t VALUES (4, 70, 1)');
    await client(1).query('COMMIT');
    return (await waiting)[0];
  };

  const nothing: readonly string[] = [
    'UPDATE t SET v = 9 WHERE id = 77',
    'UPDATE t SET v = 3 WHERE id = 3',
    'UPDATE t SET v = v',
    'DELETE FROM t WHERE u = 77',
    'DELETE FROM t WHERE v > 50 ORDER BY v LIMIT 1',
    'UPDATE t JOIN source ON t.id = source.v + 50 SET t.v = 9',
    'INSERT IGNORE INTO t VALUES (1, 8, 8)',
    'INSERT IGNORE INTO t (u, v) VALUES (1, 8), (5, 9)',
    'INSERT INTO t VALUES (8, 5, 3) ON DUPLICATE KEY UPDATE v = VALUES(v)',
    'INSERT INTO t (u, v) VALUES (5, 3) ON DUPLICATE KEY UPDATE v = 3, id = LAST_INSERT_ID(id)',
    'INSERT INTO t SELECT id + 50, 50, 1 FROM source WHERE v > 10',
    'INSERT IGNORE INTO t SELECT 1, 50, 1 FROM source',
    'REPLACE INTO t SELECT 1, 50, 1 FROM source WHERE v > 10',
    ...(mariadb
      ? ['SET STATEMENT max_statement_time = 9 FOR UPDATE t SET v = 1 WHERE id = 1']
      : []),
  ];

  test.each(nothing)('is not logged, on whatever way: %s', async (sql) => {
    const before = lastSeq();
    const warnings = async (by: Connection): Promise<unknown> =>
      (await by.query('SHOW WARNINGS'))[0];
    // The second time it is known what it does.
    const [first] = await client(0).query<ResultSetHeader>(sql);
    const told = await warnings(client(0));
    const [second] = await client(0).query<ResultSetHeader>(sql);
    expect(first.affectedRows).toBe(0);
    expect(second).toEqual(first);
    expect(await warnings(client(0))).toEqual(told);
    const [prepared] = await client(0).execute<ResultSetHeader>(sql);
    expect(prepared.affectedRows).toBe(0);
    for (const end of ['COMMIT', 'ROLLBACK']) {
      await client(0).query('BEGIN');
      const [inside] = await client(0).query<ResultSetHeader>(sql);
      expect(inside.affectedRows).toBe(0);
      expect(inside.warningStatus).toBe(first.warningStatus);
      await client(0).query(end);
    }
    expect(lastSeq()).toBe(before);
    await expectEqual();
  });

  test('LOAD DATA of rows that are there leaves its variables, and no entry', async () => {
    const before = lastSeq();
    const [{ affectedRows }] = await client(0).query<ResultSetHeader>({
      sql: "LOAD DATA LOCAL INFILE 'x' INTO TABLE t (id, @given, v) SET u = 1",
      infileStreamFactory: () => Readable.from([Buffer.from('1\t8\t8\n3\t9\t9\n')]),
    });
    expect(affectedRows).toBe(0);
    expect(await rows('SELECT @given AS given')).toEqual([{ given: '9' }]);
    expect(lastSeq()).toBe(before);
  });

  test.each([
    ['UPDATE t SET v = 3 WHERE id = 3', 1],
    ['UPDATE t SET v = v', 2],
    ['UPDATE t SET v = 3 WHERE id = 4', 0],
    ['UPDATE t JOIN source ON t.id = source.v SET t.v = 1', 1],
  ])('with CLIENT_FOUND_ROWS: %s', async (sql, matched) => {
    const before = lastSeq();
    for (const _ of ['first', 'again']) {
      const [found] = await client(3).query<ResultSetHeader>(sql);
      expect([found.affectedRows, found.changedRows]).toEqual([matched, 0]);
    }
    expect(lastSeq()).toBe(before);
    await expectEqual();
  });

  test('beside writes of the same transaction, also one rolled back in part', async () => {
    await client(0).query('BEGIN');
    await client(0).query('UPDATE t SET v = 9 WHERE id = 77');
    await client(0).query('INSERT INTO t (u, v) VALUES (20, 20)');
    await client(0).query('SAVEPOINT a');
    await client(0).query('DELETE FROM t WHERE id = 88');
    await client(0).query('INSERT INTO t (u, v) VALUES (21, 21)');
    await client(0).query('ROLLBACK TO a');
    await client(0).query('INSERT IGNORE INTO t (u, v) VALUES (20, 0)');
    await client(0).query('UPDATE t SET v = v + 1 WHERE u = 20');
    await client(0).query('COMMIT');
    expect(await rows('SELECT u, v FROM t WHERE u >= 20')).toEqual([{ u: 20, v: 21 }]);
    await expectEqual();
  });

  test('what a trigger does beside is logged, also if no row has changed', async () => {
    await client(0).query(
      'CREATE TRIGGER before_t BEFORE UPDATE ON t FOR EACH ROW INSERT INTO heard (v) VALUES (1)',
    );
    const [{ affectedRows }] = await client(0).query<ResultSetHeader>(
      'UPDATE t SET v = 3 WHERE id = 3',
    );
    expect(affectedRows).toBe(0);
    expect(await rows('SELECT v FROM heard')).toEqual([{ v: 1 }]);
    await expectEqual();
  });

  test('an id that the session gives is there for the next row', async () => {
    await client(0).query('SET insert_id = 40');
    await client(0).query('INSERT IGNORE INTO t (u, v) SELECT 1, v FROM source WHERE v > 10');
    await client(0).query('INSERT INTO t (u, v) VALUES (30, 1)');
    expect(await rows('SELECT id FROM t WHERE u = 30')).toEqual([{ id: 40 }]);
    await expectEqual();
  });

  test('LAST_INSERT_ID() and ROW_COUNT() are as on a server', async () => {
    await client(0).query('INSERT INTO t (u, v) VALUES (40, 1)');
    await client(0).query('INSERT IGNORE INTO t (u, v) VALUES (40, 1)');
    const [after] = await rows('SELECT ROW_COUNT() AS count, LAST_INSERT_ID() AS id');
    const [made] = await rows('SELECT id FROM t WHERE u = 40');
    expect(after).toEqual({ count: 0, id: made?.['id'] });
    await client(0).query(
      'INSERT INTO t (u, v) VALUES (40, 1) ON DUPLICATE KEY UPDATE v = 1, id = LAST_INSERT_ID(id)',
    );
    expect(await rows('SELECT LAST_INSERT_ID() AS id')).toEqual([made]);
    await expectEqual();
  });

  test('an ignored row, whose id another took while it waited', async () => {
    const told = await meetGenerated('INSERT IGNORE INTO t (u, v) VALUES (62, 1)');
    expect(told).toMatchObject({ affectedRows: 0 });
    await client(0).query('UPDATE t SET v = v + 1');
    await expectEqual();
  });

  test.each(ofMariadb)('the same with RETURNING, %s', async () => {
    const sql = 'INSERT IGNORE INTO t (u, v) VALUES (62, 1) RETURNING id';
    expect(await meetGenerated(sql)).toEqual([]);
    await client(0).query('UPDATE t SET v = v + 1');
    await expectEqual();
  });

  test.each([
    ['of one row', '(62, 1)', 2],
    ['of two rows', '(62, 1), (63, 1)', 3],
  ])('an upsert %s that changes it is noticed on followers, and mended', async (_, values, v) => {
    await meetGenerated(`INSERT INTO t (u, v) VALUES ${values} ON DUPLICATE KEY UPDATE v = v + 1`);
    await expect.poll(() => divergences().length, { timeout: 20_000 }).toBe(2);
    await untilAllUp(lockstep);
    await expectEqualNodes(servers.servers);
    expect(await rows('SELECT * FROM t WHERE id > 3')).toEqual([{ id: 4, u: 70, v }]);
  });

  test('an UPDATE that waits at a key while its row moves under a smaller id', async () => {
    await client(0).query('INSERT INTO t VALUES (15413, 37, 0)');
    await client(1).query('BEGIN');
    await client(1).query('SELECT * FROM t WHERE u = 37 FOR UPDATE');
    const waiting = client(2)
      .query<ResultSetHeader>('UPDATE t SET v = 9 WHERE u = 37')
      .then(
        ([{ affectedRows }]) => affectedRows,
        ({ errno }: { errno?: number }) => errno,
      );
    await untilLockWait();
    const errno = await client(1)
      .query('DELETE FROM t WHERE id = 15413')
      .then(() => client(1).query('INSERT INTO t VALUES (2, 37, 5)'))
      .then(() => client(1).query('COMMIT'))
      .then(
        () => undefined,
        (error: { errno?: number }) => error.errno,
      );
    // MySQL finds neither the row that was nor the one that is; MariaDB sees a deadlock.
    if (mariadb) expect([errno, await waiting]).toContain(1213);
    else expect([errno, await waiting]).toEqual([undefined, 0]);
    await client(1).query('ROLLBACK');
    await expectEqual();
  });

  test('seeds that the session gives are there for the next statement', async () => {
    const give = 'SET rand_seed1 = 11, rand_seed2 = 22';
    await client(0).query(give);
    const first = await rows('SELECT RAND() AS r');
    for (const sql of [
      'UPDATE t SET v = RAND() * 100 WHERE id = 77',
      'INSERT INTO t SELECT 50, 50, RAND() * 100 FROM t WHERE id = 77',
    ]) {
      for (let round = 0; round < 5; round++) {
        await client(0).query(give);
        await client(0).query(sql);
        expect(await rows('SELECT RAND() AS r')).toEqual(first);
      }
    }
  });

  test('IGNORE over a table by whose foreign keys others change', async () => {
    await client(0).query('CREATE TABLE IF NOT EXISTS parent (id INT PRIMARY KEY)');
    await client(0).query(
      'CREATE TABLE IF NOT EXISTS child (id INT PRIMARY KEY, p INT, ' +
        'FOREIGN KEY (p) REFERENCES parent (id) ON UPDATE CASCADE ON DELETE CASCADE)',
    );
    await client(0).query('REPLACE INTO parent VALUES (3), (4)');
    await client(0).query('REPLACE INTO child VALUES (1, 3)');
    // MySQL would change the child, and say that nothing has changed.
    for (const sql of [
      'UPDATE IGNORE parent SET id = 4 WHERE id = 3',
      'DELETE IGNORE FROM parent WHERE id = 77',
      'INSERT IGNORE INTO parent VALUES (3) ON DUPLICATE KEY UPDATE id = 4',
    ]) {
      const running = client(0).query(sql);
      if (mariadb) await running;
      else await expect(running).rejects.toThrow(/IGNORE may change .* leave IGNORE out/);
    }
    await client(0).query('INSERT IGNORE INTO parent VALUES (3), (5)');
    expect(await rows('SELECT * FROM child')).toEqual([{ id: 1, p: 3 }]);
    await expectEqual();
  });

  test.each(ofMariadb)('a sequence that is moved where no row is met, %s', async () => {
    await client(0).query('CREATE OR REPLACE SEQUENCE moved');
    await client(0).query('UPDATE t SET v = 1 WHERE SETVAL(moved, 7000) < 0');
    for (const server of servers.servers) {
      const direct = await connectTo(server, { user: 'root', database: 'app' });
      const [found] = await direct.query('SELECT next_not_cached_value AS next FROM moved');
      await direct.end();
      expect(found).toEqual([{ next: 7001 }]);
    }
    await client(0).query('DROP SEQUENCE moved');
  });

  test.each(ofMariadb)('a history that gets partitions by writes to it, %s', async () => {
    await client(0).query(
      'CREATE OR REPLACE TABLE past (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING ' +
        'PARTITION BY SYSTEM_TIME INTERVAL 1 SECOND AUTO',
    );
    await delay(1500);
    const before = Number(lastSeq());
    await client(0).query('UPDATE past SET v = 7 WHERE id = 77');
    await client(0).query('UPDATE past SET v = 7 WHERE id = 77');
    expect(Number(lastSeq())).toBe(before + 2);
    await expectEqual();
    await client(0).query('DROP TABLE past');
  });

  test('the session reads nothing older than what such a write has met', async () => {
    await lockstep.restartWith((config) => ({ ...config, acks: 'leader' }));
    await untilAllUp(lockstep);
    const account = { user: 'root', password: 'root', database: 'app', flags: ['-FOUND_ROWS'] };
    const place = { host: '127.0.0.1', port: lockstep.port };
    const own = await Promise.all([1, 2].map(() => createConnection({ ...place, ...account })));
    const [writer, other] = own as [Connection, Connection];
    const { leader } = lockstep.balancer.control.status();
    const followers = await Promise.all(
      servers.servers
        .filter((_, index) => `mysql${index + 1}` !== leader)
        .map((server) => connectTo(server, { user: 'root', database: 'app' })),
    );
    try {
      for (const sql of ['UPDATE t SET v = 50 WHERE id = 3', 'UPDATE t SET v = 51 WHERE id = 3']) {
        for (const follower of followers) {
          await follower.query('BEGIN');
          await follower.query('SELECT * FROM t WHERE id = 3 FOR UPDATE');
        }
        await writer.query(sql);
        // The first time it is not known yet, and goes the long way.
        const [met] = await other.query<ResultSetHeader>(sql);
        expect(met.affectedRows).toBe(0);
        for (let read = 0; read < 6; read++) {
          const [found] = await other.query<RowDataPacket[]>('SELECT v FROM t WHERE id = 3');
          expect(found).toEqual([{ v: sql.includes('50') ? 50 : 51 }]);
        }
        for (const follower of followers) await follower.query('ROLLBACK');
      }
    } finally {
      for (const connection of [...followers, ...own]) connection.destroy();
    }
    await untilAllUp(lockstep);
    await expectEqual();
  });
});

import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { connectTo, engines, expectEqualNodes, startServers } from '../support/cluster.ts';
import type { TestServers } from '../support/cluster.ts';
import { holdAt } from '../support/hold-at.ts';

/** What is known of a write after its first run holds for the others of its form. */
describe.each(engines())('writes of a form that is known, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;

  beforeAll(async () => {
    servers = await startServers({
      engine,
      count: 2,
      extraArguments: ['--innodb-lock-wait-timeout=3'],
    });
    lockstep = await startBalancer(servers);
    await untilAllUp(lockstep);
  });

  beforeEach(async () => {
    client?.destroy();
    client = await connectTo(lockstep, { database: 'app' });
    await client.query('DROP TABLE IF EXISTS t, u');
    await client.query(
      'CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, n INT NOT NULL DEFAULT 7, ' +
        'word VARCHAR(20))',
    );
    await client.query("INSERT INTO t (id, word) VALUES (1, 'a'), (2, 'b'), (3, 'c')");
  });

  afterAll(async () => {
    client?.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  const run = async (sql: string, of: Connection = client): Promise<ResultSetHeader> => {
    const [result] = await of.query<ResultSetHeader>(sql);
    return result;
  };

  const read = async (sql: string, of: Connection = client): Promise<RowDataPacket[]> => {
    const [rows] = await of.query<RowDataPacket[]>(sql);
    return rows;
  };

  const value = async (expression: string): Promise<unknown> => {
    const [row] = await read(`SELECT ${expression} AS v`);
    return row?.['v'];
  };

  const errnoOf = (sql: string): Promise<number | undefined> =>
    run(sql).then(
      () => undefined,
      (error: { errno?: number }) => error.errno,
    );

  const rows = (): Promise<RowDataPacket[]> => read('SELECT id, n, word FROM t ORDER BY id');

  test('answer as the first does, in a transaction too', async () => {
    for (const around of [[], ['BEGIN', 'COMMIT']]) {
      for (let n = 1; n <= 4; n += 1) {
        if (around[0]) await run(around[0]);
        expect(await run(`UPDATE t SET n = ${n} WHERE id = 2`)).toMatchObject({
          affectedRows: 1,
          info: expect.stringContaining('Rows matched: 1'),
        });
        expect(await value('ROW_COUNT()')).toBe(1);
        expect(await run(`UPDATE t SET n = ${n} WHERE id = 2${n}`)).toMatchObject({
          affectedRows: 0,
        });
        expect(await run(`DELETE FROM t WHERE n = ${n} AND id > 2`)).toMatchObject({
          affectedRows: n === 7 ? 1 : 0,
        });
        if (around[1]) await run(around[1]);
      }
    }
    expect(await rows()).toMatchObject([{ n: 7 }, { n: 4 }, { n: 7 }]);
    await expectEqualNodes(servers.servers);
  });

  test('generate ids, or keep those that are given', async () => {
    for (const around of [[], ['BEGIN', 'COMMIT']]) {
      if (around[0]) await run(around[0]);
      for (const given of ['0', 'NULL', 'DEFAULT', "'0'"]) {
        for (let count = 0; count < 3; count += 1) {
          const { insertId } = await run(`INSERT INTO t (word, id) VALUES ('x', ${given})`);
          expect(insertId).toBeGreaterThan(3);
          expect(await value('LAST_INSERT_ID()')).toBe(insertId);
          expect(await value('(SELECT MAX(id) FROM t)')).toBe(insertId);
        }
      }
      for (let count = 0; count < 3; count += 1) {
        const last = Number(await value('LAST_INSERT_ID()'));
        const id = 1000 + Number(await value('(SELECT MAX(id) FROM t)'));
        await run(`INSERT INTO t (word, id) VALUES ('y', ${id})`);
        expect(await value('LAST_INSERT_ID()')).toBe(last);
        expect((await run("INSERT INTO t (word) VALUES ('z')")).insertId).toBe(id + 1);
        await run(`UPDATE t SET n = LAST_INSERT_ID() WHERE id = ${id}`);
        await run(
          `INSERT INTO t (word, id) VALUES ('w', ${last}) ON DUPLICATE KEY UPDATE n = n + 1`,
        );
        await run(`INSERT INTO t (word) VALUES ('p'), ('q')`);
      }
      if (around[1]) await run(around[1]);
    }
    await run("SET sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')");
    for (let count = 0; count < 3; count += 1) {
      await run("INSERT INTO t (word, id) VALUES ('zero', 0)");
      await run('DELETE FROM t WHERE id = 0');
    }
    await expectEqualNodes(servers.servers);
  });

  test('leave no id behind for other sessions when they fail', async () => {
    await run('CREATE OR REPLACE VIEW v AS SELECT LAST_INSERT_ID() AS id FROM t');
    await run('CREATE UNIQUE INDEX once ON t (word)');
    const other = await connectTo(lockstep, { database: 'app' });
    try {
      for (const around of [[], ['BEGIN', 'ROLLBACK']]) {
        for (let n = 0; n < 3; n += 1)
          await run(`INSERT INTO t (word) VALUES ('${around.length}${n}')`);
        for (let n = 0; n < 3; n += 1) {
          if (around[0]) await run(around[0]);
          expect(await errnoOf(`INSERT INTO t (word) VALUES ('x${n}'), ('a')`)).toBe(1062);
          if (around[1]) await run(around[1]);
          // On the leader, where the other one's connection is free.
          await run('BEGIN', other);
          await read('SELECT n FROM t WHERE id = 1', other);
          expect(await read('SELECT DISTINCT id FROM v', other)).toEqual([{ id: 0 }]);
          await run('COMMIT', other);
        }
      }
    } finally {
      other.destroy();
      await run('DROP VIEW v');
    }
  });

  test('keep the id that was set for them when the leader is lost', async () => {
    for (let n = 0; n < 3; n += 1) await run(`INSERT INTO t (word) VALUES ('${n}')`);
    await run('SET insert_id = 500');
    // The leader's connection is as the session is then.
    await run('BEGIN');
    await read('SELECT n FROM t WHERE id = 1');
    await run('COMMIT');
    const leader = lockstep.balancer.control.status().leader ?? '';
    const server = servers.servers.find(({ name }) => name === leader);
    const held = holdAt('write.executed', leader);
    const inserted = run("INSERT INTO t (word) VALUES ('set')");
    await held.reached;
    await server?.kill();
    held.release();
    expect(await inserted).toMatchObject({ insertId: 500 });
    expect((await run("INSERT INTO t (word) VALUES ('next')")).insertId).toBe(501);
    await server?.start();
    await untilAllUp(lockstep);
    await expectEqualNodes(servers.servers);
  });

  test('are looked at anew when a definition has changed', async () => {
    for (let n = 0; n < 3; n += 1) await run(`INSERT INTO t (word) VALUES ('${n}')`);
    await run(
      'CREATE TABLE u (id INT PRIMARY KEY AUTO_INCREMENT, at DATETIME(6), word VARCHAR(20))',
    );
    await run(
      'CREATE TRIGGER log AFTER INSERT ON t FOR EACH ROW ' +
        'INSERT INTO u (at, word) VALUES (NOW(6), NEW.word)',
    );
    for (let n = 3; n < 6; n += 1) await run(`INSERT INTO t (word) VALUES ('${n}')`);
    await run('ALTER TABLE t ADD at DATETIME(6) DEFAULT NOW(6)');
    for (let n = 6; n < 9; n += 1) await run(`INSERT INTO t (word) VALUES ('${n}')`);
    await run('DROP TRIGGER log');
    await run('DROP TABLE t');
    expect(await errnoOf("INSERT INTO t (word) VALUES ('9')")).toBe(1146);
    await run('CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(20)) ENGINE=MyISAM');
    expect(await errnoOf("INSERT INTO t (word) VALUES ('10')")).not.toBe(undefined);
    expect(await read('SELECT word FROM u ORDER BY id')).toMatchObject(
      [3, 4, 5, 6, 7, 8].map((n) => ({ word: String(n) })),
    );
    await expectEqualNodes(servers.servers);
  });

  test('are refused as the first is, and leave their warnings', async () => {
    for (let count = 0; count < 3; count += 1) {
      for (const around of [[], ['BEGIN', 'COMMIT']]) {
        if (around[0]) await run(around[0]);
        expect(await errnoOf("INSERT INTO t (id, word) VALUES (1, 'again')")).toBe(1062);
        expect(await value('ROW_COUNT()')).toBe(-1);
        expect(await errnoOf("INSERT INTO t (id, word) VALUES (1, 'again')")).toBe(1062);
        expect(await read('SHOW WARNINGS')).toMatchObject([{ Code: 1062 }]);
        expect(await run(`INSERT IGNORE INTO t (id, n) VALUES (1, ${count})`)).toMatchObject({
          affectedRows: 0,
          warningStatus: 1,
        });
        expect(await read('SHOW WARNINGS')).toMatchObject([{ Code: 1062 }]);
        expect(await run(`UPDATE t SET word = 'ok' WHERE id = ${count}`)).toMatchObject({
          warningStatus: 0,
        });
        expect(await read('SHOW WARNINGS')).toEqual([]);
        if (around[1]) await run(around[1]);
      }
    }
    await expectEqualNodes(servers.servers);
  });

  test('that may mean the row inserted last are refused', async () => {
    const update = (n: number): string => `UPDATE t SET n = ${n} WHERE id IS NULL`;
    for (let n = 0; n < 3; n += 1) await run(update(n));
    await run('SET sql_auto_is_null = 1');
    await run("INSERT INTO t (word) VALUES ('last')");
    await expect(run(update(99))).rejects.toThrow('sql_auto_is_null');
    await run('SET sql_auto_is_null = 0');
    expect(await run(update(99))).toMatchObject({ affectedRows: 0 });
    await expectEqualNodes(servers.servers);
  });

  test('wait for locks and are ended like any other', async () => {
    const update = (n: number): string => `UPDATE t SET n = ${n} WHERE id = 1`;
    for (let n = 0; n < 3; n += 1) await run(update(n));
    const other = await connectTo(lockstep, { database: 'app' });
    try {
      await run('BEGIN', other);
      await run(update(50), other);
      expect(await errnoOf(update(51))).toBe(1205);
      const ended = errnoOf(update(52));
      await delay(100);
      await run(`KILL QUERY ${client.threadId}`, other);
      expect(await ended).toBe(1317);
      await run('BEGIN');
      await run('UPDATE t SET n = 53 WHERE id = 2');
      const victims = Promise.allSettled([
        run('UPDATE t SET n = 54 WHERE id = 2', other),
        delay(100).then(() => run(update(55))),
      ]);
      const refused = (await victims).filter(({ status }) => status === 'rejected');
      expect(refused).toMatchObject([{ reason: { errno: 1213 } }]);
      await Promise.allSettled([run('COMMIT'), run('COMMIT', other)]);
    } finally {
      other.destroy();
    }
    await expectEqualNodes(servers.servers);
  });

  test('have one time on all nodes wherever they ask for it, behind an outage too', async () => {
    await run(
      'CREATE TABLE u (id INT PRIMARY KEY AUTO_INCREMENT, at DATETIME(6) DEFAULT NOW(6) ' +
        'ON UPDATE NOW(6), noon TIME, day DATETIME, word VARCHAR(40), n BIGINT DEFAULT 0)',
    );
    const follower = lockstep.balancer.control.nodes().find(({ leader }) => !leader)?.name;
    const server = servers.servers.find(({ name }) => name === follower);
    await server?.kill();
    for (let n = 0; n < 3; n += 1) {
      for (const around of [[], ['BEGIN', 'COMMIT']]) {
        if (around[0]) await run(around[0]);
        await run(`INSERT INTO u (noon, n) VALUES ('12:00:00', ${n})`);
        await run(`UPDATE u SET day = noon WHERE n = ${n}`);
        await run(`UPDATE u SET word = UNIX_TIMESTAMP() WHERE n = ${n}`);
        await run(`UPDATE t SET word = NOW() WHERE id = ${n}`);
        await run(`UPDATE t SET n = (TIME '10:00:00' < NOW()) WHERE id = ${n}`);
        await run(`UPDATE t SET word = CAST(TIME'10:00:00' AS DATETIME) WHERE id = 3`);
        await run(`UPDATE t SET n = n + ${n} WHERE id = 3`);
        if (around[1]) await run(around[1]);
      }
    }
    await delay(1100);
    await server?.start();
    await untilAllUp(lockstep);
    await expectEqualNodes(servers.servers);
  });
});

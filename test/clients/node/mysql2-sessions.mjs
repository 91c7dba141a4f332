// mysql2: what a connection can be besides a way to ask one statement after the other.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { check, failureOf, range, runChecks, shown } from './checks.mjs';
import { connect, errorOf, header, on } from './mysql2-settings.mjs';

async function before() {
  await on({ multipleStatements: true }, async (connection) => {
    await connection.query(
      'DROP TABLE IF EXISTS ms_item, ms_big, ms_load, ms_many; DROP PROCEDURE IF EXISTS ms_both;' +
        'DROP PROCEDURE IF EXISTS ms_write;' +
        'CREATE TABLE ms_item (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) UNIQUE,' +
        ' n INT);' +
        'CREATE TABLE ms_big (id INT PRIMARY KEY, body LONGBLOB);' +
        'CREATE TABLE ms_load (id INT PRIMARY KEY, name VARCHAR(20));' +
        'CREATE TABLE ms_many (id INT PRIMARY KEY, body VARCHAR(200))',
    );
    await connection.query(
      'CREATE PROCEDURE ms_both(IN a INT, OUT b INT)' +
        ' BEGIN SELECT a AS first; SELECT a + 1 AS second, "x" AS more; SET b = a * 2; END',
    );
    await connection.query(
      'CREATE PROCEDURE ms_write(IN a INT)' +
        ' BEGIN INSERT INTO ms_item (name, n) VALUES (CONCAT("by call ", a), a); END',
    );
    const rows = range(20_000).map((id) => [id, `${id}`.padEnd(150, 'x')]);
    await connection.query('INSERT INTO ms_many VALUES ?', [rows]);
  });
}

/** Waits until some session runs such a statement. */
async function untilRuns(connection, pattern) {
  const sql = 'SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE INFO LIKE ?';
  for (;;) {
    const [[{ n }]] = await connection.query(sql, [pattern]);
    if (n > 0) return;
  }
}

shown('several statements sent as one', () =>
  on({ multipleStatements: true }, async (connection) => {
    await connection.query('DELETE FROM ms_item');
    const [results] = await connection.query(
      'SELECT 1 AS a; INSERT INTO ms_item (id, name, n) VALUES (1, "a", 1), (2, "b", 2);' +
        ' UPDATE ms_item SET n = n + 1; SELECT id, n FROM ms_item ORDER BY id;' +
        ' SET @a = 5; SELECT @a',
    );
    const answers = results.map((one) => (Array.isArray(one) ? one : header(one)));
    const error = await errorOf(
      connection.query(
        'INSERT INTO ms_item (id, name) VALUES (3, "c"); INSERT INTO ms_item (id) VALUES (1);' +
          ' INSERT INTO ms_item (id) VALUES (4)',
      ),
    );
    const [rows] = await connection.query('SELECT id FROM ms_item ORDER BY id');
    return { answers, error, rows };
  }),
);

shown('several statements are refused where the client did not ask for them', () =>
  on({}, (connection) => errorOf(connection.query('SELECT 1; SELECT 2'))),
);

shown('a transaction in one packet', () =>
  on({ multipleStatements: true }, async (connection) => {
    await connection.query('DELETE FROM ms_item');
    await connection.query('BEGIN; INSERT INTO ms_item (id) VALUES (10); COMMIT');
    await connection.query('BEGIN; INSERT INTO ms_item (id) VALUES (11); ROLLBACK');
    return (await connection.query('SELECT id FROM ms_item'))[0];
  }),
);

shown('CALL: results, OUT parameters, writes', () =>
  on({}, async (connection) => {
    const shape = (answer) => answer.map((one) => (Array.isArray(one) ? one : header(one)));
    const [text] = await connection.query('CALL ms_both(20, @out)');
    const [[out]] = await connection.query('SELECT @out AS value');
    const [prepared] = await connection.execute('CALL ms_both(?, @out)', [30]);
    const [write] = await connection.query('CALL ms_write(1)');
    const [again] = await connection.execute('CALL ms_write(?)', [2]);
    const [rows] = await connection.query('SELECT name FROM ms_item WHERE name LIKE "by%"');
    return { text: shape(text), out, prepared: shape(prepared), write, again, rows };
  }),
);

for (const compress of [false, true]) {
  const how = compress ? ', compressed' : '';

  check(`a stream of 20,000 rows that is paused now and then${how}`, () =>
    on({ compress }, async (connection) => {
      let count = 0;
      const rows = connection.connection.query('SELECT * FROM ms_many ORDER BY id').stream();
      for await (const row of rows) {
        assert.equal(row.id, count++);
        if (count % 5000 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(count, 20_000);
      await connection.ping();
    }),
  );

  check(`17 MB in one value, written and read${how}`, () =>
    on({ compress }, async (connection) => {
      const body = Buffer.alloc(17 * 1024 * 1024, 'abc\0\\\'"');
      await connection.query('REPLACE INTO ms_big VALUES (1, ?)', [body]);
      await connection.execute('REPLACE INTO ms_big VALUES (?, ?)', [2, body]);
      for (const id of [1, 2]) {
        const [[row]] = await connection.query('SELECT body FROM ms_big WHERE id = ?', [id]);
        assert.ok(body.equals(row.body));
      }
    }),
  );
}

check('TLS', async () => {
  await on({ ssl: { rejectUnauthorized: false } }, async (connection) => {
    const [[row]] = await connection.query('SELECT 1 + 1 AS two');
    assert.equal(row.two, 2);
    const [[big]] = await connection.query('SELECT REPEAT("x", 3000000) AS big');
    assert.equal(big.big.length, 3_000_000);
  });
});

check('TLS and compression', () =>
  on({ ssl: { rejectUnauthorized: false }, compress: true }, async (connection) => {
    const [rows] = await connection.query('SELECT * FROM ms_many');
    assert.equal(rows.length, 20_000);
  }),
);

shown('changeUser begins a fresh session', () =>
  on({}, async (connection) => {
    await connection.query('SET @mine = 1, time_zone = "+05:00"');
    await connection.query('CREATE TEMPORARY TABLE ms_temporary (id INT)');
    await connection.beginTransaction();
    await connection.query('INSERT INTO ms_item (name) VALUES ("not committed")');
    await connection.changeUser({ database: 'app' });
    const [[row]] = await connection.query(
      'SELECT @mine AS mine, @@time_zone AS zone, DATABASE() AS db',
    );
    const gone = await errorOf(connection.query('SELECT * FROM ms_temporary'));
    const [left] = await connection.query('SELECT * FROM ms_item WHERE name = "not committed"');
    return { row, gone, left };
  }),
);

check('changeUser with a wrong password fails', () =>
  on({}, async (connection) => {
    const error = await failureOf(connection.changeUser({ user: 'app', password: 'wrong' }));
    assert.equal(error.code, 'ER_ACCESS_DENIED_ERROR');
  }),
);

shown('reset begins a fresh session', () =>
  on({}, async (connection) => {
    await connection.query('SET @mine = 1, sql_mode = ""');
    await connection.execute('SELECT ? AS x', [1]);
    await connection.reset();
    const [[row]] = await connection.query('SELECT @mine AS mine, DATABASE() AS db');
    const [[mode]] = await connection.query('SELECT @@sql_mode = @@GLOBAL.sql_mode AS same');
    const [[again]] = await connection.execute('SELECT ? AS x', [2]);
    return { row, mode, again };
  }),
);

shown('transactions, savepoints, what others see', () =>
  on({}, async (one) =>
    on({}, async (other) => {
      const seen = [];
      const look = async (connection) => {
        const sql = 'SELECT name FROM ms_item WHERE name LIKE "t%" ORDER BY name';
        seen.push((await connection.query(sql))[0].map(({ name }) => name).join());
      };
      await one.beginTransaction();
      await one.query('INSERT INTO ms_item (name) VALUES ("t1")');
      await look(one);
      await look(other);
      await one.query('SAVEPOINT a');
      await one.query('INSERT INTO ms_item (name) VALUES ("t2")');
      await one.query('ROLLBACK TO SAVEPOINT a');
      await one.execute('INSERT INTO ms_item (name) VALUES (?)', ['t3']);
      await one.query('RELEASE SAVEPOINT a');
      await one.commit();
      await look(one);
      await look(other);
      await one.beginTransaction();
      await one.query('DELETE FROM ms_item WHERE name LIKE "t%"');
      await look(one);
      await one.rollback();
      await look(one);
      await one.query('DELETE FROM ms_item WHERE name LIKE "t%"');
      await look(other);
      return seen;
    }),
  ),
);

check('a deadlock has one victim, with the error that drivers retry', () =>
  on({}, (one) =>
    on({}, async (other) => {
      await one.query('REPLACE INTO ms_item (id, name) VALUES (901, "d1"), (902, "d2")');
      await one.beginTransaction();
      await other.beginTransaction();
      await one.query('UPDATE ms_item SET n = 1 WHERE id = 901');
      await other.query('UPDATE ms_item SET n = 1 WHERE id = 902');
      const results = await Promise.allSettled([
        one.query('UPDATE ms_item SET n = 2 WHERE id = 902'),
        other.query('UPDATE ms_item SET n = 2 WHERE id = 901'),
      ]);
      const errors = results.flatMap(({ reason }) => (reason ? [reason] : []));
      assert.deepEqual(
        errors.map(({ code, errno, sqlState }) => [code, errno, sqlState]),
        [['ER_LOCK_DEADLOCK', 1213, '40001']],
      );
      await Promise.all([one.rollback(), other.rollback()]);
    }),
  ),
);

shown('locks: a wait that ends, NOWAIT, SKIP LOCKED', () =>
  on({}, (one) =>
    on({}, async (other) => {
      await one.query('REPLACE INTO ms_item (id, name) VALUES (903, "w1"), (904, "w2")');
      await one.beginTransaction();
      await one.query('SELECT * FROM ms_item WHERE id = 903 FOR UPDATE');
      await other.query('SET SESSION innodb_lock_wait_timeout = 1');
      const late = await errorOf(other.query('UPDATE ms_item SET n = 9 WHERE id = 903'));
      const now = await errorOf(
        other.query('SELECT * FROM ms_item WHERE id = 903 FOR UPDATE NOWAIT'),
      );
      const [free] = await other.query(
        'SELECT id FROM ms_item WHERE id IN (903, 904) ORDER BY id FOR UPDATE SKIP LOCKED',
      );
      await one.commit();
      return { late, now, free };
    }),
  ),
);

shown('LOAD DATA LOCAL INFILE from a stream', () =>
  on({ flags: ['LOCAL_FILES'] }, async (connection) => {
    await connection.query('DELETE FROM ms_load');
    const text = range(500)
      .map((id) => `${id}\tname ${id}\n`)
      .join('');
    const [result] = await connection.query({
      sql: 'LOAD DATA LOCAL INFILE "any" INTO TABLE ms_load',
      infileStreamFactory: () =>
        Readable.from([Buffer.from(text.slice(0, 100)), Buffer.from(text.slice(100))]),
    });
    const sql = 'SELECT COUNT(*) AS n, MAX(id) AS last, MIN(name) AS name FROM ms_load';
    const [[row]] = await connection.query(sql);
    return { result: header(result), row };
  }),
);

shown('character sets and collations of the connection', async () => {
  const rows = [];
  for (const charset of ['utf8mb4', 'UTF8MB4_UNICODE_CI', 'latin1', 'UTF8_GENERAL_CI']) {
    await on({ charset }, async (connection) => {
      const [[row], fields] = await connection.query(
        'SELECT "grüße" AS text, HEX("ü") AS bytes, @@character_set_client AS client,' +
          ' @@character_set_results AS results, @@collation_connection AS collation',
      );
      rows.push({ ...row, number: fields[0].characterSet });
      await connection.query('SET NAMES latin1 COLLATE latin1_german1_ci');
      const [[later], [field]] = await connection.query('SELECT HEX("a") AS a');
      rows.push({ ...later, number: field.characterSet });
    });
  }
  return rows;
});

shown('what a session sets, it sees', () =>
  on({}, async (connection) => {
    await connection.query('SET time_zone = "+03:00", sql_mode = "ANSI_QUOTES", @v = 0x6162');
    await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE');
    const rows = [];
    for (const _ of range(6)) {
      const [[row]] = await connection.query(
        'SELECT @@time_zone AS zone, @@sql_mode AS mode, @v AS v, 1 AS "quoted"',
      );
      rows.push(row);
    }
    assert.equal(new Set(rows.map((row) => JSON.stringify(row))).size, 1);
    return rows[0];
  }),
);

shown('LAST_INSERT_ID, ROW_COUNT, FOUND_ROWS, warnings', () =>
  on({}, async (connection) => {
    const all = [];
    const ask = async (sql) => all.push((await connection.query(sql))[0]);
    await connection.query('DELETE FROM ms_item');
    await connection.query('ALTER TABLE ms_item AUTO_INCREMENT = 50');
    await connection.query('INSERT INTO ms_item (name) VALUES ("x"), ("y")');
    await ask('SELECT LAST_INSERT_ID() AS id, ROW_COUNT() AS count');
    await connection.query('SELECT SQL_CALC_FOUND_ROWS id FROM ms_item LIMIT 1');
    await ask('SELECT FOUND_ROWS() AS found');
    await connection.query('SET sql_mode = ""');
    await connection.query('INSERT INTO ms_item (name, n) VALUES ("z", "many"), ("zz", 1e99)');
    await ask('SHOW WARNINGS');
    await ask('SHOW COUNT(*) WARNINGS');
    return all;
  }),
);

check('many questions at once on one connection are answered in order', () =>
  on({}, async (connection) => {
    const answers = await Promise.all(
      range(300).map((n) =>
        n % 3 === 0
          ? connection.execute('SELECT ? AS n', [n])
          : connection.query(`SELECT ${n} AS n`),
      ),
    );
    assert.deepEqual(
      answers.map(([[row]]) => Number(row.n)),
      range(300),
    );
  }),
);

check('a connection is ended by KILL from another', () =>
  on({}, (one) =>
    on({}, async (other) => {
      const sleeping = one.query('SELECT SLEEP(30)').catch(() => {});
      one.on('error', () => {});
      await untilRuns(other, 'SELECT SLEEP%');
      await other.query(`KILL ${one.threadId}`);
      await sleeping;
      await failureOf(one.query('SELECT 1'));
      await other.ping();
    }),
  ),
);

shown('KILL QUERY leaves the connection', () =>
  on({}, (one) =>
    on({}, async (other) => {
      await other.query('REPLACE INTO ms_item (id, name) VALUES (905, "asleep")');
      const asleep = errorOf(one.query('SELECT name, SLEEP(30) FROM ms_item FOR UPDATE'));
      await untilRuns(other, 'SELECT name, SLEEP%');
      await other.query(`KILL QUERY ${one.threadId}`);
      const error = await asleep;
      await one.ping();
      return error;
    }),
  ),
);

check('a time limit of the driver ends the wait', () =>
  on({}, async (connection) => {
    const error = await failureOf(connection.query({ sql: 'SELECT SLEEP(20)', timeout: 100 }));
    assert.equal(error.code, 'PROTOCOL_SEQUENCE_TIMEOUT');
  }),
);

shown('temporary tables and user locks', () =>
  on({}, (one) =>
    on({}, async (other) => {
      await one.query('CREATE TEMPORARY TABLE ms_mine (id INT PRIMARY KEY)');
      await one.query('INSERT INTO ms_mine VALUES (1), (2)');
      const [rows] = await one.query('SELECT COUNT(*) AS n FROM ms_mine');
      const hidden = await errorOf(other.query('SELECT * FROM ms_mine'));
      const [[held]] = await one.query('SELECT GET_LOCK("ms lock", 1) AS held');
      const [[refused]] = await other.query('SELECT GET_LOCK("ms lock", 0) AS held');
      await one.query('DO RELEASE_LOCK("ms lock")');
      const [[free]] = await other.query('SELECT GET_LOCK("ms lock", 5) AS held');
      return { rows, hidden, held, refused, free };
    }),
  ),
);

check('a connection that is ended says goodbye', async () => {
  const connection = await connect({ connectAttributes: { program_name: 'checks' } });
  const ended = once(connection.connection.stream, 'close');
  await connection.end();
  await ended;
});

await runChecks({ before });

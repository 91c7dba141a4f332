// The MariaDB connector for Node: connections and statements.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import mariadb from 'mariadb';
import {
  check,
  failureOf,
  onMariadb,
  range,
  runChecks,
  shown,
  target,
  withoutIds,
} from './checks.mjs';

const { host, port, user, password, database } = target;
// MySQL gives a password that is not cached only for its key or inside TLS.
const settings = { host, port, user, password, database, allowPublicKeyRetrieval: true };
const connect = (more = {}) => mariadb.createConnection({ ...settings, ...more });

async function on(more, use) {
  const connection = await connect(more);
  try {
    return await use(connection);
  } finally {
    await connection.end();
  }
}

const header = ({ affectedRows, insertId, warningStatus }) => ({
  affectedRows,
  insertId: `${insertId}`,
  warningStatus,
});
const errorOf = async (promise) => {
  const { code, errno, sqlState, sqlMessage } = await failureOf(promise);
  return { code, errno, sqlState, sqlMessage };
};
const columnsOf = (meta) =>
  meta.map((one) => [
    one.name(),
    one.orgName(),
    one.orgTable(),
    one.type,
    one.columnLength,
    one.scale,
    one.flags,
    one.collation?.name,
  ]);

async function before() {
  await on({}, async (connection) => {
    for (const table of ['mc_item', 'mc_kinds', 'mc_many', 'mc_load', 'mc_parent']) {
      await connection.query(`DROP TABLE IF EXISTS ${table}`);
    }
    await connection.query(
      'CREATE TABLE mc_item (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(60) UNIQUE, n INT)',
    );
    await connection.query(
      'CREATE TABLE mc_kinds (id INT AUTO_INCREMENT PRIMARY KEY, i BIGINT, u BIGINT UNSIGNED,' +
        ' f DOUBLE, dec1 DECIMAL(30,10), day DATE, at DATETIME(6), hm TIME(3), v VARCHAR(50),' +
        ' bin VARBINARY(20), tx TEXT, e ENUM("x","y"), j JSON, b BIT(1), g POINT)',
    );
    await connection.query('CREATE TABLE mc_many (id INT PRIMARY KEY, body VARCHAR(100))');
    await connection.query('CREATE TABLE mc_load (id INT PRIMARY KEY, name VARCHAR(20))');
    const rows = range(10_000).map((id) => `(${id}, REPEAT("x", ${id % 100}))`);
    await connection.query(`INSERT INTO mc_many VALUES ${rows.join()}`);
  });
}

check('connects; what it says of the server', () =>
  on({}, async (connection) => {
    assert.equal(connection.info.isMariaDB(), onMariadb);
    const [row] = await connection.query('SELECT CONNECTION_ID() AS id');
    assert.equal(Number(row.id), connection.threadId);
    await connection.ping();
  }),
);

const kinds = [
  9007199254740993n,
  18446744073709551615n,
  1e-300,
  '12345678901234567890.0123456789',
  '2024-02-29',
  '2024-02-29 23:59:59.123456',
  '-101:02:03.250',
  'grüße 😀',
  Buffer.from([255, 0, 39, 92]),
  'a\'b"c\\d\ne\0f',
  'y',
  '{"a": [1, null]}',
  1,
];
const kindsInsert =
  'INSERT INTO mc_kinds (i, u, f, dec1, day, at, hm, v, bin, tx, e, j, b, g) VALUES' +
  ' (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ST_GeomFromText("POINT(1 2)"))';

for (const method of ['query', 'execute']) {
  shown(`every type of column, by ${method}`, () =>
    on({ timezone: 'Z', dateStrings: true }, async (connection) => {
      const { insertId } = await connection[method](kindsInsert, kinds);
      const { insertId: empty } = await connection[method]('INSERT INTO mc_kinds () VALUES ()');
      const sql = 'SELECT * FROM mc_kinds WHERE id IN (?, ?) ORDER BY id';
      const rows = await connection[method](sql, [insertId, empty]);
      return { rows: withoutIds(rows), columns: columnsOf(rows.meta) };
    }),
  );

  shown(`headers of writes, by ${method}`, () =>
    on({}, async (connection) => {
      const headers = [];
      const run = async (sql, values) =>
        headers.push(header(await connection[method](sql, values)));
      await run('DELETE FROM mc_item');
      await run('ALTER TABLE mc_item AUTO_INCREMENT = 10');
      await run('INSERT INTO mc_item (name, n) VALUES (?, ?), (?, ?)', ['a', 1, 'b', 2]);
      await run('UPDATE mc_item SET n = n + ? WHERE n > ?', [1, 0]);
      await run('UPDATE mc_item SET n = n');
      await run('INSERT IGNORE INTO mc_item (name) VALUES (?)', ['a']);
      await run('INSERT INTO mc_item (name) VALUES (?) ON DUPLICATE KEY UPDATE n = 0', ['a']);
      await run('DELETE FROM mc_item WHERE name = ?', ['b']);
      return headers;
    }),
  );

  shown(`errors, by ${method}`, () =>
    on({}, async (connection) => {
      await connection.query('REPLACE INTO mc_item (id, name) VALUES (900, "taken")');
      const errors = [];
      for (const sql of [
        'SELEC 1',
        'SELECT * FROM mc_missing',
        'INSERT INTO mc_item (name) VALUES ("taken")',
        'INSERT INTO mc_item (n) VALUES (99999999999)',
      ]) {
        errors.push(await errorOf(connection[method](sql)));
      }
      return errors;
    }),
  );
}

check('questions that do not wait for answers', () =>
  on({ pipelining: true }, async (connection) => {
    const answers = await Promise.all(
      range(200).map((n) =>
        n % 2 === 0
          ? connection.query('SELECT ? AS n', [n])
          : connection.execute('SELECT ? AS n', [n]),
      ),
    );
    assert.deepEqual(
      answers.map(([row]) => Number(row.n)),
      range(200),
    );
  }),
);

check('writes that do not wait for answers, with one that fails among them', () =>
  on({}, async (connection) => {
    const sql = 'INSERT INTO mc_item (name) VALUES (?)';
    const names = ['p1', 'p2', 'p1', 'p3'];
    const results = await Promise.allSettled(names.map((name) => connection.query(sql, [name])));
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    );
    const [row] = await connection.query('SELECT COUNT(*) AS n FROM mc_item WHERE name LIKE "p_"');
    assert.equal(Number(row.n), 3);
  }),
);

check('prepare, execute often, close', () =>
  on({ prepareCacheLength: 2 }, async (connection) => {
    for (const round of range(3)) {
      for (const n of range(6)) {
        const statement = await connection.prepare(`SELECT ? + ${n} AS x`);
        const [row] = await statement.execute([round]);
        assert.equal(Number(row.x), round + n);
        statement.close();
      }
    }
  }),
);

check('streams: of a query, of a prepared statement, one that is not read to its end', () =>
  on({}, async (connection) => {
    const count = async (stream) => {
      let seen = 0;
      for await (const row of stream) {
        assert.equal(Number(row.id), seen++);
        if (seen % 3000 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      return seen;
    };
    assert.equal(await count(connection.queryStream('SELECT * FROM mc_many ORDER BY id')), 10_000);
    const statement = await connection.prepare('SELECT * FROM mc_many WHERE id < ? ORDER BY id');
    assert.equal(await count(statement.executeStream([5000])), 5000);
    statement.close();
    const stream = connection.queryStream('SELECT * FROM mc_many');
    for await (const _ of stream) break;
    stream.close();
    const [{ one }] = await connection.query('SELECT 1 AS one');
    assert.equal(Number(one), 1);
  }),
);

shown('options: named placeholders, nested tables, arrays, several statements', () =>
  on({ namedPlaceholders: true, multipleStatements: true }, async (connection) => {
    await connection.query('REPLACE INTO mc_item (id, name, n) VALUES (800, "opt", 8)');
    const named = await connection.query('SELECT :a + :b AS sum', { a: 1, b: 2 });
    const sql = 'SELECT a.name, b.n FROM mc_item a JOIN mc_item b USING (id) WHERE a.id = 800';
    const nested = await connection.query({ sql, nestTables: true });
    const arrays = await connection.query({ sql, rowsAsArray: true });
    const several = await connection.query('SELECT 1 AS a; DO 1; SELECT 2 AS b');
    const shape = (one) => (Array.isArray(one) ? [...one] : header(one));
    return { named, nested, arrays, several: several.map(shape) };
  }),
);

shown('CALL with OUT parameters', () =>
  on({}, async (connection) => {
    await connection.query('DROP PROCEDURE IF EXISTS mc_twice');
    await connection.query(
      'CREATE PROCEDURE mc_twice(IN a INT, OUT b INT) BEGIN SELECT a AS given; SET b = a * 2; END',
    );
    const answer = await connection.query('CALL mc_twice(4, @b)');
    const out = await connection.query('SELECT @b AS b');
    const prepared = await connection.execute('CALL mc_twice(?, ?)', [5, null]);
    const shape = (one) => (Array.isArray(one) ? [...one] : header(one));
    return { answer: answer.map(shape), out, prepared: prepared.map(shape) };
  }),
);

shown('transactions and sessions', () =>
  on({}, async (connection) => {
    const steps = [];
    await connection.beginTransaction();
    await connection.query('INSERT INTO mc_item (name) VALUES ("t1")');
    await connection.query('SAVEPOINT s');
    await connection.query('INSERT INTO mc_item (name) VALUES ("t2")');
    await connection.query('ROLLBACK TO s');
    await connection.commit();
    steps.push(await connection.query('SELECT name FROM mc_item WHERE name LIKE "t_"'));
    await connection.query('SET @v = 5');
    await connection.reset();
    steps.push(await connection.query('SELECT @v AS v, DATABASE() AS db'));
    // The connector refuses it on MySQL.
    if (onMariadb) await connection.changeUser({ user, password, database });
    steps.push(await connection.query('SELECT 1 AS one'));
    return steps;
  }),
);

shown('RETURNING', () =>
  on({}, async (connection) => {
    if (!onMariadb) return 'not on MySQL';
    const sql = 'INSERT INTO mc_item (name, n) VALUES (?, ?) RETURNING name, n + 1 AS more';
    const text = await connection.query(sql, ['r1', 1]);
    const prepared = await connection.execute(sql, ['r2', 2]);
    const batch = await connection.batch(sql, [
      ['r3', 3],
      ['r4', 4],
    ]);
    return { text, prepared, batch };
  }),
);

check('compression and TLS', async () => {
  for (const more of [{ compress: true }, { ssl: { rejectUnauthorized: false } }]) {
    await on(more, async (connection) => {
      const [row] = await connection.query('SELECT REPEAT("abc", 1000000) AS big');
      assert.equal(row.big.length, 3_000_000);
    });
  }
});

shown('LOAD DATA LOCAL INFILE', () =>
  on(
    {
      permitLocalInfile: true,
      infileStreamFactory: () => Readable.from(range(100).map((n) => Buffer.from(`${n}\tn${n}\n`))),
    },
    async (connection) => {
      await connection.query('DELETE FROM mc_load');
      const sql = "LOAD DATA LOCAL INFILE 'any.tsv' INTO TABLE mc_load";
      const result = await connection.query(sql);
      const [row] = await connection.query('SELECT COUNT(*) AS n, MAX(name) AS name FROM mc_load');
      return { result: header(result), row };
    },
  ),
);

await runChecks({ before });

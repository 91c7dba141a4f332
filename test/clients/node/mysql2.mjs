// mysql2, by its callbacks and its promises: statements, their results and their errors.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import callbacks from 'mysql2';
import { check, failureOf, range, runChecks, shown, withoutIds } from './checks.mjs';
import { connect, errorOf, header, on, settings } from './mysql2-settings.mjs';

async function before() {
  await on({ multipleStatements: true }, async (connection) => {
    await connection.query(
      'DROP TABLE IF EXISTS m2_child, m2_item, m2_kinds, m2_big, m2_load, m2_altered;' +
        'CREATE TABLE m2_item (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL,' +
        ' n INT NOT NULL DEFAULT 0, UNIQUE KEY name (name)) ENGINE=InnoDB;' +
        'CREATE TABLE m2_child (id INT PRIMARY KEY, item INT NOT NULL,' +
        ' CONSTRAINT m2_fk FOREIGN KEY (item) REFERENCES m2_item (id));' +
        'CREATE TABLE m2_big (id INT PRIMARY KEY, body LONGBLOB);' +
        'CREATE TABLE m2_load (id INT PRIMARY KEY, name VARCHAR(20));' +
        'CREATE TABLE m2_altered (id INT PRIMARY KEY, a INT)',
    );
    await connection.query(kindsTable);
  });
}

const kindsTable = `CREATE TABLE m2_kinds (
  id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, t TINYINT, s SMALLINT UNSIGNED, m MEDIUMINT,
  i INT, b BIGINT, u BIGINT UNSIGNED, f FLOAT, d DOUBLE, dec1 DECIMAL(30,10), bits BIT(12),
  day DATE, at DATETIME(6), ts TIMESTAMP(3) NULL, hm TIME(2), y YEAR, c CHAR(5), v VARCHAR(50),
  bin BINARY(4), vb VARBINARY(20), tx TEXT, bl BLOB, e ENUM('x','y'), st SET('p','q','r'),
  j JSON, flag BOOLEAN) DEFAULT CHARSET=utf8mb4`;
const kindsRow = {
  t: -128,
  s: 65535,
  m: -8388608,
  i: 2147483647,
  b: '-9223372036854775808',
  u: '18446744073709551615',
  f: 1.5,
  d: 1e-300,
  dec1: '12345678901234567890.0123456789',
  bits: Buffer.from([0x0a, 0xbc]),
  day: '2024-02-29',
  at: '2024-02-29 23:59:59.123456',
  ts: '2024-03-01 12:00:00.500',
  hm: '-101:02:03.25',
  y: 2024,
  c: 'käse',
  v: 'grüße 😀',
  bin: Buffer.from([0, 1]),
  vb: Buffer.from([255, 0, 39, 92]),
  tx: 'a\'b"c\\d\ne\0f',
  bl: Buffer.from([0, 255]),
  e: 'y',
  st: 'p,r',
  j: '{"a": [1, "zwei", null]}',
  flag: true,
};
const columnsOf = (fields) =>
  fields.map((field) => [
    field.name,
    field.orgName,
    field.table,
    field.orgTable,
    field.schema ?? field.db,
    field.columnType,
    field.characterSet,
    field.columnLength,
    field.flags,
    field.decimals,
  ]);

check('connects, and the thread id is CONNECTION_ID()', () =>
  on({}, async (connection) => {
    const [[row]] = await connection.query('SELECT CONNECTION_ID() AS id');
    assert.equal(row.id, connection.threadId);
  }),
);

check('callbacks: query, execute, error, end', async () => {
  const connection = callbacks.createConnection(settings);
  const asked = (method, sql, values) =>
    new Promise((resolve) => {
      connection[method](sql, values, (error, rows, fields) => resolve({ error, rows, fields }));
    });
  const { rows, fields } = await asked('query', 'SELECT ? + 1 AS x', [41]);
  assert.deepEqual([rows[0].x, fields[0].name], [42, 'x']);
  assert.equal((await asked('execute', 'SELECT ? AS x', ['a'])).rows[0].x, 'a');
  const { error } = await asked('query', 'SELEC 1', []);
  assert.deepEqual([error.code, error.errno, error.sqlState], ['ER_PARSE_ERROR', 1064, '42000']);
  connection.end();
  await once(connection, 'end');
});

shown('the headers of writes', () =>
  on({}, async (connection) => {
    const headers = [];
    const run = async (sql, values) => {
      const [result] = await connection.query(sql, values);
      headers.push(header(result));
    };
    await run('DELETE FROM m2_item');
    await run('ALTER TABLE m2_item AUTO_INCREMENT = 100');
    await run('INSERT INTO m2_item (name) VALUES (?)', ['one']);
    await run('INSERT INTO m2_item (name, n) VALUES ?', [range(5).map((n) => [`row${n}`, n])]);
    await run('INSERT IGNORE INTO m2_item (id, name) VALUES (100, "again"), (200, "new")');
    await run('UPDATE m2_item SET n = n + 1 WHERE n >= 3');
    await run('UPDATE m2_item SET n = n');
    await run('UPDATE m2_item SET n = 7 WHERE name LIKE "row%"');
    await run('INSERT INTO m2_item (name) VALUES ("one") ON DUPLICATE KEY UPDATE n = n + 5');
    await run(
      'INSERT INTO m2_item (name, n) VALUES ("one", 1), ("two", 2) ON DUPLICATE KEY UPDATE n = 9',
    );
    await run('REPLACE INTO m2_item (id, name, n) VALUES (100, "one", 3), (300, "more", 3)');
    await run('DELETE FROM m2_item WHERE n = 3');
    await run(
      'INSERT INTO m2_item (name, n) SELECT CONCAT(name, "x"), n FROM m2_item ORDER BY id LIMIT 2',
    );
    await run('CREATE TABLE IF NOT EXISTS m2_item (id INT)');
    await run('SET @a = 1');
    await run('DO 1');
    return headers;
  }),
);

shown('without FOUND_ROWS, rows that stay as they are do not count', () =>
  on({ flags: '-FOUND_ROWS' }, async (connection) => {
    await connection.query('REPLACE INTO m2_item (id, name, n) VALUES (500, "still", 1)');
    const [same] = await connection.query('UPDATE m2_item SET n = 1 WHERE id = 500');
    const [other] = await connection.execute('UPDATE m2_item SET n = ? WHERE id = 500', [2]);
    return [header(same), header(other)];
  }),
);

shown('the headers of prepared writes', () =>
  on({}, async (connection) => {
    await connection.query('DELETE FROM m2_item WHERE name LIKE "p%"');
    await connection.query('ALTER TABLE m2_item AUTO_INCREMENT = 1000');
    const insert = 'INSERT INTO m2_item (name, n) VALUES (?, ?), (?, ?)';
    const headers = [];
    headers.push(header((await connection.execute(insert, ['p1', 1, 'p2', 2]))[0]));
    const update = 'UPDATE m2_item SET n = n * ? WHERE name IN (?, ?)';
    headers.push(header((await connection.execute(update, [1, 'p1', 'p2']))[0]));
    headers.push(header((await connection.execute(update, [3, 'p1', 'p3']))[0]));
    const remove = 'DELETE FROM m2_item WHERE name LIKE ?';
    headers.push(header((await connection.execute(remove, ['p%']))[0]));
    return headers;
  }),
);

for (const [method, how] of [
  ['query', 'as text'],
  ['execute', 'prepared'],
]) {
  shown(`every type of column, ${how}`, () =>
    on({ supportBigNumbers: true, timezone: 'Z' }, async (connection) => {
      await connection.query('SET time_zone = "+00:00"');
      const names = Object.keys(kindsRow);
      const marks = names.map(() => '?').join(', ');
      const sql = `INSERT INTO m2_kinds (${names.join(', ')}) VALUES (${marks})`;
      const values = Object.values(kindsRow);
      const [{ insertId }] = await connection[method](sql, values);
      const [{ insertId: empty }] = await connection[method]('INSERT INTO m2_kinds () VALUES ()');
      const select = 'SELECT * FROM m2_kinds WHERE id IN (?, ?) ORDER BY id';
      const [rows, fields] = await connection[method](select, [insertId, empty]);
      assert.equal(rows.length, 2);
      return { rows: withoutIds(rows), fields: columnsOf(fields) };
    }),
  );
}

shown('columns of expressions, aliases, joins and functions', () =>
  on({}, async (connection) => {
    const [, fields] = await connection.query(
      'SELECT COUNT(*), SUM(a.n) AS total, MAX(a.name) m, NOW(3), 1.50, "x", NULL, a.id + 0.5,' +
        ' GROUP_CONCAT(a.name), a.id FROM m2_item AS a LEFT JOIN m2_child b ON b.item = a.id' +
        ' GROUP BY a.id LIMIT 0',
    );
    return columnsOf(fields);
  }),
);

shown('options that shape rows', () =>
  on(
    { dateStrings: true, decimalNumbers: true, supportBigNumbers: true, bigNumberStrings: true },
    async (connection) => {
      const sql = 'SELECT day, at, dec1, b, u, j FROM m2_kinds WHERE v IS NOT NULL LIMIT 1';
      const [text] = await connection.query(sql);
      const [arrays] = await connection.query({ sql, rowsAsArray: true });
      const join = 'SELECT a.id, a.name, b.id FROM m2_item a LEFT JOIN m2_child b ON b.item = a.id';
      const nested = `${join} WHERE a.id = 500`;
      const [tables] = await connection.query({ sql: nested, nestTables: true });
      const [joined] = await connection.execute({ sql: nested, nestTables: '_' });
      const typeCast = (field, next) => (field.type === 'JSON' ? field.string() : next());
      const [cast] = await connection.query({ sql, typeCast });
      return { text, arrays, tables, joined, cast };
    },
  ),
);

check('prepared parameters of every JavaScript type', () =>
  on({ timezone: 'Z' }, async (connection) => {
    await connection.query('SET time_zone = "+00:00"');
    const at = new Date('2024-02-29T12:34:56.789Z');
    const values = [null, 1, -1.5, 'text', true, at, Buffer.from([1, 2]), 10n, { a: 1 }];
    const sql = `SELECT ${values.map((_, index) => `? AS c${index}`).join(', ')}`;
    const [[row]] = await connection.execute(sql, values);
    assert.deepEqual([row.c0, Number(row.c1), Number(row.c2), row.c3], [null, 1, -1.5, 'text']);
    assert.equal(String(row.c7), '10');
  }),
);

check('named placeholders', () =>
  on({ namedPlaceholders: true }, async (connection) => {
    const sql = 'SELECT :a + :b AS sum, :a AS again';
    for (const method of ['query', 'execute']) {
      const [[row]] = await connection[method](sql, { a: 1, b: 2 });
      assert.deepEqual([Number(row.sum), Number(row.again)], [3, 1]);
    }
  }),
);

check('prepare, execute often, close, unprepare', () =>
  on({}, async (connection) => {
    const statement = await connection.prepare('SELECT ? * 2 AS twice');
    for (const n of range(50)) {
      const [[row]] = await statement.execute([n]);
      assert.equal(Number(row.twice), n * 2);
    }
    await statement.close();
    const [[row]] = await connection.execute('SELECT ? AS x', [1]);
    assert.equal(Number(row.x), 1);
    connection.unprepare('SELECT ? AS x');
    assert.equal(Number((await connection.execute('SELECT ? AS x', [2]))[0][0].x), 2);
  }),
);

check('more statements than the cache of the driver holds', () =>
  on({ maxPreparedStatements: 3 }, async (connection) => {
    for (const n of range(40)) {
      const [[row]] = await connection.execute(`SELECT ? + ${n % 10} AS x`, [n]);
      assert.equal(Number(row.x), n + (n % 10));
    }
  }),
);

shown('a prepared statement after its table was altered', () =>
  on({}, async (connection) => {
    await connection.query('DROP TABLE IF EXISTS m2_altered');
    await connection.query('CREATE TABLE m2_altered (id INT PRIMARY KEY, a INT)');
    await connection.query('INSERT INTO m2_altered VALUES (1, 10)');
    const read = async () => (await connection.execute('SELECT * FROM m2_altered'))[0];
    const rows = [await read()];
    await connection.query('ALTER TABLE m2_altered ADD b VARCHAR(5) DEFAULT "new"');
    rows.push(await read());
    await connection.query('ALTER TABLE m2_altered MODIFY a BIGINT, DROP b');
    rows.push(await read());
    return rows;
  }),
);

shown('errors, as text and prepared', () =>
  on({}, async (connection) => {
    await connection.query('REPLACE INTO m2_item (id, name) VALUES (700, "taken")');
    const errors = [];
    for (const sql of [
      'SELEC 1',
      'SELECT * FROM m2_missing',
      'SELECT missing FROM m2_item',
      'INSERT INTO m2_item (name) VALUES ("taken")',
      'INSERT INTO m2_child VALUES (1, 999999)',
      'DELETE FROM nowhere.t',
      'INSERT INTO m2_load VALUES (1, REPEAT("x", 30))',
      'INSERT INTO m2_item (name) VALUES (NULL)',
      'DROP TABLE m2_missing',
      'CREATE TABLE m2_item (id INT)',
      'UPDATE m2_item SET n = "many" WHERE id = 700',
      'ROLLBACK TO SAVEPOINT missing',
      'SET nothing = 1',
      'CALL m2_missing()',
      '',
    ]) {
      errors.push(await errorOf(connection.query(sql)));
      if (sql !== '') errors.push(await errorOf(connection.execute(sql)));
    }
    return errors;
  }),
);

check('the wrong number of parameters is an error, and the connection lives', () =>
  on({}, async (connection) => {
    await failureOf(connection.execute('SELECT ? + ? AS x', [1]));
    await connection.ping();
  }),
);

check('a wrong password and an unknown user are refused', async () => {
  for (const wrong of [{ password: 'wrong' }, { user: 'nobody' }]) {
    assert.equal((await failureOf(connect(wrong))).code, 'ER_ACCESS_DENIED_ERROR');
  }
});

shown('an unknown database is refused', async () => {
  const { errno, sqlState } = await failureOf(connect({ database: 'm2_nowhere' }));
  return { errno, sqlState };
});

await runChecks({ before });

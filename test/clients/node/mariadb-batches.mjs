// The MariaDB connector for Node: batches, which it sends in bulk where it can.
import assert from 'node:assert/strict';
import mariadb from 'mariadb';
import { check, failureOf, onMariadb, range, runChecks, shown, target } from './checks.mjs';

const { host, port, user, password, database } = target;
const settings = { host, port, user, password, database, allowPublicKeyRetrieval: true };

async function on(more, use) {
  const connection = await mariadb.createConnection({ ...settings, ...more });
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
/** Of a batch that was not sent in bulk there is a header a row. */
const rowsOf = (results) =>
  [results].flat().reduce((sum, { affectedRows }) => sum + affectedRows, 0);
const errorOf = async (promise) => {
  const { code, errno, sqlState, sqlMessage } = await failureOf(promise);
  return { code, errno, sqlState, sqlMessage };
};

async function before() {
  await on({}, async (connection) => {
    await connection.query('DROP TABLE IF EXISTS mcb_item, mcb_kinds, mcb_many');
    await connection.query(
      'CREATE TABLE mcb_item (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(60) UNIQUE, n INT)',
    );
    await connection.query(
      'CREATE TABLE mcb_kinds (i BIGINT PRIMARY KEY, tx TEXT, at DATETIME(6))',
    );
    await connection.query('CREATE TABLE mcb_many (id INT PRIMARY KEY, body VARCHAR(100))');
  });
}

for (const bulk of [true, false]) {
  const how = bulk ? 'in bulk' : 'one by one';

  shown(`a batch of inserts, ${how}`, () =>
    on({ bulk }, async (connection) => {
      await connection.query('DELETE FROM mcb_item');
      await connection.query('ALTER TABLE mcb_item AUTO_INCREMENT = 1');
      const rows = range(300).map((n) => [`name ${n}`, n % 7 === 0 ? null : n]);
      const sql = 'INSERT INTO mcb_item (name, n) VALUES (?, ?)';
      const result = await connection.batch(sql, rows);
      const [sums] = await connection.query(
        'SELECT COUNT(*) AS count, SUM(n) AS sum, COUNT(n) AS given, MAX(id) AS last FROM mcb_item',
      );
      return { rows: rowsOf(result), sums };
    }),
  );

  shown(`batches of updates and deletes, ${how}`, () =>
    on({ bulk }, async (connection) => {
      const updates = range(100).map((n) => [n * 2, `name ${n}`]);
      const updated = await connection.batch('UPDATE mcb_item SET n = ? WHERE name = ?', updates);
      const names = range(50).map((n) => [`name ${n}`]);
      const deleted = await connection.batch('DELETE FROM mcb_item WHERE name = ?', names);
      const sql = 'SELECT COUNT(*) AS count, SUM(n) AS sum FROM mcb_item';
      const [sums] = await connection.query(sql);
      return { updated: rowsOf(updated), deleted: rowsOf(deleted), sums };
    }),
  );

  shown(`a batch with a duplicate, in a transaction, ${how}`, () =>
    on({ bulk }, async (connection) => {
      await connection.beginTransaction();
      const sql = 'INSERT INTO mcb_item (name) VALUES (?)';
      const error = await failureOf(connection.batch(sql, [['new'], ['name 70'], ['newer']]));
      await connection.rollback();
      const [row] = await connection.query(
        'SELECT COUNT(*) AS n FROM mcb_item WHERE name LIKE "new%"',
      );
      return { code: error.code, errno: error.errno, row };
    }),
  );
}

shown('a batch with values of several types and large ones', () =>
  on({}, async (connection) => {
    const rows = range(100).map((n) => [
      n % 2 === 0 ? BigInt(n) : n,
      n % 3 === 0 ? null : 'x'.repeat(n * 600),
      n % 5 === 0 ? new Date(n * 1000) : null,
    ]);
    const sql = 'INSERT INTO mcb_kinds (i, tx, at) VALUES (?, ?, ?)';
    await connection.batch(sql, rows);
    return connection.query(
      'SELECT COUNT(*) AS n, SUM(i) AS sum, SUM(LENGTH(tx)) AS bytes, COUNT(at) AS days' +
        ' FROM mcb_kinds',
    );
  }),
);

shown('batches in bulk: what they answer, upserts, what fails and what it leaves', () =>
  on({ bulk: true }, async (connection) => {
    await connection.query('DELETE FROM mcb_item');
    await connection.query('ALTER TABLE mcb_item AUTO_INCREMENT = 1');
    const headers = (result) => [result].flat().map(header);
    const insert = 'INSERT INTO mcb_item (name, n) VALUES (?, ?)';
    const inserted = await connection.batch(insert, [
      ['b1', 1],
      ['b2', null],
      ['b3', 3],
    ]);
    const upserted = await connection.batch(`${insert} ON DUPLICATE KEY UPDATE n = ?`, [
      ['b1', 1, 10],
      ['b2', 2, 20],
      ['b1', 1, 30],
    ]);
    const ignored = await connection.batch('INSERT IGNORE INTO mcb_item (name) VALUES (?)', [
      ['b1'],
      ['b2'],
    ]);
    const error = await errorOf(
      connection.batch(insert, [
        ['b4', 4],
        ['b2', 5],
        ['b6', 6],
      ]),
    );
    const rows = await connection.query('SELECT name, n FROM mcb_item ORDER BY name');
    // Not in bulk there is an answer, and a commit, for each row.
    if (!onMariadb) return { rows: rowsOf(inserted), code: error.code };
    const told = [inserted, upserted, ignored].map(headers);
    return { told, error, rows };
  }),
);

check('a batch of many rows, and one of more bytes than a packet has', () =>
  on({ bulk: true }, async (connection) => {
    const insert = 'INSERT INTO mcb_many VALUES (?, ?)';
    // MySQL has no bulk command: each row is a statement, and a commit.
    const many = connection.info.isMariaDB() ? 10_000 : 500;
    await connection.batch(
      insert,
      range(many).map((n) => [n, `it's ${n}`]),
    );
    const long = "'".repeat(100);
    await connection.batch(
      insert,
      range(2 * many).map((n) => [100_000 + n, long]),
    );
    const [row] = await connection.query(
      'SELECT COUNT(*) AS n, COUNT(DISTINCT body) AS bodies, SUM(LENGTH(body)) AS bytes' +
        ' FROM mcb_many',
    );
    assert.deepEqual([row.n, row.bodies, row.bytes].map(Number), [
      3 * many,
      many + 1,
      200 * many + range(many).join('').length + 5 * many,
    ]);
  }),
);

await runChecks({ before });

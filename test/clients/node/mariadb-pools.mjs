// The MariaDB connector for Node: pools and clusters of pools.
import assert from 'node:assert/strict';
import mariadb from 'mariadb';
import callbacks from 'mariadb/callback';
import { check, range, runChecks, target } from './checks.mjs';

const { host, port, user, password, database } = target;
const settings = { host, port, user, password, database, allowPublicKeyRetrieval: true };

async function before() {
  const connection = await mariadb.createConnection(settings);
  await connection.query('DROP TABLE IF EXISTS mcp_item, mcp_load');
  await connection.query('CREATE TABLE mcp_item (id INT PRIMARY KEY, name VARCHAR(60), n INT)');
  await connection.query('CREATE TABLE mcp_load (id INT PRIMARY KEY, name VARCHAR(20))');
  await connection.end();
}

check('a pool: 30 at once, a transaction each, and its callbacks', async () => {
  const pool = mariadb.createPool({ ...settings, connectionLimit: 8 });
  await pool.query('REPLACE INTO mcp_item (id, name, n) VALUES (700, "counter", 0)');
  const add = async () => {
    const connection = await pool.getConnection();
    try {
      await connection.beginTransaction();
      const sql = 'SELECT n FROM mcp_item WHERE id = 700 FOR UPDATE';
      const [{ n }] = await connection.query(sql);
      await connection.execute('UPDATE mcp_item SET n = ? WHERE id = 700', [Number(n) + 1]);
      await connection.commit();
    } finally {
      await connection.release();
    }
  };
  await Promise.all(range(30).map(add));
  const [{ n }] = await pool.query('SELECT n FROM mcp_item WHERE id = 700');
  assert.equal(Number(n), 30);
  await pool.batch(
    'REPLACE INTO mcp_load VALUES (?, ?)',
    range(40).map((id) => [id, 'b']),
  );
  await pool.end();
  const other = callbacks.createPool({ ...settings, connectionLimit: 2 });
  const rows = await new Promise((resolve, reject) => {
    other.query('SELECT 6 AS six', (error, answer) => (error ? reject(error) : resolve(answer)));
  });
  assert.equal(Number(rows[0].six), 6);
  await new Promise((resolve) => other.end(resolve));
});

check('a cluster of pools', async () => {
  const cluster = mariadb.createPoolCluster({ removeNodeErrorCount: 1 });
  cluster.add('one', { ...settings, connectionLimit: 2 });
  cluster.add('two', { ...settings, connectionLimit: 2 });
  for (const selector of ['RR', 'RANDOM', 'ORDER']) {
    const connection = await cluster.getConnection(/^(one|two)$/, selector);
    const [{ three }] = await connection.query('SELECT 3 AS three');
    assert.equal(Number(three), 3);
    await connection.release();
  }
  await cluster.end();
});

await runChecks({ before });

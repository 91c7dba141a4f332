// mysql2: pools and clusters of pools.
import assert from 'node:assert/strict';
import callbacks from 'mysql2';
import mysql from 'mysql2/promise';
import { check, failureOf, range, runChecks } from './checks.mjs';
import { on, settings } from './mysql2-settings.mjs';

/** Runs `use` with a pool of its own. */
async function pooled(more, use) {
  const pool = mysql.createPool({ ...settings, connectionLimit: 10, ...more });
  try {
    return await use(pool);
  } finally {
    await pool.end();
  }
}

async function before() {
  await on({}, async (connection) => {
    await connection.query('DROP TABLE IF EXISTS mp_account');
    await connection.query('CREATE TABLE mp_account (id INT PRIMARY KEY, balance INT NOT NULL)');
  });
}

async function openAccounts(pool, count) {
  await pool.query('DELETE FROM mp_account');
  await pool.query('INSERT INTO mp_account VALUES ?', [range(count).map((id) => [id, 100])]);
}

async function transfer(pool, from, to) {
  const connection = await pool.getConnection();
  try {
    await connection.beginTransaction();
    const [[{ balance }]] = await connection.execute(
      'SELECT balance FROM mp_account WHERE id = ? FOR UPDATE',
      [from],
    );
    await connection.execute('UPDATE mp_account SET balance = ? WHERE id = ?', [balance - 1, from]);
    await connection.query('UPDATE mp_account SET balance = balance + 1 WHERE id = ?', [to]);
    await connection.commit();
  } catch (error) {
    await connection.rollback();
    if (error.errno !== 1213) throw error;
    return await transfer(pool, from, to);
  } finally {
    connection.release();
  }
}

check('30 at once through a pool of 10', () =>
  pooled({}, async (pool) => {
    const answers = await Promise.all(
      range(30).map((n) =>
        n % 2 === 0 ? pool.query('SELECT ? AS n', [n]) : pool.execute('SELECT ? AS n', [n]),
      ),
    );
    assert.deepEqual(
      answers.map(([[row]]) => Number(row.n)),
      range(30),
    );
  }),
);

check('30 transfers at once lose nothing', () =>
  pooled({}, async (pool) => {
    await openAccounts(pool, 5);
    await Promise.all(range(30).map((n) => transfer(pool, n % 5, (n + 2) % 5)));
    const [[row]] = await pool.query('SELECT SUM(balance) AS sum, COUNT(*) AS n FROM mp_account');
    assert.deepEqual([Number(row.sum), row.n], [500, 5]);
  }),
);

check('what one connection of a pool writes, the others read', () =>
  pooled({ connectionLimit: 5 }, async (pool) => {
    await openAccounts(pool, 1);
    for (const n of range(40)) {
      await pool.execute('UPDATE mp_account SET balance = ? WHERE id = 0', [n]);
      const [[row]] = await pool.query('SELECT balance FROM mp_account WHERE id = 0');
      assert.equal(row.balance, n);
    }
  }),
);

check('a queue that is full', () =>
  pooled({ connectionLimit: 1, queueLimit: 1 }, async (pool) => {
    const connection = await pool.getConnection();
    const waiting = pool.query('SELECT 1 AS one');
    assert.match((await failureOf(pool.query('SELECT 2'))).message, /Queue limit reached/);
    connection.release();
    assert.equal((await waiting)[0][0].one, 1);
  }),
);

check('idle connections are closed and made anew', () =>
  pooled({ maxIdle: 1, idleTimeout: 100 }, async (pool) => {
    const ids = async () => {
      const rows = await Promise.all(
        range(5).map(() => pool.query('SELECT CONNECTION_ID() AS id')),
      );
      return rows.map(([[{ id }]]) => id);
    };
    await ids();
    assert.ok((await ids()).every((id) => id > 0));
  }),
);

check('a connection that was destroyed is replaced', () =>
  pooled({ connectionLimit: 1 }, async (pool) => {
    const connection = await pool.getConnection();
    connection.destroy();
    assert.equal((await pool.query('SELECT 1 AS one'))[0][0].one, 1);
  }),
);

check('callbacks: a pool, its events, its end', async () => {
  const pool = callbacks.createPool({ ...settings, connectionLimit: 2 });
  const events = [];
  for (const name of ['connection', 'acquire', 'release']) pool.on(name, () => events.push(name));
  const rows = await new Promise((resolve, reject) => {
    pool.getConnection((error, connection) => {
      if (error) return reject(error);
      connection.query('SELECT 7 AS seven', (failure, answer) => {
        connection.release();
        if (failure) reject(failure);
        else resolve(answer);
      });
    });
  });
  assert.equal(rows[0].seven, 7);
  assert.deepEqual(events, ['connection', 'acquire', 'release']);
  await new Promise((resolve) => pool.end(resolve));
});

check('a cluster of pools: patterns, selectors, a member that is not there', async () => {
  const cluster = callbacks.createPoolCluster({ removeNodeErrorCount: 1, canRetry: true });
  const removed = [];
  cluster.on('remove', (id) => removed.push(id));
  cluster.add('MASTER', settings);
  cluster.add('SLAVE1', { ...settings, connectionLimit: 3 });
  cluster.add('SLAVE2', { ...settings, port: 1 });
  const ask = (pattern, selector) =>
    new Promise((resolve, reject) => {
      cluster.getConnection(pattern, selector, (error, connection) => {
        if (error) return reject(error);
        connection.query('SELECT 5 AS five', (failure, rows) => {
          connection.release();
          if (failure) reject(failure);
          else resolve(rows[0].five);
        });
      });
    });
  const answers = [await ask('MASTER', 'RR'), await ask('MASTER', 'ORDER')];
  for (const _ of range(4)) answers.push(await ask('SLAVE*', 'RR'));
  for (const _ of range(4)) answers.push(await ask('*', 'RANDOM'));
  assert.deepEqual(new Set(answers), new Set([5]));
  assert.deepEqual(removed, ['SLAVE2']);
  await new Promise((resolve) => cluster.end(resolve));
});

await runChecks({ before });

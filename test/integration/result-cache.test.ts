import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Config, defaultConfig } from '../../src/config/config.ts';
import type { CacheStatus } from '../../src/http/cache-schemas.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { countedTables, readWhileWritten } from '../support/cached-rounds.ts';
import { extended } from '../support/extended.ts';
import { holdAt } from '../support/hold-at.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';

const rules: Config['cache']['rules'] = [
  { tables: 'app.secret', keep: false },
  { tables: 'app.*', keep: true },
];
/** On a busy machine it may take a while until every node has what was written before. */
const keptWithin = { timeout: 20_000, interval: 1 };
/** As often as others are kept long before. */
const readsToTry = 12;

describe.each(engines())('answers that are kept, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;
  let other: Connection;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers, {
      consistency: 'strong',
      cache: { ...defaultConfig.cache, bytes: 256 * 1024, rules },
      users: 'from_nodes',
    });
    await untilAllUp(lockstep);
    client = await connectTo(lockstep, { database: 'app' });
    other = await connectTo(lockstep, { database: 'app' });
    for (const sql of [
      'CREATE TABLE parent (id INT PRIMARY KEY, n INT)',
      'CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id) ' +
        'ON DELETE CASCADE ON UPDATE CASCADE)',
      'CREATE TABLE audit (id INT PRIMARY KEY, n INT)',
      'CREATE TABLE t (id INT PRIMARY KEY, n INT, s VARCHAR(100))',
      'CREATE TABLE u (id INT PRIMARY KEY, n INT)',
      'CREATE TABLE secret (id INT PRIMARY KEY, n INT)',
      'CREATE TABLE clock (id INT PRIMARY KEY, at TIME)',
      'CREATE TABLE isam (id INT PRIMARY KEY) ENGINE=MyISAM',
      'CREATE TRIGGER tr AFTER UPDATE ON t FOR EACH ROW ' +
        'UPDATE audit SET n = n + 1 WHERE id = NEW.id',
      'CREATE FUNCTION total() RETURNS INT READS SQL DATA RETURN (SELECT SUM(n) FROM u)',
      'CREATE VIEW joined AS SELECT t.id, t.n AS tn, u.n AS un FROM t JOIN u ON u.id = t.id',
      'CREATE VIEW totals AS SELECT id, total() AS total FROM parent',
      'CREATE PROCEDURE bump() UPDATE u SET n = n + 1',
      'CREATE FUNCTION bumped() RETURNS INT MODIFIES SQL DATA ' +
        'BEGIN UPDATE u SET n = n + 1; RETURN 1; END',
      'CREATE TABLE heard (id INT PRIMARY KEY)',
      'CREATE TRIGGER telling AFTER INSERT ON heard FOR EACH ROW BEGIN DECLARE x INT; ' +
        'WITH u AS (SELECT 1 AS n) SELECT n INTO x FROM u; UPDATE u SET n = n + x; END',
      'CREATE VIEW bumping AS SELECT 9 AS id, bumped() AS n',
      ...countedTables,
    ]) {
      await client.query(sql);
    }
    for (const table of ['parent', 'audit', 't', 'u', 'secret']) {
      await client.query(`INSERT INTO ${table} (id, n) VALUES (1, 1), (2, 2), (3, 3)`);
    }
    await client.query('INSERT INTO child VALUES (1, 1), (2, 2)');
    await client.query("INSERT INTO clock VALUES (1, '10:00:00')");
  });

  afterAll(async () => {
    client?.destroy();
    other?.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  beforeEach(() => lockstep.balancer.control.clearCache());

  const figures = (): CacheStatus => lockstep.balancer.control.cache();

  const read = async (sql: string, by = client): Promise<RowDataPacket[]> => {
    const [rows] = await by.query<RowDataPacket[]>(sql);
    return rows;
  };

  /** Whether the read is answered from what is kept when it is asked again and again. */
  async function isKept(sql: string, by = client): Promise<boolean> {
    const before = figures().hits;
    for (let count = 0; count < readsToTry; count += 1) {
      await by.query(sql);
      if (figures().hits > before) return true;
    }
    return false;
  }

  /** Asks again and again until an answer is one that was kept. */
  async function untilHit(ask: () => Promise<unknown>): Promise<void> {
    const before = figures().hits;
    await vi.waitUntil(async () => {
      await ask();
      return figures().hits > before;
    }, keptWithin);
  }

  const untilKept = (sql: string, by = client): Promise<void> => untilHit(() => by.query(sql));

  test('are given again, to whoever asks the same as the same account', async () => {
    const sql = 'SELECT id, n FROM t WHERE id = 1';
    const first = await read(sql);
    await untilKept(sql);
    const before = figures().hits;
    expect(await read(sql)).toEqual(first);
    expect(await read(sql, other)).toEqual(first);
    expect(figures().hits).toBe(before + 2);
    expect(figures().bytes).toBeGreaterThan(0);
  });

  test.each([
    ['a write', 'SELECT n FROM t WHERE id = 1', 'UPDATE t SET n = n + 1 WHERE id = 1'],
    ['a trigger', 'SELECT n FROM audit WHERE id = 2', 'UPDATE t SET n = n + 1 WHERE id = 2'],
    ['a foreign key', 'SELECT COUNT(*) AS n FROM child', 'DELETE FROM parent WHERE id = 1'],
    ['a write behind a view', 'SELECT un AS n FROM joined', 'UPDATE u SET n = n + 1'],
    ['what a function reads', 'SELECT total AS n FROM totals', 'UPDATE u SET n = n + 1'],
    ['a view that is read', 'SELECT SUM(n) AS n FROM u', 'SELECT * FROM bumping'],
    ['a view in a write', 'SELECT SUM(n) AS n FROM u', 'INSERT INTO audit SELECT * FROM bumping'],
    [
      'a write to a table in parentheses of parentheses',
      'SELECT COUNT(*) AS n FROM t WHERE n IN ((SELECT 0) UNION SELECT n FROM u)',
      'UPDATE u SET n = (SELECT n FROM t WHERE id = 2)',
    ],
    [
      'a trigger with a name of WITH before',
      'SELECT SUM(n) AS n FROM u',
      'INSERT INTO heard VALUES (1)',
    ],
    ['a procedure', 'SELECT SUM(n) AS n FROM u', 'CALL bump()'],
    ['a write through a view', 'SELECT SUM(n) AS n FROM u', 'UPDATE joined SET un = un + 1'],
    ['DDL', 'SELECT * FROM t WHERE id = 3', 'ALTER TABLE t ADD COLUMN extra INT DEFAULT 7'],
    ['TRUNCATE', 'SELECT COUNT(*) AS n FROM child', 'TRUNCATE TABLE child'],
  ])('are not given behind %s', async (_, sql, write) => {
    await untilKept(sql);
    const before = await read(sql);
    await other.query(write);
    const after = await read(sql);
    expect(after).not.toEqual(before);
    await untilKept(sql);
    expect(await read(sql)).toEqual(after);
  });

  test('outlive writes to other tables', async () => {
    const sql = 'SELECT n FROM parent WHERE id = 2';
    await untilKept(sql);
    const before = figures().hits;
    await other.query('UPDATE secret SET n = n + 1');
    await read(sql);
    expect(figures().hits).toBe(before + 1);
  });

  test('are not given in a transaction, which sees its own', async () => {
    const sql = 'SELECT n FROM u WHERE id = 1';
    await untilKept(sql);
    await client.query('BEGIN');
    await client.query('UPDATE u SET n = -5 WHERE id = 1');
    expect(await read(sql)).toEqual([{ n: -5 }]);
    // Nobody else sees it yet.
    expect(await read(sql, other)).not.toEqual([{ n: -5 }]);
    await client.query('COMMIT');
    expect(await read(sql, other)).toEqual([{ n: -5 }]);
  });

  test('of prepared statements are by their parameters', async () => {
    const sql = 'SELECT id, n FROM t WHERE id = ?';
    const account = { user: 'app', password: 'app', database: 'app' };
    // What comes with attributes takes the long way.
    const flags = ['-CLIENT_QUERY_ATTRIBUTES'];
    await using prepared = await createConnection({ ...account, flags, port: lockstep.port });
    const execute = async (id: number | string): Promise<unknown> =>
      (await prepared.execute(sql, [id]))[0];
    await untilHit(() => execute(2));
    expect(await execute(3)).toMatchObject([{ id: 3 }]);
    expect(await execute(2)).toMatchObject([{ id: 2 }]);
    expect(await execute('3')).toMatchObject([{ id: 3 }]);
    await other.query('UPDATE t SET n = 77 WHERE id = 2');
    expect(await execute(2)).toEqual([{ id: 2, n: 77 }]);
  });

  test.each([
    'SELECT NOW(), id FROM t',
    'SELECT HIGH_PRIORITY NOW(), id FROM t',
    'SELECT RAND(), id FROM t',
    'SELECT UUID(), id FROM t',
    'SELECT CONNECTION_ID(), id FROM t',
    'SELECT CURRENT_USER(), id FROM t',
    'SELECT @a, id FROM t',
    'SELECT @@sql_mode, id FROM t',
    'SELECT id FROM t FOR UPDATE',
    'SELECT id FROM t LOCK IN SHARE MODE',
    'SELECT id FROM t WHERE SLEEP(0) = 0',
    'SELECT n FROM secret',
    'SELECT s.n FROM secret s JOIN t ON t.id = s.id',
    'SELECT at FROM clock',
    'SELECT id FROM isam',
    'SELECT SQL_NO_CACHE id FROM u',
    'SELECT /* lockstep: no_cache */ id FROM u',
    "SELECT CAST('x' AS SIGNED) FROM u",
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'app'",
    'WITH w AS (SELECT id FROM u) SELECT * FROM w',
    'SELECT 1',
  ])('are not kept of %s', async (sql) => {
    expect(await isKept(sql)).toBe(false);
  });

  test('leave behind what a read does', async () => {
    const sql = 'SELECT id FROM t WHERE id < 3';
    await untilKept(sql);
    await client.query("SELECT CAST('x' AS SIGNED) AS n");
    const before = figures().hits;
    await read(sql);
    expect(figures().hits).toBe(before + 1);
    expect(await read('SHOW WARNINGS')).toEqual([]);
    await read(sql);
    expect(await read('SELECT FOUND_ROWS() AS found')).toEqual([{ found: 2 }]);
    await read(sql);
    expect(await read('SELECT ROW_COUNT() AS changed')).toEqual([{ changed: -1 }]);
  });

  test('are those of the state of the session', async () => {
    const sql = 'SELECT "id" AS x FROM u WHERE id = 1';
    await untilKept(sql);
    const before = await read(sql);
    await using strict = await connectTo(lockstep, { database: 'app' });
    await strict.query("SET sql_mode = 'ANSI_QUOTES'");
    const quoted = await read(sql, strict);
    expect(quoted).not.toEqual(before);
    await untilKept(sql, strict);
    expect(await read(sql, strict)).toEqual(quoted);
    expect(await read(sql)).toEqual(before);
  });

  test('show nothing that is not committed', async () => {
    const sql = 'SELECT n FROM u WHERE id = 2';
    await using dirty = await connectTo(lockstep, { database: 'app' });
    await dirty.query('SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED');
    await other.query('BEGIN');
    await other.query('UPDATE u SET n = -1 WHERE id = 2');
    for (let count = 0; count < readsToTry; count += 1) await dirty.query(sql);
    await other.query('ROLLBACK');
    expect(await read(sql, dirty)).not.toEqual([{ n: -1 }]);
  });

  test('are not followed by less from a node that is behind', async () => {
    const { control } = lockstep.balancer;
    const { leader } = control.status();
    const behind = servers.servers.find(({ name }) => name !== leader) ?? { port: 0, name: '' };
    // Whoever may read there does.
    const settings = {
      ...{ strategy: 'weighted_round_robin', sync_timeout: '20s' },
      [`nodes.${behind.name}.weight`]: 1000,
    };
    await control.settings.change(settings, 'test');
    const sql = 'SELECT n FROM u WHERE id = 3';
    const fromNode = 'SELECT SQL_NO_CACHE n FROM u WHERE id = 3';
    await untilKept(sql);
    const before = Number((await read(fromNode))[0]?.['n']);
    await using direct = await connectTo(behind, { user: 'root', database: 'app' });
    await direct.query('BEGIN');
    await direct.query('SELECT n FROM u WHERE id = 3 FOR UPDATE');
    // The leader has committed, which nobody knows yet, and so has one follower.
    const held = holdAt('commit.answered', leader);
    const writing = other.query('UPDATE u SET n = n + 1000 WHERE id = 3');
    let session: Connection | undefined;
    try {
      await held.reached;
      session = await connectTo(lockstep, { database: 'app' });
      expect(await read(fromNode, session)).toEqual([{ n: before }]);
      await untilKept(sql);
      const hits = figures().hits;
      expect(await read(sql, session)).toEqual([{ n: before + 1000 }]);
      expect(figures().hits).toBe(hits + 1);
      for (let count = 0; count < readsToTry; count += 1) {
        expect(await read(fromNode, session)).toEqual([{ n: before + 1000 }]);
      }
    } finally {
      held.release();
      await direct.query('ROLLBACK');
      await writing;
      session?.destroy();
      const usual = {
        ...{ strategy: defaultConfig.strategy, sync_timeout: `${lockstep.config.syncTimeoutMs}ms` },
        [`nodes.${behind.name}.weight`]: 1,
      };
      await control.settings.change(usual, 'test');
    }
  });

  test('are kept by a hint', async () => {
    await untilKept('SELECT /* lockstep: cache */ n FROM secret');
    await untilKept('SELECT /* lockstep: cache max_age=1h */ n FROM secret');
    expect(await isKept('SELECT /* lockstep: cache max_age=long */ n FROM secret')).toBe(false);
  });

  test('are let go of on request, and give way within their memory', async () => {
    await untilKept('SELECT id FROM t WHERE id = 1');
    await client.query("UPDATE t SET s = REPEAT('x', 100)");
    const { evictions } = figures();
    await vi.waitFor(async () => {
      for (let id = 0; id < 30; id += 1) {
        await client.query(`SELECT id, s, REPEAT(s, 100) AS l FROM t WHERE id <> ${id}`);
      }
      expect(figures().evictions).toBeGreaterThan(evictions);
    }, 30_000);
    expect(figures().bytes).toBeLessThanOrEqual(figures().bytesMax);
    lockstep.balancer.control.clearCache();
    expect(figures()).toMatchObject({ answers: 0, bytes: 0 });
  });

  test('show concurrent sessions every write that was acknowledged', async () => {
    const before = figures();
    const connect = (): Promise<Connection> => connectTo(lockstep, { database: 'app' });
    const reads = await readWhileWritten({
      ...{ connect, seed: 1, writesEach: 40, readers: 4, strong: true },
    });
    const { hits, misses } = figures();
    expect(reads).toBeGreaterThan(100);
    expect(hits).toBeGreaterThan(before.hits);
    expect(misses).toBeGreaterThan(before.misses);
  });

  test('show it however writes are acknowledged, and when a leader dies', extended, async () => {
    const { control } = lockstep.balancer;
    const connect = (): Promise<Connection> => connectTo(lockstep, { database: 'app' });
    const round = { connect, writesEach: 60, readers: 6 };
    let seed = 10;
    for (const acks of ['all', 'quorum', 'leader']) {
      for (const consistency of ['strong', 'session']) {
        await control.settings.change({ acks, consistency }, 'test');
        seed += 1;
        await readWhileWritten({ ...round, seed, strong: consistency === 'strong' });
      }
    }
    await control.settings.change({ acks: 'all', consistency: 'strong' }, 'test');
    const { lastSeq, leader } = control.status();
    const reading = readWhileWritten({ ...round, seed: 20, strong: true });
    reading.catch(() => {});
    await vi.waitUntil(() => control.status().lastSeq > lastSeq + 40, { timeout: 60_000 });
    const victim = servers.servers.find(({ name }) => name === leader);
    await victim?.kill();
    expect(await reading).toBeGreaterThan(0);
    await victim?.start();
    await untilAllUp(lockstep);
  });

  test('are none while there is no memory for them', async () => {
    const { settings } = lockstep.balancer.control;
    const sql = 'SELECT n FROM u WHERE id = 1';
    await untilKept(sql);
    await settings.change({ 'cache.bytes': 0 }, 'test');
    expect(figures()).toMatchObject({ on: false, answers: 0 });
    expect(await isKept(sql)).toBe(false);
    await settings.change({ 'cache.bytes': '256KB', 'cache.rules': [{ tables: 'app.t' }] }, 'test');
    expect(await isKept(sql)).toBe(false);
    await untilKept('SELECT n FROM t WHERE id = 1');
    await settings.change({ 'cache.rules': [{ tables: 'app.*' }] }, 'test');
    await untilKept(sql);
  });

  test('are for those who may read them', async () => {
    const sql = 'SELECT n FROM app.u WHERE id = 3';
    await using root = await connectTo(lockstep, { user: 'root', database: 'app' });
    await untilKept(sql, root);
    for (const text of [
      "CREATE USER guest@'%' IDENTIFIED BY 'guest'",
      "GRANT SELECT ON app.* TO guest@'%'",
    ]) {
      await root.query(text);
    }
    await untilKept(sql, root);
    await using guest = await connectTo(lockstep, { user: 'guest', database: 'app' });
    await untilKept(sql, guest);
    await root.query("REVOKE SELECT ON app.* FROM guest@'%'");
    await untilKept(sql, root);
    await using later = await connectTo(lockstep, { user: 'guest' });
    await expect(later.query(sql)).rejects.toMatchObject({ errno: 1142 });
  });
});

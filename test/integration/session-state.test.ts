import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';
import { type Step, transcriptOf } from '../support/differential.ts';
import { keptScripts } from '../support/session-state/kept-scripts.ts';
import { stepOf } from '../support/session-state/step.ts';
import { Twins } from '../support/session-state/twins.ts';
import { setUp as vocabulary } from '../support/session-state/vocabulary.ts';

/** Sessions take turns on each of them; one that holds a lock has one to the leader for itself. */
const connectionsPerNode = 5;

const setUp = [
  'CREATE TABLE ids (id INT AUTO_INCREMENT PRIMARY KEY, v DOUBLE)',
  'CREATE TABLE keyed (id INT PRIMARY KEY, v DOUBLE)',
  'CREATE FUNCTION sets_variable() RETURNS INT NO SQL BEGIN SET @leak = 77; RETURN 1; END',
  'CREATE FUNCTION asks_id() RETURNS BIGINT NO SQL RETURN LAST_INSERT_ID()',
  'CREATE FUNCTION sets_id() RETURNS BIGINT NO SQL RETURN LAST_INSERT_ID(99)',
  "CREATE FUNCTION locks() RETURNS INT NO SQL RETURN GET_LOCK('leak', 0)",
  'CREATE VIEW last_id AS SELECT LAST_INSERT_ID() AS id',
];

const scripts: Readonly<Record<string, readonly Step[]>> = {
  'user variables whose names go beyond ASCII': [
    "SET @É = 5, @ß = 'x', @Ä := 3",
    'SELECT @É, @é, @ß, @ä',
    'SELECT @Ä := 4',
    'SELECT @ä',
  ],
  'user variables that a function sets': [
    'SELECT sets_variable()',
    'SELECT @leak',
    'SET @leak = NULL',
    'DO sets_variable()',
    'SELECT @leak',
    'SET @leak = 2, @other = sets_variable()',
    'SELECT @leak, @other',
    'SET @leak = NULL',
  ],
  'the type of a user variable that is NULL': [
    'SELECT HEX(COALESCE(@n, 0) + 0.5)',
    ...['NULL', '2e3', 'NULL', '1', 'NULL', '1.5', 'NULL', "_latin1 'x'", 'NULL'].flatMap(
      (value) => [
        `SET @n = ${value}`,
        'SELECT COALESCE(@n, 0), HEX(COALESCE(@n, 0) + 0.5), CHARSET(@n), COLLATION(@n)',
      ],
    ),
    "PREPARE p FROM 'SELECT COALESCE(?, 0)'",
    'EXECUTE p USING @n',
  ],
  'the collation that a number in a user variable gets': [
    'SET NAMES latin1',
    'SET @n = 2e3, @m = 1',
    'SET @m = NULL',
    'SET NAMES utf8mb4 COLLATE utf8mb4_bin',
    'SET @o = 5',
    "SELECT COLLATION(CONCAT(@n, 'x')), COLLATION(CONCAT(@m)), COLLATION(CONCAT(@o, 'x'))",
    'SELECT @@collation_connection, @n + @o',
  ],
  'LAST_INSERT_ID() in functions': [
    'INSERT INTO ids (v) VALUES (1), (2)',
    'SELECT asks_id()',
    'SELECT sets_id()',
    'SELECT LAST_INSERT_ID(), asks_id()',
  ],
  'what holds for one use': [
    'SET insert_id = 100',
    'SELECT @@insert_id',
    'INSERT INTO ids (v) VALUES (1)',
    'INSERT INTO ids (v) VALUES (2)',
    'SELECT @@insert_id, LAST_INSERT_ID()',
    'SET rand_seed1 = 10, rand_seed2 = 20',
    'SELECT RAND()',
    'SET rand_seed1 = 10, rand_seed2 = 20',
    'INSERT INTO ids (id, v) VALUES (200, RAND())',
    'SELECT ROUND(v, 12) FROM ids WHERE id = 200',
    'SET TRANSACTION READ ONLY',
    'INSERT INTO ids (v) VALUES (3)',
    'SET TRANSACTION READ WRITE',
    'INSERT INTO ids (v) VALUES (4)',
  ],
  'locks that SET and SELECT … INTO take': [
    "SET @got = GET_LOCK('set', 0)",
    "SELECT @got, IS_FREE_LOCK('set')",
    "SELECT @got := RELEASE_LOCK('set')",
    'SELECT @got',
    "SELECT GET_LOCK('into', 0) INTO @into",
    "DO RELEASE_LOCK('into')",
    "SELECT @into, @got, IS_FREE_LOCK('into')",
  ],
};

/** Of two sessions; every packet of every answer is compared. */
const together: Readonly<Record<string, readonly string[]>> = {
  'FOUND_ROWS() after what has no rows of its own': [
    ...[
      'DO 1',
      'DO (SELECT COUNT(*) FROM shared)',
      'SET @a = 1',
      'SET @a = (SELECT COUNT(*) FROM shared)',
      'SELECT MAX(id) FROM shared INTO @a',
      'SELECT id FROM shared WHERE id = 77 INTO @a',
      'CALL two(1)',
      'CALL sets(@a)',
      'SHOW COUNT(*) WARNINGS',
      'SHOW WARNINGS',
      'EXPLAIN SELECT 1',
      'SELECT 1 FROM nosuch_table',
    ].flatMap((sql) => ['0: (SELECT 1) UNION (SELECT 2)', `0: ${sql}`, '0: SELECT FOUND_ROWS()']),
  ],
  'what is told of a single row that was selected': [
    ...[
      'INSERT INTO keyed SELECT 1, LENGTH(UUID())',
      'INSERT INTO keyed SELECT 2, LENGTH(UUID()) UNION ALL SELECT 3, 2',
      'INSERT INTO keyed SELECT 4, LENGTH(UUID()) FROM keyed WHERE id = 0',
      'REPLACE INTO keyed SELECT 1, LENGTH(UUID())',
      'REPLACE INTO keyed SELECT 1, 7 + LENGTH(UUID())',
      'REPLACE INTO keyed SELECT 5, LENGTH(UUID())',
      'INSERT IGNORE INTO keyed SELECT 1, LENGTH(UUID())',
      'INSERT IGNORE INTO keyed SELECT 6, LENGTH(UUID())',
      'INSERT INTO ids (v) SELECT LENGTH(UUID())',
      'INSERT INTO keyed VALUES ((SELECT 7), LENGTH(UUID()))',
      'REPLACE INTO keyed SET id = 7, v = (SELECT LENGTH(UUID()))',
    ].map((sql) => `0: ${sql}`),
    '0: SELECT ROW_COUNT(), LAST_INSERT_ID() > 0',
    ...['', 'IGNORE '].flatMap((ignore) =>
      ['1 + LENGTH(UUID()) * 0, 1', '1 + LENGTH(UUID()) * 0, 0', 'LENGTH(UUID()), 1'].map(
        (row) =>
          `0: INSERT ${ignore}INTO keyed SELECT ${row} ON DUPLICATE KEY UPDATE v = v + VALUES(v)`,
      ),
    ),
    '0: DELETE FROM keyed',
  ],
  'the type of what is asked of the statement before': [
    '0: SELECT ROW_COUNT(), @@warning_count, @@session.error_count + 1',
    '0: SELECT missing_column',
    '0: SELECT ROW_COUNT() + 1 AS n, @@error_count AS e',
    '0: SELECT missing_column',
    '0: GET DIAGNOSTICS @a = NUMBER, @b = ROW_COUNT',
    '0: SELECT @a, @b',
    '0: SET autocommit = 0',
    '0: SELECT @@autocommit, @@session.autocommit AS a',
    "0: PREPARE p FROM 'SELECT ROW_COUNT(), ? AS x'",
    '0: EXECUTE p USING @b',
    '0: EXECUTE p USING @b',
  ],
  'what SET TRANSACTION asks holds for the next transaction only': [
    ...[
      'SELECT 1',
      'SELECT * FROM shared',
      'SELECT * FROM nosuch_table',
      'SET @a = (SELECT MAX(id) FROM shared)',
      'EXPLAIN SELECT * FROM shared',
      'SELECT * FROM information_schema.ENGINES WHERE 0',
      'COMMIT',
      'ROLLBACK',
      'DROP TABLE IF EXISTS nosuch_table',
      'UNLOCK TABLES',
      'SAVEPOINT one',
      'CREATE TEMPORARY TABLE own (a INT)',
    ].flatMap((sql) => [
      '0: SET TRANSACTION READ ONLY',
      `0: ${sql}`,
      '0: INSERT INTO t0 (n) VALUES (1)',
      '0: COMMIT',
    ]),
  ],
  'a chained transaction is as the one before': [
    '0: START TRANSACTION READ ONLY',
    '0: COMMIT AND CHAIN',
    '0: INSERT INTO t0 (n) VALUES (1)',
    '0: ROLLBACK AND CHAIN',
    '0: INSERT INTO t0 (n) VALUES (1)',
    '0: COMMIT',
    '0: INSERT INTO t0 (n) VALUES (1)',
    '0: SET TRANSACTION READ ONLY',
    '0: COMMIT AND CHAIN',
    '0: INSERT INTO t0 (n) VALUES (1)',
    '0: ROLLBACK',
    '0: SET SESSION TRANSACTION READ ONLY',
    '0: START TRANSACTION READ WRITE',
    '0: COMMIT AND CHAIN',
    '0: INSERT INTO t0 (n) VALUES (1)',
    '0: COMMIT',
  ],
  'a lock that is not got drops what SHOW WARNINGS showed on MariaDB': [
    '1: SELECT GET_LOCK("common", 0)',
    '0: SELECT missing_column',
    '0: SELECT GET_LOCK("own", 0)',
    '0: SHOW WARNINGS',
    '0: SELECT GET_LOCK("common", 0)',
    '0: SHOW WARNINGS',
    '0: SELECT missing_column',
    '0: SET @got = GET_LOCK("common", 0)',
    '0: SHOW COUNT(*) WARNINGS',
    '0: SELECT RELEASE_ALL_LOCKS()',
    '1: SELECT RELEASE_ALL_LOCKS()',
  ],
  'what holds for one use does not end what is open': [
    '0: CREATE TEMPORARY TABLE own (a INT)',
    '0: BEGIN',
    '0: INSERT INTO t0 (n) VALUES (1)',
    '0: SET rand_seed1 = 10, rand_seed2 = 20',
    '0: SELECT RAND()',
    '0: SET insert_id = 70, @zero = 0',
    '0: INSERT INTO t0 (n) VALUES (2)',
    '0: SELECT id FROM t0',
    '0: ROLLBACK',
    '0: BEGIN',
    '0: INSERT INTO t0 (n) VALUES (3)',
    '0: SET autocommit = @@autocommit + @zero',
    '0: ROLLBACK',
    '0: SELECT COUNT(*) FROM t0',
    '0: SELECT COUNT(*) FROM own',
  ],
  'user variables of a statement that fails half-way': [
    "0: SELECT @a := 5, raises('text')",
    '0: SELECT @a',
    '1: SELECT @a',
    "0: SELECT @b := 6, @c := raises('text') FROM shared",
    '0: SELECT @a, @b, @c',
    '1: SELECT @a, @b, @c',
    '0: SELECT id FROM shared INTO @d',
    '0: SELECT @d',
    '1: SELECT @d',
  ],
  'locked tables are used by the names that they are locked by': [
    '0: LOCK TABLES t0 AS x READ, t0 WRITE, shared READ',
    '0: SELECT COUNT(*) FROM t0 AS x',
    '0: SELECT COUNT(*) FROM app.t0 x, t0',
    '0: SELECT COUNT(*) FROM t0 AS y',
    '0: SELECT COUNT(*) FROM t0 WHERE id IN (SELECT id FROM t0)',
    '0: INSERT INTO t0 (n) VALUES (1), (2)',
    '0: INSERT INTO t0 (n) SELECT n FROM t0 AS x',
    '0: UPDATE t0 AS x SET x.n = 1',
    '0: SELECT * FROM nosuch_table',
    '0: DELETE FROM shared',
    '0: UNLOCK TABLES',
    '0: LOCK TABLES t0 AS x WRITE',
    '0: SELECT COUNT(*) FROM t0',
    '0: UPDATE t0 AS x SET x.n = 2',
    '0: UNLOCK TABLES',
  ],
};

describe.each(engines())('what a session sets, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  const clients: Connection[] = [];

  const connect = async (target: { readonly port: number }): Promise<Connection> => {
    const client = await connectTo(target, { database: 'app' });
    clients.push(client);
    return client;
  };
  const plain = () => servers.servers[3] as TestServers['servers'][number];
  const twin = async () => ({
    direct: await connect(plain()),
    through: await connect(lockstep),
  });

  beforeAll(async () => {
    servers = await startServers({ engine, count: 4 });
    const three = { ...servers, servers: servers.servers.slice(0, 3) };
    const limits = { ...defaultConfig.limits, connectionsPerNode };
    lockstep = await startBalancer(three, { limits });
    await untilAllUp(lockstep);
    const { direct, through } = await twin();
    for (const sql of [...setUp, ...vocabulary])
      await Promise.all([direct.query(sql), through.query(sql)]);
  });

  afterAll(async () => {
    for (const client of clients) client.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  /** What others do meanwhile; it takes the connections in turn. */
  const disturb = async (bystanders: readonly Connection[]): Promise<RowDataPacket[]> => {
    const found = await Promise.all(
      bystanders.map((one) =>
        one.query<RowDataPacket[]>(
          'SELECT @leak AS leak, @got AS got, (SELECT id FROM last_id) AS id',
        ),
      ),
    );
    return found.flatMap(([rows]) => rows);
  };

  test.each(Object.entries(scripts))('%s', async (_name, steps) => {
    const { direct, through } = await twin();
    const bystanders = await Promise.all([1, 2, 3, 4].map(() => connect(lockstep)));
    for (const step of steps) {
      const expected = await transcriptOf(direct, [step]);
      expect(await transcriptOf(through, [step])).toEqual(expected);
      for (const row of await disturb(bystanders)) {
        expect(row).toEqual({ leak: null, got: null, id: 0 });
      }
    }
  });

  test.each(Object.entries({ ...together, ...keptScripts }))('%s', async (_name, lines) => {
    await using twins = await Twins.open({ direct: plain().port, through: lockstep.port }, 2);
    expect(await twins.run(lines.map(stepOf))).toBeUndefined();
  });

  test('a connection that is made fresh keeps the character set of its schema', async () => {
    const sessions = await Promise.all(Array.from({ length: 8 }, () => connect(lockstep)));
    for (const [index, session] of sessions.entries()) {
      await session.query('USE information_schema');
      await session.query(`SET @own${index} = 1`);
    }
    for (const session of [...sessions, ...sessions]) {
      const [rows] = await session.query('SELECT @@character_set_database AS charset');
      expect(rows).toEqual([{ charset: 'utf8mb3' }]);
    }
  });

  test('IS_USED_LOCK() is the number of the session that holds it', async () => {
    const [one, other] = [await connect(lockstep), await connect(lockstep)];
    await one.query("SELECT GET_LOCK('used', 0)");
    for (const asking of [one, other]) {
      const [rows] = await asking.query(
        "SELECT IS_USED_LOCK('used'), IS_USED_LOCK(CONCAT('fr', 'ee')) AS free",
      );
      expect(rows).toEqual([{ "IS_USED_LOCK('used')": one.threadId, free: null }]);
    }
    const [bound] = await other.execute('SELECT IS_USED_LOCK(?) AS id', ['used']);
    expect(bound).toEqual([{ id: one.threadId }]);
    await other.query("SET @lock = 'used'");
    await other.query("PREPARE asks FROM 'SELECT IS_USED_LOCK(?) AS id'");
    const [executed] = await other.query('EXECUTE asks USING @lock');
    expect(executed).toEqual([{ id: one.threadId }]);
    await other.query("SET @id = IS_USED_LOCK('used')");
    await one.query("SELECT RELEASE_LOCK('used')");
    const [kept] = await other.query("SELECT @id AS id, IS_USED_LOCK('used') AS used");
    expect(kept).toEqual([{ id: one.threadId, used: null }]);
  });

  test('IS_USED_LOCK() has the type that it has on a server', async () => {
    await using twins = await Twins.open({ direct: plain().port, through: lockstep.port }, 1);
    const lines = [
      "0: SELECT IS_USED_LOCK('none'), IS_USED_LOCK('none') IS NULL AS free",
      "0: SELECT GET_LOCK('typed', 0), IS_USED_LOCK('typed') = CONNECTION_ID() AS own",
      "0: SELECT IS_USED_LOCK('')",
      '0: SELECT IS_USED_LOCK()',
      "0: SELECT RELEASE_LOCK('typed')",
    ];
    expect(await twins.run(lines.map(stepOf))).toBeUndefined();
  });

  test('a lock that is held on a node directly does not look free', async () => {
    const through = await connect(lockstep);
    const held = servers.servers.slice(0, 3);
    for (const node of held) {
      const direct = await connect(node);
      await direct.query("SELECT GET_LOCK('direct', 0)");
    }
    const [rows] = await through.query("SELECT IS_USED_LOCK('direct') AS id");
    expect(rows).toEqual([{ id: 999_999_999 }]);
  });

  test('a lock that a function takes would stay behind: it is refused', async () => {
    const client = await connect(lockstep);
    for (const sql of ['SELECT locks()', 'DO locks()', 'SET @got = locks()']) {
      await expect(client.query(sql)).rejects.toThrow('function locks uses GET_LOCK');
    }
    const [rows] = await client.query("SELECT IS_FREE_LOCK('leak') AS free");
    expect(rows).toEqual([{ free: 1 }]);
  });
});

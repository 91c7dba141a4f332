import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';
import { type Step, transcriptOf } from '../support/differential.ts';
import type { Twin } from '../support/random-sets.ts';

/** Sessions take turns on each of them; one that holds a lock has one to the leader for itself. */
const connectionsPerNode = 5;

const setUp = [
  'CREATE TABLE ids (id INT AUTO_INCREMENT PRIMARY KEY, v DOUBLE)',
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
  const twin = async (): Promise<Twin> => ({
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
    for (const sql of setUp) await Promise.all([direct.query(sql), through.query(sql)]);
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

  test('a lock that a function takes would stay behind: it is refused', async () => {
    const client = await connect(lockstep);
    for (const sql of ['SELECT locks()', 'DO locks()', 'SET @got = locks()']) {
      await expect(client.query(sql)).rejects.toThrow('function locks uses GET_LOCK');
    }
    const [rows] = await client.query("SELECT IS_FREE_LOCK('leak') AS free");
    expect(rows).toEqual([{ free: 1 }]);
  });
});

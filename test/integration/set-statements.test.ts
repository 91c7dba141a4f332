import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { type Step, transcriptOf } from '../support/differential.ts';

const assignments: readonly Step[] = [
  'SELECT 1',
  'SET autocommit = 0, @b = 2',
  'SELECT @@autocommit, @b',
  'SET @b = 3, autocommit = 1, @c = @b + 1',
  'SELECT @@autocommit, @b, @c',
  "/*M!999999\\- as a dump begins */\n/*!40101 SET @m = 'code' */",
  "/*!80013 SET @v = 'by version' */",
  'SELECT @m, @v',
  'SELECT @m, @v',
  'SET autocommit = @@autocommit + 0',
  "SET autocommit = 'on'",
  'SET autocommit = (SELECT 0)',
  'SELECT @@autocommit',
  'SET @x = 1, autocommit = 2',
  'SELECT @x',
  { sql: 'SET autocommit = ?, @y = ?', parameters: [1, 'prepared'] },
  'SELECT @@autocommit, @y',
  'SET autocommit = 0, GLOBAL max_connect_errors = 200, @d = 5',
  'SELECT @@autocommit, @@global.max_connect_errors, @d',
  "SET @e = 7, GLOBAL max_connect_errors = 201, @@session.sql_mode = 'ANSI', autocommit = 1",
  'SELECT @@autocommit, @@global.max_connect_errors, @e, @@sql_mode',
  'SET SESSION sql_mode = DEFAULT, @@autocommit = 1',
  'SET @f = 1, SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE',
  'SET missing_variable = 1, @f = 2',
  'SELECT @f',
  'SET max_connections = 7',
  'SET transaction_isolation = 7',
  'SET tx_isolation = 7',
  'SET tx_isolation = 1 + 2',
  'SET transaction_isolation = 1 + 2',
  "SET @iso = 'SERIALIZABLE'",
  'SET tx_isolation = @iso',
  'SET transaction_isolation = @iso',
  "SET transaction_isolation = 'REPEATABLE-READ'",
  'SET last_insert_id = 2 + 3',
  'SELECT LAST_INSERT_ID(), @@identity',
  'SET identity = 6',
  'SELECT LAST_INSERT_ID(), @@identity, @@last_insert_id',
  'SET NAMES utf8mb4 COLLATE utf8mb4_bin, @zz = 3',
  'SELECT @@character_set_client, @@collation_connection, @zz',
  'SET NAMES latin1, @z1 = CHARSET(@@version_comment)',
  'SELECT @@character_set_client, @@collation_connection, @@character_set_results',
  'SET NAMES missing_charset',
  'SET CHARACTER SET latin1',
  'SELECT @@character_set_client, @@character_set_results',
  'SET NAMES utf8mb4',
  'SET character_set_results = NULL',
  'SELECT @@character_set_results',
  'SET character_set_results = utf8mb4',
  'SET character_set_connection = latin1',
  "SELECT @@character_set_connection, @@collation_connection, COLLATION('a')",
  'SET collation_connection = latin1_bin, character_set_client = DEFAULT',
  'SELECT @@character_set_connection, @@collation_connection, @@character_set_client',
  'SET character_set_connection = DEFAULT, character_set_server = latin2',
  'SELECT @@character_set_connection, @@collation_connection, @@collation_server',
  'SET character_set_server = DEFAULT',
  'SET NAMES utf8mb4',
  'SET ROLE NONE',
  'SET ROLE missing_role',
  'SELECT CURRENT_ROLE()',
  'SET max_join_size = 5, sql_big_selects = 0',
  'SELECT @@max_join_size, @@sql_big_selects',
  'SET max_join_size = DEFAULT, sql_big_selects = 1',
  'SET session_track_schema = 0',
  'SET SESSION TRANSACTION READ ONLY, ISOLATION LEVEL SERIALIZABLE',
  'CREATE TABLE IF NOT EXISTS d (id INT)',
  'INSERT INTO d VALUES (1)',
  'SET SESSION TRANSACTION READ WRITE',
  'INSERT INTO d VALUES (2)',
  'SET TRANSACTION READ ONLY',
  'BEGIN',
  'INSERT INTO d VALUES (3)',
  'SET TRANSACTION READ WRITE',
  'COMMIT',
  'INSERT INTO d VALUES (4)',
  'SELECT * FROM d ORDER BY id',
  'DROP TABLE d',
];

describe.each(engines())('SET, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 4 });
    lockstep = await startBalancer(
      { ...servers, servers: servers.servers.slice(0, 3) },
      { users: [{ name: 'root', password: 'root' }] },
    );
  });

  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  const alone = () => servers.servers[3] ?? { port: 0 };

  test('is answered as by one server, whatever is set beside what', async () => {
    const transcripts: (readonly string[])[] = [];
    for (const { port } of [alone(), lockstep]) {
      const client = await connectTo({ port }, { user: 'root', database: 'app' });
      transcripts.push(await transcriptOf(client, assignments));
      await client.end();
    }
    const [direct, through] = transcripts;
    expect(through).toEqual(direct);
  });

  test('what the handshake asks for holds on every connection, and after a reset', async () => {
    const answers: unknown[] = [];
    for (const { port } of [alone(), lockstep]) {
      const options = { port, host: '127.0.0.1', user: 'root', password: 'root', database: 'app' };
      const client = await createConnection({ ...options, charset: 'utf8mb4_unicode_ci' });
      const ask = async (sql: string): Promise<unknown> => {
        const [rows, fields] = await client.query<RowDataPacket[]>(sql);
        return [rows, fields?.map((field) => [field.name, field.characterSet])];
      };
      const seen: unknown[] = [];
      for (let round = 0; round < 3; round += 1) seen.push(await ask("SELECT 'x' AS text"));
      // With a space: mysql2 asks for IGNORE_SPACE.
      seen.push(await ask('SELECT COUNT (*) AS n, @@sql_mode FROM (SELECT 1) AS one'));
      await client.reset();
      seen.push(await ask("SELECT 'x' AS text, @@sql_mode"));
      await client.changeUser({ charset: 'LATIN1_GERMAN1_CI' });
      seen.push(await ask("SELECT 'x' AS text, @@sql_mode, @@character_set_client"));
      await client.query('SET NAMES utf8mb4 COLLATE utf8mb4_bin');
      for (let round = 0; round < 3; round += 1) seen.push(await ask("SELECT 'x' AS text"));
      answers.push(seen);
      await client.end();
    }
    const [direct, through] = answers;
    expect(through).toEqual(direct);
  });

  test('a write is repeated in the character set that its session has set', async () => {
    const client = await connectTo(lockstep, { user: 'root', database: 'app' });
    await client.query('CREATE TABLE told (id INT PRIMARY KEY, collation TEXT)');
    await client.query('SET character_set_connection = latin1');
    await client.query("INSERT INTO told VALUES (1, COLLATION('a'))");
    await client.query('SET character_set_connection = DEFAULT');
    await client.query("INSERT INTO told VALUES (2, COLLATION('a'))");
    await expectEqualNodes(servers.servers.slice(0, 3));
    await client.end();
  });

  test('a role of one session is not there for another on the same connection', async () => {
    const [first, second] = await Promise.all([
      connectTo(lockstep, { user: 'root', database: 'app' }),
      connectTo(lockstep, { user: 'root', database: 'app' }),
    ]);
    await first.query('CREATE ROLE IF NOT EXISTS keeper');
    await first.query('GRANT keeper TO CURRENT_USER');
    await first.query('SET ROLE keeper');
    for (let round = 0; round < 6; round += 1) {
      const [mine] = await first.query('SELECT CURRENT_ROLE() AS role');
      const [other] = await second.query('SELECT CURRENT_ROLE() AS role');
      expect(JSON.stringify(mine)).toContain('keeper');
      expect(JSON.stringify(other)).not.toContain('keeper');
    }
    await first.query('DROP ROLE keeper');
    await first.end();
    await second.end();
  });
});

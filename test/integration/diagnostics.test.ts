import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
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

/** Each statement asks, after another kind of statement, what that left behind. */
const asked: readonly Step[] = [
  'SHOW WARNINGS',
  'SHOW COUNT(*) WARNINGS',
  'SHOW COUNT(*) ERRORS',
  'SHOW ERRORS',
  'SHOW WARNINGS LIMIT 1',
  'SHOW WARNINGS LIMIT 1, 5',
];

const statements: readonly Step[] = [
  'SELECT 1',
  'CREATE TABLE d (id INT AUTO_INCREMENT PRIMARY KEY, v TINYINT, w VARCHAR(3))',
  "SET sql_mode=''",
  "INSERT INTO d (v, w) VALUES (1000, 'long enough'), (2, 'b'), (3, 'c')",
  'UPDATE d SET v = v + 1000 WHERE id > 1',
  'UPDATE d SET v = 1 WHERE id = 99',
  'DELETE FROM d WHERE w = 1',
  "INSERT INTO d (v, w) VALUES (5, 'e')",
  'INSERT INTO d (id, v) VALUES (1, 1)',
  'INSERT IGNORE INTO d (id, v) VALUES (4, 1), (9, 9)',
  { sql: 'INSERT INTO d (v, w) VALUES (?, ?)', parameters: [700, 'ghijk'] },
  { sql: 'SELECT ? + 1, CAST(? AS SIGNED)', parameters: [1, 'x'] },
  'SELECT * FROM d ORDER BY id LIMIT 2',
  'SELECT SQL_CALC_FOUND_ROWS id FROM d ORDER BY id LIMIT 1',
  'SELECT * FROM missing',
  "SELECT CAST('x' AS SIGNED), CAST('y' AS SIGNED) FROM d",
  'SELECT nonsense nonsense nonsense',
  'SELECT missing_function()',
  'SET @a = 1',
  'SET missing_variable = 1',
  'USE missing_schema',
  'DROP TABLE IF EXISTS missing, missing_too',
  'CREATE TABLE IF NOT EXISTS d (id INT)',
  'DROP TABLE missing',
  'INSERT INTO d (v) SELECT v + 500 FROM d WHERE id = 2',
  'BEGIN',
  'INSERT INTO d (v) VALUES (2000)',
  'INSERT INTO d (id, v) VALUES (1, 1)',
  'COMMIT',
  'SAVEPOINT s',
  'ROLLBACK TO missing',
  'SHOW TABLES',
  'DO 1',
];

const counts: readonly Step[] = [
  'SELECT ROW_COUNT(), FOUND_ROWS(), LAST_INSERT_ID()',
  'SELECT ROW_COUNT() AS r, @@identity, @@last_insert_id',
];

describe.each(engines())('what a statement leaves behind, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 4 });
    const nodes = servers.servers.slice(0, 3);
    lockstep = await startBalancer({ ...servers, servers: nodes });
  });

  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  const alone = () => servers.servers[3] ?? { port: 0 };

  async function both(steps: readonly Step[], options: { multiple?: boolean } = {}) {
    const transcripts: (readonly string[])[] = [];
    for (const { port } of [alone(), lockstep]) {
      const client = await connectTo(
        { port },
        { database: 'app', multipleStatements: options.multiple ?? false },
      );
      transcripts.push(await transcriptOf(client, steps));
      await client.query('DROP TABLE IF EXISTS d');
      await client.end();
    }
    const [direct, through] = transcripts;
    expect(through).toEqual(direct);
  }

  test('SHOW WARNINGS and its like', () => both(statements.flatMap((step) => [step, ...asked])));

  test('ROW_COUNT(), FOUND_ROWS() and LAST_INSERT_ID()', () =>
    both(statements.flatMap((step) => [step, ...counts])));

  test('@@warning_count and @@error_count', () =>
    both(
      statements.flatMap((step) => [
        step,
        'SELECT @@warning_count, @@error_count',
        step === 'COMMIT' ? 'SHOW WARNINGS' : 'SELECT @@session.warning_count + 1 AS n',
      ]),
    ));

  test('GET DIAGNOSTICS', () =>
    both([
      'SELECT * FROM missing',
      'GET DIAGNOSTICS @n = NUMBER, @r = ROW_COUNT',
      'SELECT @n, @r',
      'DROP TABLE IF EXISTS missing, missing_too',
      'GET DIAGNOSTICS CONDITION 2 @e = MYSQL_ERRNO, @s = RETURNED_SQLSTATE, @m = MESSAGE_TEXT',
      'SELECT @e, @s, @m',
      'DROP TABLE IF EXISTS missing',
      'GET DIAGNOSTICS CONDITION 5 @e = MYSQL_ERRNO',
      'SHOW WARNINGS',
      'GET DIAGNOSTICS @n = NONSENSE',
    ]));

  test('what a procedure says of an error that it raises', () =>
    both([
      `CREATE PROCEDURE raise(a INT) BEGIN
         DECLARE mine CONDITION FOR SQLSTATE '45001';
         IF a = 1 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'stop', MYSQL_ERRNO = 30001;
         ELSEIF a = 2 THEN SIGNAL mine SET MESSAGE_TEXT = 'mine';
         ELSE BEGIN
           DECLARE EXIT HANDLER FOR SQLEXCEPTION RESIGNAL SET MESSAGE_TEXT = 'again';
           SIGNAL SQLSTATE VALUE '45002' SET MESSAGE_TEXT = 'first';
         END; END IF; END`,
      ...[1, 2, 3].flatMap((n) => [`CALL raise(${n})`, 'SHOW WARNINGS']),
      'DROP PROCEDURE raise',
    ]));

  test('preparing a statement makes void what the one before left', async () => {
    const found: unknown[] = [];
    for (const { port } of [alone(), lockstep]) {
      const client = await connectTo({ port }, { database: 'app' });
      for (const sql of [
        'SELECT 1',
        'DROP TABLE IF EXISTS missing',
        'SELECT * FROM information_schema.ENGINES',
      ]) {
        await client.query('DROP TABLE IF EXISTS missing');
        await client.prepare(sql);
        const [rows] = await client.query<RowDataPacket[]>('SHOW WARNINGS');
        found.push([sql, rows.length]);
      }
      await client.end();
    }
    expect(found.slice(3)).toEqual(found.slice(0, 3));
  });

  test('a comment is a statement that does nothing, blanks are none', () =>
    both(
      ['', ' ; ', '-- ', '--', '# x', '/* x */;', 'SELECT 1; -- x', 'SELECT 1; /* x */', 'DO 1;; '],
      { multiple: true },
    ));

  test('what is asked of the statement before goes into writes, prepared or not', () =>
    both([
      'CREATE TABLE d (id INT PRIMARY KEY, n INT, f INT)',
      'INSERT INTO d VALUES (1, 1, 1), (2, 2, 2)',
      'INSERT INTO d VALUES (3, ROW_COUNT(), 0)',
      'SELECT id FROM d LIMIT 2',
      { sql: 'INSERT INTO d VALUES (?, ROW_COUNT(), FOUND_ROWS())', parameters: [4] },
      'UPDATE d SET n = 7 WHERE id < 3',
      'SET @count = ROW_COUNT() + 10',
      { sql: 'SELECT @count, ROW_COUNT(), ? AS x', parameters: ['x'] },
      'SELECT * FROM d ORDER BY id',
    ]));

  test('of an INSERT that generates all its ids the leader is asked nothing more', async () => {
    const client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE d (id INT AUTO_INCREMENT PRIMARY KEY, n INT)');
    const shown = async (): Promise<number> => {
      let total = 0;
      for (const server of servers.servers.slice(0, 3)) {
        const root = await connectTo(server, { user: 'root' });
        const [rows] = await root.query<RowDataPacket[]>(
          "SHOW GLOBAL STATUS LIKE 'Com_show_warnings'",
        );
        total += Number(rows[0]?.['Value']);
        await root.end();
      }
      return total;
    };
    const before = await shown();
    for (let count = 1; count <= 20; count += 1) {
      const [result] = await client.query<ResultSetHeader>('INSERT INTO d (n) VALUES (1), (2)');
      expect(result.insertId).toBe(count * 2 - 1);
    }
    const [result] = await client.query<ResultSetHeader>('INSERT INTO d VALUES (NULL, 3)');
    expect(result.insertId).toBe(41);
    const isMysql = engine.name === 'mysql';
    expect((await shown()) - before).toBe(isMysql ? 1 : 0);
    const [rows] = await client.query<RowDataPacket[]>('SELECT LAST_INSERT_ID() AS id');
    expect(rows).toEqual([{ id: 41 }]);
    await expectEqualNodes(servers.servers.slice(0, 3));
    await client.query('DROP TABLE d');
    await client.end();
  });

  test('LAST_INSERT_ID() is what the session made it', () =>
    both([
      'CREATE TABLE d (id INT AUTO_INCREMENT PRIMARY KEY, n INT)',
      'INSERT INTO d (n) VALUES (1), (2)',
      'SELECT LAST_INSERT_ID(), @@identity',
      'SELECT LAST_INSERT_ID(77)',
      'SELECT LAST_INSERT_ID(), @@last_insert_id',
      'INSERT INTO d (n) VALUES (LAST_INSERT_ID())',
      'UPDATE d SET n = LAST_INSERT_ID(n + 1) WHERE id = 1',
      'SELECT LAST_INSERT_ID()',
      'SELECT * FROM d ORDER BY id',
    ]));

  test('no session sees what another left on the same connection', async () => {
    const clients = await Promise.all(
      Array.from({ length: 4 }, () => connectTo(lockstep, { database: 'app' })),
    );
    for (let round = 0; round < 5; round += 1) {
      for (const [index, client] of clients.entries()) {
        const failed = client.query(`SELECT * FROM missing_${round}_${index}`);
        await expect(failed).rejects.toMatchObject({ errno: 1146 });
      }
      for (const [index, client] of clients.entries()) {
        const [rows] = await client.query<RowDataPacket[]>('SHOW WARNINGS');
        const message = `Table 'app.missing_${round}_${index}' doesn't exist`;
        expect(rows).toEqual([{ Level: 'Error', Code: 1146, Message: message }]);
      }
    }
    for (const client of clients) await client.end();
  });

  test('the columns of SHOW WARNINGS are described as by the server', async () => {
    const described: unknown[] = [];
    for (const { port } of [alone(), lockstep]) {
      const client = await connectTo({ port }, { database: 'app' });
      for (const names of ['utf8mb4', 'latin1', 'binary', 'utf8mb3']) {
        await client.query(`SET NAMES ${names}`);
        for (const sql of ['SHOW WARNINGS', 'SHOW COUNT(*) WARNINGS']) {
          const [, fields] = await client.query(sql);
          described.push(
            fields.map(({ name, characterSet, columnLength, columnType, flags, decimals }) => {
              return { name, characterSet, columnLength, columnType, flags, decimals };
            }),
          );
        }
      }
      await client.end();
    }
    const half = described.length / 2;
    expect(described.slice(half)).toEqual(described.slice(0, half));
  });
});

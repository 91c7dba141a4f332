import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { CommandClient } from '../support/command-client.ts';
import { type Step, transcriptOf } from '../support/differential.ts';
import { namesEverywhere } from '../support/names-everywhere.ts';
import { foldedName, lowerName } from '../../src/sql/lower-name.ts';

const names: readonly (readonly [name: string, other: string])[] = [
  ['过程', '过程'],
  ['é', 'É'],
  ['ÿµß', 'Ÿµß'],
  ['Ωж', 'ωЖ'],
  ['ãÃ', 'ÃÃ'],
];

/** MySQL makes a question mark of it and warns each time, MariaDB refuses it. */
const outside = '😀';

const rollbacks = ['e', 's', 'A', 'Y', 'и', 'o', '过'].map((name) => `ROLLBACK TO ${name}`);

const aroundSavepoint = (name: string, id: number): readonly Step[] =>
  [
    'BEGIN',
    `INSERT INTO t VALUES (${id})`,
    `SAVEPOINT ${name}`,
    `INSERT INTO t VALUES (${id + 1})`,
    rollbacks,
    'COMMIT',
    'SET autocommit = 0',
    `SAVEPOINT ${name}`,
    rollbacks,
    'COMMIT',
    'SET autocommit = 1',
  ].flat();

/** Of bytes that are no character some servers make question marks, and cut others off. */
const decoys = ['p', 'p?', 'p??', 'p???', 'p????'].flatMap((name) => [
  `CREATE TABLE whole.\`${name}\` (n INT AUTO_INCREMENT PRIMARY KEY)`,
  `CREATE PROCEDURE whole.\`${name}\`() INSERT INTO whole.p VALUES ()`,
  `CREATE FUNCTION whole.\`${name}\`() RETURNS INT DETERMINISTIC RETURN NULL`,
]);

/** Names with such bytes, in one character set or another. */
const broken = [
  '\xb1',
  '\xe9',
  '\xe2\x82',
  '\xed\xa0\x80',
  '\xf5\x80\x80\x80',
  '\xf0\x80\x80\x80',
  '\xa1',
];

const withBroken = broken
  .map((bytes) => `p${bytes}`)
  .flatMap((name) => [
    `CALL \`${name}\`()`,
    `CALL ${name}()`,
    `SELECT \`${name}\`()`,
    `SELECT ${name}(1)`,
    `9 ${name}(1)`,
    `DO ${name}(1)`,
    `INSERT INTO p VALUES (\`${name}\`())`,
    `INSERT INTO \`${name}\` VALUES ()`,
    `INSERT INTO ${name} VALUES ()`,
    `INSERT INTO \`x${name}\`.p VALUES ()`,
    `UPDATE IGNORE \`${name}\` SET n = n + 1`,
    `DELETE FROM \`${name}\` WHERE n = 1`,
  ]);

const savepoints: readonly Step[] = [
  'CREATE DATABASE sp',
  'USE sp',
  'CREATE TABLE t (a INT PRIMARY KEY)',
  ...['é', 'ß', 'Å', 'ỹ', 'й', 'ø', '過'].flatMap((name, at) => aroundSavepoint(name, 10 * at)),
  'SELECT * FROM t ORDER BY a',
];

const letters = Array.from({ length: 0xffff - 0x7f }, (_, at) =>
  String.fromCharCode(at + 0x80),
).filter((letter) => !/[\ud800-\udfff]/.test(letter));

describe.each(engines())('names beyond ASCII, $name', (engine) => {
  let servers: TestServers;
  let alone: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    const log = ['--log-bin-trust-function-creators=1'];
    servers = await startServers({ engine, count: 3, extraArguments: log });
    alone = await startServers({ engine, count: 1, extraArguments: log });
    lockstep = await startBalancer(servers, { users: [{ name: 'root', password: 'root' }] });
    await untilAllUp(lockstep);
  });

  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
    await alone?.close();
  });

  const account = { user: 'root', password: 'root' };
  const toServer = (): Promise<Connection> =>
    connectTo({ port: alone.servers[0]?.port ?? 0 }, account);

  const check = async (
    steps: readonly Step[],
    told: (lines: readonly string[]) => readonly string[] = (lines) => lines,
  ): Promise<void> => {
    await using through = await connectTo(lockstep, account);
    await using direct = await toServer();
    const expected = told(await transcriptOf(direct, steps));
    expect(told(await transcriptOf(through, steps))).toEqual(expected);
    expect(lockstep.balancer.control.nodes().map(({ state }) => state)).toEqual(
      servers.servers.map(() => 'UP'),
    );
    await expectEqualNodes(servers.servers);
  };

  test.each(names)('are as on a server: %s', (name, other) => check(namesEverywhere(name, other)));

  test('are those that a server makes of them where it takes none such', () =>
    check(namesEverywhere(outside, outside), (lines) =>
      lines
        .filter((line) => !/^(?:PREPARE|EXECUTE)/.test(line))
        .map((line) => line.replace(/"warnings":\d+/, '')),
    ));

  test.each([
    ['utf8mb4', 45],
    ['utf8mb3', 33],
    ['binary', 63],
    ['ascii', 11],
    ['latin1', 8],
    ['euckr', 19],
    ['gbk', 28],
    ['big5', 1],
  ])('with bytes that are no character are as on a server, or refused: %s', async (_, set) => {
    const kindsOf = async (port: number): Promise<readonly string[]> => {
      const session = { user: 'root', capabilities: 0, characterSet: set };
      await using client = await CommandClient.connect(port, session);
      const kinds: string[] = [];
      for (const sql of ['CREATE DATABASE whole', 'USE whole', ...decoys, ...withBroken]) {
        const [first = Buffer.alloc(0)] = await client.query(Buffer.from(sql, 'latin1'));
        const kind = first[0] === 0xff ? `error ${first.readUInt16LE(1)}` : 'done';
        kinds.push(`${sql}: ${kind}`);
      }
      return kinds;
    };
    const expected = await kindsOf(alone.servers[0]?.port ?? 0);
    const told = await kindsOf(lockstep.port);
    await expectEqualNodes(servers.servers);
    for (const port of [lockstep.port, alone.servers[0]?.port ?? 0]) {
      await using client = await connectTo({ port }, account);
      await client.query('DROP DATABASE whole');
    }
    const refused = / error 1300$/;
    const other = told.filter((kind, at) => kind !== expected[at] && !refused.test(kind));
    expect(other).toEqual([]);
    // What is text in its character set is as on a server.
    expect(told.slice(0, 2 + decoys.length)).toEqual(expected.slice(0, 2 + decoys.length));
  });

  test('of savepoints are told apart as a server does', () => check(savepoints));

  test('are only alike where they are to a server', async () => {
    await using direct = await toServer();
    const text = (name: string): string => Buffer.from(name, 'latin1').toString('utf8');
    const pairs = letters.flatMap((letter) => {
      const name = Buffer.from(letter, 'utf8').toString('latin1');
      return [lowerName(name), foldedName(name)].map((key) => [letter, text(key)] as const);
    });
    const changed = pairs.filter(([letter, key]) => letter !== key);
    expect(changed.length).toBeGreaterThan(1000);
    for (let from = 0; from < changed.length; from += 500) {
      const compared = changed.slice(from, from + 500).map(([letter, key]) => {
        const [one, other] = [letter, key].map(
          (part) => `CONVERT(_utf8mb4 '${part}' USING utf8mb3) COLLATE utf8mb3_general_ci`,
        );
        return `SELECT '${letter}' AS letter, '${key}' AS name WHERE NOT ${one} = ${other}`;
      });
      const [rows] = await direct.query(compared.join(' UNION ALL '));
      expect(rows).toEqual([]);
    }
  });

  test('are verified and copied as others are', async () => {
    await using client = await connectTo(lockstep, account);
    await client.query('CREATE DATABASE `ž过`');
    await client.query('CREATE TABLE `ž过`.`t’ß` (`ключ` INT PRIMARY KEY, `é` VARCHAR(9))');
    await client.query("INSERT INTO `ž过`.`t’ß` VALUES (1, 'a'), (2, 'b'), (3, '过')");
    await client.query('CREATE PROCEDURE `ž过`.`п`() SELECT 1');
    await client.query('CREATE VIEW `ž过`.`v’` AS SELECT `é` AS `ü` FROM `ž过`.`t’ß`');
    const { control } = lockstep.balancer;
    const node = control.nodes().find(({ leader }) => !leader)?.name ?? '';
    const server = servers.servers.find(({ name }) => name === node);
    await using direct = await connectTo({ port: server?.port ?? 0 }, account);
    await direct.query("UPDATE `ž过`.`t’ß` SET `é` = 'x' WHERE `ключ` = 2");
    expect(await control.verify({ rows: true })).toMatchObject({ equal: false });
    await control.resync(node);
    await untilAllUp(lockstep);
    expect(await control.verify()).toMatchObject({ equal: true });
    await expectEqualNodes(servers.servers);
  });
});

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

/** With bytes that are no character; `root` may do anything. */
const broken = [
  'SELECT b\xb1(1)',
  'SELECT `b\xb1`(1)',
  '9 \xb1(1)',
  'DO b\xe2\x82(1)',
  'CALL `b\xb1`(1)',
  'SELECT * FROM `b\xb1`',
  'INSERT INTO b\xb1 VALUES (1)',
  'INSERT INTO `x\xb1`.t VALUES (1)',
  'UPDATE `b\xed\xa0\x80` SET id = 2',
  'CREATE TABLE `c\xb1` (id INT PRIMARY KEY)',
  'INSERT INTO `c\xb1` VALUES (1)',
  'INSERT INTO whole.`c?` VALUES (2)',
  'SELECT id FROM `c\xb1`',
  'CREATE FUNCTION `f\xb1`() RETURNS INT DETERMINISTIC RETURN 3',
  'INSERT INTO `c\xb1` VALUES (`f\xb1`())',
  'SELECT `f\xb1`() FROM whole.`c?` WHERE id = 1',
];

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
  ])('that no character set has are as on a server, in %s', async (_, characterSet) => {
    const linesOf = async (port: number): Promise<readonly string[]> => {
      const session = { user: 'root', capabilities: 0, characterSet };
      await using client = await CommandClient.connect(port, session);
      const lines: string[] = [];
      for (const sql of ['CREATE DATABASE whole', 'USE whole', ...broken, 'DROP DATABASE whole']) {
        const packets = await client.query(Buffer.from(sql, 'latin1'));
        // An EOF says of an index whether one was used, and differs where a function is first read.
        const told = packets.map((packet) => (packet[0] === 0xfe ? '' : packet.toString('latin1')));
        lines.push(`${sql}: ${told.join(' ')}`);
      }
      return lines;
    };
    const expected = await linesOf(alone.servers[0]?.port ?? 0);
    expect(await linesOf(lockstep.port)).toEqual(expected);
    await expectEqualNodes(servers.servers);
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

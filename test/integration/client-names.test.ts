import { type Connection, createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { NodeConnection } from '../../src/nodes/node-connection.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { engines, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';
import { transcriptOf } from '../support/differential.ts';
import { extended } from '../support/extended.ts';
import { namesEverywhere } from '../support/names-everywhere.ts';

/** `other` is the same name to a server; that of big5 and sjis ends in the byte of a backslash. */
const clients: readonly (readonly [charset: string, name: string, other: string])[] = [
  ['LATIN1_SWEDISH_CI', 'é', 'É'],
  ['SJIS_JAPANESE_CI', '表', '表'],
];
const others: typeof clients = [
  ['CP1251_GENERAL_CI', 'ж', 'Ж'],
  ['GBK_CHINESE_CI', '过程', '过程'],
  ['BIG5_CHINESE_CI', '功', '功'],
  ['EUCKR_KOREAN_CI', '갂한', '갂한'],
];

/** Each is sent as these bytes, in the character set of the latest SET NAMES. */
const changing: readonly string[] = [
  'SET NAMES latin1',
  'CREATE DATABASE `n\xe9`',
  'USE `n\xe9`',
  'CREATE TABLE `t\xe9` (`k\xe9` INT PRIMARY KEY, w VARCHAR(40))',
  "SET @`v\xe9` = 'x', @plain = 1",
  "INSERT INTO `t\xe9` VALUES (1, @`v\xc9`), (2, 'y')",
  'SET NAMES utf8mb4',
  'SELECT @`v\xc3\xa9`, DATABASE()',
  'SELECT * FROM `t\xc3\xa9` ORDER BY 1',
  "UPDATE `t\xc3\xa9` SET w = CONCAT(@`v\xc3\x89`, 'z') LIMIT 1",
  // Not a letter of it.
  'SET NAMES gbk',
  'SELECT HEX(DATABASE())',
  'CREATE TABLE plain (a INT)',
  'INSERT INTO plain VALUES (1)',
  'SELECT * FROM plain',
  'SET NAMES cp1250',
  'SELECT @`v\xe9`, @plain',
  "UPDATE `t\xe9` SET w = 'last' ORDER BY `k\xe9` DESC LIMIT 1",
  'BEGIN',
  'SAVEPOINT `s\xe9`',
  'DELETE FROM `t\xe9`',
  'ROLLBACK TO `s\xc9`',
  'COMMIT',
  'SET autocommit = 0',
  'SAVEPOINT `s\xe9`',
  'DELETE FROM `t\xe9`',
  'ROLLBACK TO `s\xe9`',
  'COMMIT',
  'SET autocommit = 1',
  'SELECT * FROM `t\xe9` ORDER BY 1',
];

describe.each(engines())('names beyond ASCII in the client’s character set, $name', (engine) => {
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
  const port = (): number => alone.servers[0]?.port ?? 0;

  const expectSound = async (): Promise<void> => {
    expect(lockstep.balancer.control.nodes().map(({ state }) => state)).toEqual(
      servers.servers.map(() => 'UP'),
    );
    await expectEqualNodes(servers.servers);
  };

  const compare = async (charset: string, name: string, other: string): Promise<void> => {
    const open = (to: number): Promise<Connection> =>
      createConnection({ host: '127.0.0.1', port: to, ...account, charset });
    await using through = await open(lockstep.port);
    await using direct = await open(port());
    // A view of such a client that names a function MariaDB itself can show nobody (10.11).
    const steps = [...namesEverywhere(name, other), `DROP VIEW \`v${name}\``];
    expect(await transcriptOf(through, steps)).toEqual(await transcriptOf(direct, steps));
    await expectSound();
  };

  test.each(clients)('%s: %s', compare);
  test.each(others)('%s: %s', extended, compare);

  test('stay what they are when that changes', async () => {
    const told = async (to: number): Promise<string[]> => {
      const { user, password } = account;
      const connection = await NodeConnection.connect({
        ...{ host: '127.0.0.1', port: to, user, password },
        ...{ deprecateEof: true, foundRows: false, clock: systemClock, connectTimeoutMs: 10_000 },
      });
      const lines: string[] = [];
      for (const sql of changing) {
        const [result] = await connection.query(sql, { latin1: true });
        const rows = result?.kind === 'rows' ? JSON.stringify(result.rows) : '';
        const changed = result?.kind === 'ok' ? Number(result.ok.affectedRows) : '';
        lines.push(`${sql}: ${result?.kind} ${rows}${changed}`);
      }
      connection.end();
      return lines;
    };
    expect(await told(lockstep.port)).toEqual(await told(port()));
    await expectSound();
  });
});

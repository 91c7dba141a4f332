import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { NodeConnection } from '../../src/nodes/node-connection.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { engines, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';

/** In them a character may end in the byte of a backslash, which then hides no quote. */
const characters = { gbk: '\xbf\\', sjis: '\x83\\', big5: '\xa5\\' } as const;

describe.each(engines())('texts in the character set of the client, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let connection: NodeConnection;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    lockstep = await startBalancer(servers);
    await untilAllUp(lockstep);
    connection = await NodeConnection.connect({
      host: '127.0.0.1',
      port: lockstep.port,
      user: 'app',
      password: 'app',
      schema: 'app',
      deprecateEof: true,
      foundRows: false,
      clock: systemClock,
      connectTimeoutMs: 10_000,
    });
  });

  afterAll(async () => {
    connection?.end();
    await lockstep?.close();
    await servers?.close();
  });

  const run = async (sql: string) => {
    const [result] = await connection.query(sql, { latin1: true });
    return result;
  };

  test.each(Object.entries(characters))('%s', async (charset, character) => {
    await run('SET NAMES utf8mb4');
    await run('DROP TABLE IF EXISTS t');
    await run('CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(40) CHARACTER SET utf8mb4)');
    await run(`SET NAMES ${charset}`);
    // Were the quote behind it hidden, UUID() would seem to stand in a string.
    const rows = [`(1, '${character}')`, '(2, UUID())', "(3, 'x')"];
    for (const part of [rows.slice(0, 1), rows.slice(1)]) {
      expect(await run(`INSERT INTO t VALUES ${part.join(', ')}`)).toMatchObject({ kind: 'ok' });
    }
    await run('DELETE FROM t');
    expect(await run(`INSERT INTO t VALUES ${rows.join(', ')}`)).toMatchObject({ kind: 'ok' });
    expect(await run('SELECT CHAR_LENGTH(word) FROM t ORDER BY id')).toMatchObject({
      rows: [['1'], ['36'], ['1']],
    });
    const found = await run(`SELECT id FROM t WHERE word = '${character}'`);
    expect(found).toMatchObject({ rows: [['1']] });
    await expectEqualNodes(servers.servers);
  });
});

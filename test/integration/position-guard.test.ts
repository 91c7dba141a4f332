import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { seq } from '../../src/base/brands.ts';
import { systemClock } from '../../src/base/clock.ts';
import { NodeConnection } from '../../src/nodes/node-connection.ts';
import { queryRows } from '../../src/nodes/query-rows.ts';
import {
  concludeDdlStatement,
  foldStatement,
  moveStatement,
} from '../../src/replication/position-statements.ts';
import { initialiseMarkers } from '../../src/replication/shell/node-markers.ts';
import { engines, startServers, type TestServers } from '../support/cluster.ts';

/** Overflow must be an error whatever the session's settings are. */
const settings = [
  "SET sql_mode='', sql_safe_updates=0",
  "SET sql_mode='STRICT_ALL_TABLES', sql_safe_updates=1",
  "SET sql_mode='ANSI,NO_UNSIGNED_SUBTRACTION', sql_safe_updates=1",
];

describe.each(engines())('a position moves only from where it should be, $name', (engine) => {
  let servers: TestServers;
  let connection: NodeConnection;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 1 });
    connection = await NodeConnection.connect({
      host: '127.0.0.1',
      port: servers.servers[0]?.port ?? 0,
      user: 'root',
      password: 'root',
      deprecateEof: true,
      foundRows: true,
      connectTimeoutMs: 10_000,
      clock: systemClock,
    });
  });

  beforeEach(async () => {
    await queryRows(connection, 'SET sql_safe_updates=0');
    await initialiseMarkers(connection, { clusterId: 'c', epoch: 1, position: seq(5) });
  });

  afterAll(async () => {
    connection?.end();
    await servers?.close();
  });

  const applied = (...seqs: number[]): Promise<unknown> =>
    queryRows(
      connection,
      `INSERT INTO lockstep.applied VALUES ${seqs.map((at) => `(${at})`).join(',')}`,
    );
  const run = async (sql: string): Promise<string> => {
    const failure = await queryRows(connection, sql).then(
      () => '',
      (error: { errno?: number }) => `error ${error.errno}, `,
    );
    const [row] = await queryRows(connection, 'SELECT position FROM lockstep.node');
    return `${failure}at ${row?.['position']}`;
  };

  test.each(settings)('a batch, with %s', async (setting) => {
    await queryRows(connection, setting);
    expect(await run(moveStatement(seq(4), seq(6)))).toBe('error 1690, at 5');
    expect(await run(moveStatement(seq(6), seq(7)))).toBe('error 1690, at 5');
    expect(await run(moveStatement(seq(5), seq(8)))).toBe('at 8');
  });

  test.each(settings)('the fold over markers, with %s', async (setting) => {
    await queryRows(connection, setting);
    expect(await run(foldStatement(seq(6)))).toBe('error 1690, at 5');
    await applied(6, 8);
    expect(await run(foldStatement(seq(8)))).toBe('error 1690, at 5');
    expect(await run(foldStatement(seq(6)))).toBe('at 6');
    expect(await run(foldStatement(seq(6)))).toBe('at 6');
    await applied(7);
    expect(await run(foldStatement(seq(8)))).toBe('at 8');
  });

  test.each(settings)('the conclusion of DDL, with %s', async (setting) => {
    await queryRows(connection, setting);
    expect(await run(concludeDdlStatement(seq(8)))).toBe('error 1690, at 5');
    await applied(6, 7);
    expect(await run(concludeDdlStatement(seq(7)))).toBe('at 7');
    expect(await run(concludeDdlStatement(seq(8)))).toBe('at 8');
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { type FaultPointName, faultPoints } from '../../src/base/fault-points.ts';
import { defaultConfig } from '../../src/config/config.ts';
import { NodeConnection } from '../../src/nodes/node-connection.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { engines, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';
import { extended } from '../support/extended.ts';

/** What is sent ahead of all, and the name of a table as it is to be read then. */
const readings: readonly (readonly [what: string, set: string, table: string])[] = [
  ['the character set of its client', 'SET NAMES latin1', '`t\xe9`'],
  ['ANSI_QUOTES', "SET sql_mode = 'ANSI_QUOTES'", '"ansi"'],
];
/** The statement has not run there, and whether it has is seen by what it names. */
const points: readonly FaultPointName[] = ['ddl.intended', 'follower.ddl_announced'];

describe.each(engines())(
  'DDL that a crash kept from running is not taken for run, $name',
  extended,
  (engine) => {
    let servers: TestServers;
    let lockstep: TestBalancer;
    let disarm = (): void => {};

    beforeAll(async () => {
      servers = await startServers({ engine, count: 2 });
      const health = { ...defaultConfig.health, intervalMs: 1000 };
      lockstep = await startBalancer(servers, { health, autoResync: false });
      await untilAllUp(lockstep);
    });

    afterEach(() => disarm());

    afterAll(async () => {
      await lockstep?.close();
      await servers?.close();
    });

    const killAt = (point: FaultPointName): Promise<void> =>
      new Promise((resolve, reject) => {
        disarm = faultPoints.arm(async (reached, name) => {
          if (reached !== point) return;
          disarm();
          const server = servers.servers.find((one) => one.name === name);
          await server?.kill();
          server?.start().then(() => resolve(), reject);
        });
      });

    const cases = readings.flatMap(([what, set, table]) =>
      points.map((point) => ({ what, set, table, point })),
    );

    test.each(cases)('read in $what, at $point', async ({ set, table, point }) => {
      const connection = await NodeConnection.connect({
        ...{ host: '127.0.0.1', port: lockstep.port, user: 'app', password: 'app', schema: 'app' },
        ...{ deprecateEof: true, foundRows: false, clock: systemClock, connectTimeoutMs: 10_000 },
      });
      const run = async (sql: string): Promise<void> => {
        const [result] = await connection.query(sql, { latin1: true });
        expect(result, sql).toMatchObject({ kind: 'ok' });
      };
      await run(set);
      await run(`DROP TABLE IF EXISTS ${table}`);
      await run(`CREATE TABLE ${table} (a INT PRIMARY KEY)`);
      const killed = killAt(point);
      await run(`ALTER TABLE ${table} ADD b INT`);
      await run(`INSERT INTO ${table} VALUES (1, 2)`);
      await killed;
      await untilAllUp(lockstep);
      await expectEqualNodes(servers.servers);
      connection.end();
    });
  },
);

import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type FaultPointName, faultPoints } from '../../src/base/fault-points.ts';
import { decodeErr } from '../../src/protocol/err-packet.ts';
import type { BulkRow } from '../../src/protocol/testing/bulk-packet.ts';
import { decodeTextRow } from '../../src/protocol/text-row.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { BulkClient } from '../support/bulk-client.ts';
import { byDefault, int, text } from '../support/bulk-rows.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { extendedIf } from '../support/extended.ts';

/** MySQL has no such command. */
const mariadb = engines(['mariadb']);

describe.each(mariadb)('many rows at once, on every node, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;
  let disarm = (): void => undefined;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers, { autoResync: false });
    await untilAllUp(lockstep);
    client = await connectTo(lockstep, { database: 'app' });
  });

  afterEach(async () => {
    disarm();
    for (const server of servers.servers) if (!server.running) await server.start();
    await untilAllUp(lockstep);
    await expectEqualNodes(servers.servers);
  });

  afterAll(async () => {
    client?.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  test('what differs on every node is fixed once', async () => {
    await client.query(
      'CREATE OR REPLACE TABLE fixed (id INT AUTO_INCREMENT PRIMARY KEY, u CHAR(36), r DOUBLE,' +
        ' at DATETIME(6) DEFAULT NOW(6), x CHAR(36) DEFAULT UUID(), n INT)',
    );
    await client.query('CREATE OR REPLACE SEQUENCE seq');
    await using one = await BulkClient.connect(lockstep.port);
    const rows = Array.from({ length: 4200 }, (_, index) => [int(index)]);
    expect(
      await one.bulk('INSERT INTO fixed (u, r, n) VALUES (UUID(), RAND(), ?)', rows),
    ).toMatchObject({ affected: '4200' });
    const seq = 'INSERT INTO fixed (u, n) VALUES (NEXTVAL(seq), ?)';
    expect(await one.bulk(seq, rows.slice(0, 3))).toMatchObject({ affected: '3' });
    expect(
      await one.bulk('UPDATE fixed SET u = UUID() WHERE n = ?', [[int(1)], [int(2)]]),
    ).toMatchObject({ affected: '4' });
    const [[found]] = (await client.query<RowDataPacket[]>(
      'SELECT COUNT(DISTINCT u) AS u, COUNT(DISTINCT x) AS x, COUNT(DISTINCT r) AS r FROM fixed',
    )) as [RowDataPacket[], unknown];
    expect(found).toMatchObject({ u: 4203, x: 4203 });
    // Of RAND() some may be equal.
    expect(found?.['r']).toBeGreaterThan(4000);
  });

  /** kill -9 of the leader when it gets to that place for the `nth` time. */
  const killAt = (point: FaultPointName, nth: number): string[] => {
    const killed: string[] = [];
    let reached = 0;
    disarm = faultPoints.arm(async (at, node) => {
      const { leader } = lockstep.balancer.control.status();
      if (at !== point || node !== leader || killed.length > 0) return;
      reached += 1;
      if (reached < nth) return;
      killed.push(node as string);
      await servers.servers.find(({ name }) => name === node)?.kill();
    });
    return killed;
  };

  const rows = Array.from({ length: 10_000 }, (_, index) => [int(index), text(`row ${index}`)]);
  const insert = 'INSERT INTO k (id, v) VALUES (?, ?)';
  const counted = "SELECT COUNT(*), SUM(id), SUM(v LIKE 'row %') FROM k";

  const tableIn = async (one: BulkClient): Promise<void> => {
    await one.commands.query('DROP TABLE IF EXISTS k');
    await one.commands.query('CREATE TABLE k (id INT PRIMARY KEY, v VARCHAR(40))');
  };
  /** The one row of a query. */
  const valuesOf = async (one: BulkClient, sql: string): Promise<string[]> => {
    const packets = await one.commands.query(sql);
    return decodeTextRow(packets.at(-2) ?? Buffer.alloc(0)).map(String);
  };

  for (const [point, nth, isExtended] of [
    ['write.executed', 1, false],
    ['commit.sent', 1, true],
  ] as const) {
    test(
      `the leader dies at ${point}: once, and its client hears nothing`,
      extendedIf(isExtended),
      async () => {
        await using one = await BulkClient.connect(lockstep.port);
        await tableIn(one);
        const killed = killAt(point, nth);
        expect(await one.bulk(insert, rows)).toMatchObject({ affected: '10000' });
        expect(killed).toHaveLength(1);
        expect(await valuesOf(one, counted)).toEqual(['10000', '49995000', '10000']);
      },
    );
  }

  test(
    'the leader dies between two of several statements: all of them, once',
    extendedIf(true),
    async () => {
      await using one = await BulkClient.connect(lockstep.port);
      await tableIn(one);
      const upsert = `${insert} ON DUPLICATE KEY UPDATE v = CONCAT(v, ?)`;
      const some = rows.slice(0, 500).map((row, index) => row.concat(text(`${index % 3}`)));
      expect(await one.bulk(upsert, some)).toMatchObject({ affected: '500' });
      const killed = killAt('transaction.executed', 250);
      expect(await one.bulk(upsert, some)).toMatchObject({ affected: '1000' });
      expect(killed).toHaveLength(1);
      const sql = "SELECT COUNT(*), SUM(v = CONCAT('row ', id, id % 3)) FROM k";
      expect(await valuesOf(one, sql)).toEqual(['500', '500']);
    },
  );

  test('the leader dies in a transaction of the client: none of them', async () => {
    await using one = await BulkClient.connect(lockstep.port);
    await tableIn(one);
    await one.commands.query('BEGIN');
    const killed = killAt('transaction.executed', 1);
    expect(await one.bulk(insert, rows)).toMatchObject({ affected: '10000' });
    expect(killed).toHaveLength(1);
    const [committed] = await one.commands.query('COMMIT');
    expect(decodeErr(committed ?? Buffer.alloc(0)).errno).toBe(1213);
    expect(await valuesOf(one, counted)).toEqual(['0', 'null', 'null']);
  });

  test('more than a packet holds is several statements, all or nothing', async () => {
    await client.query('CREATE OR REPLACE TABLE large (id INT PRIMARY KEY, v TEXT)');
    const packetBytes = 300_000;
    await lockstep.restartWith((config) => ({
      ...config,
      limits: { ...config.limits, packetBytes },
    }));
    await using one = await BulkClient.connect(lockstep.port);
    // Its literal is twice as long.
    const body = text("'".repeat(250));
    const rowsFrom = (from: number): BulkRow[] =>
      Array.from({ length: 1100 }, (_, index) => [int(from + index), body]);
    const large = 'INSERT INTO large VALUES (?, ?)';
    expect(await one.bulk(large, rowsFrom(0))).toEqual({
      affected: '1100',
      insertId: '0',
      info: 'Records: 1100  Duplicates: 0  Warnings: 0',
    });
    const taken = [...rowsFrom(10_000), [int(5), text('')]];
    const refused = { errno: 1062, message: "Duplicate entry '5' for key 'PRIMARY'" };
    expect(await one.bulk(large, taken)).toEqual(refused);
    await one.commands.query('BEGIN');
    await one.commands.query("INSERT INTO large VALUES (5000, 'kept')");
    expect(await one.bulk(large, taken)).toEqual(refused);
    expect(await one.bulk(large, [[byDefault(int(0)), body]])).toMatchObject({ errno: 1364 });
    await one.commands.query('COMMIT');
    expect(await valuesOf(one, 'SELECT COUNT(*), MAX(id) FROM large')).toEqual(['1101', '5000']);
  });
});

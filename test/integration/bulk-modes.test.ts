import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { BulkClient } from '../support/bulk-client.ts';
import { byDefault, int, text } from '../support/bulk-rows.ts';
import { type Step, toldOf } from '../support/bulk-steps.ts';
import { engines, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';
import { compareBulk } from '../support/random-bulk.ts';

/** MySQL has no such command. */
const mariadb = engines(['mariadb']);

describe.each(mariadb)('executions in bulk in every mode, $name', (engine) => {
  let server: TestServers;
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    [server, servers] = await Promise.all([
      startServers({ engine, count: 1 }),
      startServers({ engine, count: 3 }),
    ]);
    lockstep = await startBalancer(servers, { strategy: 'round_robin' });
    await untilAllUp(lockstep);
  });
  afterEach(() => expectEqualNodes(servers.servers));
  afterAll(async () => {
    await lockstep?.close();
    await server?.close();
    await servers?.close();
  });

  test('NULL for a column that takes none, without a strict mode', async () => {
    const steps: readonly Step[] = [
      'DROP TABLE IF EXISTS n',
      "CREATE TABLE n (u INT PRIMARY KEY, v VARCHAR(5) NOT NULL DEFAULT 'x', w INT)",
      "SET sql_mode = ''",
      ['INSERT INTO n VALUES (?, ?, ?)', ...[1, 2].map((u) => [int(u), text('a'), int(null)])],
      ['INSERT INTO n VALUES (?, ?, ?)', [int(3), text('a'), int(1)], [int(4), text(null), int(1)]],
      'SHOW WARNINGS',
      ['INSERT INTO n (v, u) VALUES (UPPER(?), ?)', [text('b'), int(5)], [text(null), int(6)]],
      ['INSERT INTO n (v, u) VALUES (NULL, ?)', [int(7)], [int(8)]],
      ['INSERT INTO n SET u = ?, v = ?', [int(9), text('c')], [int(10), text(null)]],
      ['REPLACE INTO n (u, v) VALUES (?, ?)', [int(1), text('r')], [int(2), text(null)]],
      ['INSERT IGNORE INTO n (u, v) VALUES (?, ?)', [int(11), text(null)], [int(12), text('i')]],
      'SHOW WARNINGS',
      [
        'INSERT INTO n (u, v) VALUES (?, ?) ON DUPLICATE KEY UPDATE v = ?',
        [int(1), text('a'), text('u')],
        [int(2), text('a'), text(null)],
      ],
      ['INSERT INTO n (u, v) VALUES (?, ?), (?, ?)', [int(20), text('a'), int(21), text(null)]],
      'SHOW WARNINGS',
      [
        'INSERT INTO n (u, v) VALUES (?, ?)',
        [int(30), byDefault(text(''))],
        [int(31), text('too long')],
        [int(32), text('b')],
      ],
      'SHOW WARNINGS',
      'BEGIN',
      ['INSERT INTO n (u, v) VALUES (?, ?)', [int(40), text('a')], [int(41), text(null)]],
      ['INSERT INTO n (u, v) VALUES (?, ?)', [int(42), text('a')], [int(43), text('b')]],
      'COMMIT',
      'CREATE TRIGGER fills BEFORE INSERT ON n FOR EACH ROW SET NEW.v = COALESCE(NEW.v, NEW.u)',
      [
        'INSERT INTO n (u, v) VALUES (?, ?)',
        [int(50), text(null)],
        [int(51), text('b')],
        [int(52), text(null)],
      ],
      'SELECT * FROM n ORDER BY u',
      'CREATE TEMPORARY TABLE own (u INT PRIMARY KEY, v INT NOT NULL)',
      ['INSERT INTO own VALUES (?, ?)', [int(1), int(1)], [int(2), int(null)]],
      'SELECT * FROM own',
    ];
    await using direct = await BulkClient.connect(server.servers[0]?.port ?? 0);
    await using through = await BulkClient.connect(lockstep.port);
    const expected = await toldOf(direct, steps, false);
    expect(await toldOf(through, steps, false)).toEqual(expected);
  });

  test.each([2, 7, 18, 20])('whatever it is, from seed %i', async (seed) => {
    await using direct = await BulkClient.connect(server.servers[0]?.port ?? 0);
    await using through = await BulkClient.connect(lockstep.port);
    await compareBulk(direct, through, seed);
  });
});

import type { Connection } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Capability } from '../../src/protocol/capabilities.ts';
import { ColumnType } from '../../src/protocol/column-definition.ts';
import type { BulkRow } from '../../src/protocol/testing/bulk-packet.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { BulkClient } from '../support/bulk-client.ts';
import { byDefault, ignored, int, parameter, text } from '../support/bulk-rows.ts';
import { type Step, toldOf } from '../support/bulk-steps.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';

/** MySQL has no such command. */
const mariadb = engines(['mariadb']);

describe.each(mariadb)('statements executed with many rows at once, $name', (engine) => {
  let server: TestServers;
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;

  beforeAll(async () => {
    [server, servers] = await Promise.all([
      startServers({ engine, count: 1 }),
      startServers({ engine, count: 3 }),
    ]);
    lockstep = await startBalancer(servers, { strategy: 'round_robin' });
    client = await connectTo(lockstep, { database: 'app' });
  });
  afterEach(() => expectEqualNodes(servers.servers));
  afterAll(async () => {
    client?.destroy();
    await lockstep?.close();
    await server?.close();
    await servers?.close();
  });

  /**
   * What a server says, and Lockstep must. A server leaves holes between the ids of one execution
   * and the next, which rows that come as one text do not have: `ids` where it may not have any.
   */
  async function same(
    steps: readonly Step[],
    { ids = false, capabilities = 0 } = {},
  ): Promise<void> {
    const port = server.servers[0]?.port ?? 0;
    await using direct = await BulkClient.connect(port, capabilities);
    await using through = await BulkClient.connect(lockstep.port, capabilities);
    const expected = await toldOf(direct, steps, ids);
    expect(await toldOf(through, steps, ids)).toEqual(expected);
  }

  const table = [
    'DROP TABLE IF EXISTS b',
    'CREATE TABLE b (id INT AUTO_INCREMENT PRIMARY KEY, u INT UNIQUE,' +
      " v VARCHAR(5) DEFAULT 'dflt')",
  ];
  const shown = 'SELECT u, v FROM b ORDER BY u';
  const left = 'SELECT ROW_COUNT()';
  const insert = 'INSERT INTO b (u, v) VALUES (?, ?)';

  test('INSERT is one statement: its rows, defaults, ids and counts', () =>
    same([
      ...table,
      [
        insert,
        [int(1), text('a')],
        [int(2), text("it's")],
        [int(3), text(null)],
        [int(4), byDefault(text(''))],
        [int(5), ignored(text(''))],
      ],
      left,
      [insert, [int(6), text('one')]],
      left,
      ['INSERT INTO b SET u = ?, v = ?', [int(11), text('s')], [int(12), byDefault(text(''))]],
      [
        'INSERT INTO b (u, v) VALUES (?, ?), (?, UPPER(?))',
        [int(21), text('a'), int(22), text('b')],
        [int(23), text('c'), int(24), text('d')],
      ],
      left,
      [
        'INSERT INTO b VALUES (?, ?, ?)',
        [int(null), int(31), text('x')],
        [int(90), int(32), text('y')],
      ],
      left,
      shown,
    ]));

  test('ids are given as to the rows of one text', () => {
    const from = (id: number): string => `ALTER TABLE b AUTO_INCREMENT = ${id}`;
    const last = 'SELECT LAST_INSERT_ID(), ROW_COUNT()';
    return same(
      [
        ...table,
        [insert, [int(1), text('a')], [int(2), text('b')], [int(3), text('c')]],
        last,
        from(10),
        [insert, [int(6), text('one')]],
        last,
        from(20),
        [
          'INSERT INTO b VALUES (?, ?, ?)',
          [int(null), int(31), text('x')],
          [int(90), int(32), text('y')],
        ],
        last,
        [
          'INSERT INTO b (id, u) VALUES (?, ?)',
          [int(500), int(501)],
          [int(null), int(502)],
          [byDefault(int(0)), int(504)],
        ],
        last,
        from(600),
        [
          'INSERT INTO b (u, v) VALUES (?, ?) ON DUPLICATE KEY UPDATE v = ?',
          [int(1), text(''), text('q')],
          [int(41), text('n'), text('q')],
        ],
        last,
        from(700),
        ['REPLACE INTO b (u, v) VALUES (?, ?)', [int(1), text('r')], [int(3), text('s')]],
        last,
        'SELECT * FROM b ORDER BY id',
      ],
      { ids: true },
    );
  });

  test('an INSERT that fails leaves nothing, and names the row', () =>
    same([
      ...table,
      [insert, [int(1), text('a')], [int(2), text('b')]],
      [insert, [int(3), text('c')], [int(2), text('b')], [int(4), text('d')]],
      [insert, [int(3), text('c')], [int(4), text('far too long')]],
      left,
      [
        'INSERT IGNORE INTO b (u, v) VALUES (?, ?)',
        [int(5), text('far too long')],
        [int(2), text('')],
      ],
      'SHOW WARNINGS',
      ["INSERT INTO b (u, v) VALUES (?, CONCAT(?, 'x'))", [int(6), byDefault(text(''))]],
      shown,
    ]));

  test('REPLACE and ON DUPLICATE KEY UPDATE, also with parameters there', () =>
    same([
      ...table,
      [insert, [int(1), text('a')], [int(2), text('b')]],
      ['REPLACE INTO b (u, v) VALUES (?, ?)', [int(1), text('r')], [int(3), text('s')]],
      left,
      [
        'INSERT INTO b (u, v) VALUES (?, ?) ON DUPLICATE KEY UPDATE v = VALUES(v)',
        [int(2), text('new')],
        [int(4), text('z')],
      ],
      left,
      [
        'INSERT INTO b (u, v) VALUES (?, ?) ON DUPLICATE KEY UPDATE v = ?',
        [int(2), text(''), text('q')],
        [int(5), text('n'), text('q')],
        [int(3), text(''), byDefault(text(''))],
        [int(6), text('n'), text('p')],
      ],
      left,
      shown,
      [
        'INSERT INTO b (u, v) VALUES (?, ?) ON DUPLICATE KEY UPDATE v = ?',
        [int(2), text(''), text('gone')],
        [int(3), text(''), text('far too long')],
      ],
      shown,
    ]));

  test('UPDATE and DELETE go row by row, as far as they come', () =>
    same([
      ...table,
      [insert, ...[1, 2, 3, 4, 5].map((u) => [int(u), text('a')])],
      [
        'UPDATE b SET v = ? WHERE u = ?',
        [text('x'), int(1)],
        [text('x'), int(1)],
        [byDefault(text('')), int(2)],
        [ignored(text('')), int(3)],
        [text('y'), int(99)],
        [text(null), int(4)],
      ],
      'SELECT ROW_COUNT()',
      shown,
      ['UPDATE b SET u = ? WHERE u = ?', [int(7), int(1)], [int(3), int(2)], [int(8), int(4)]],
      shown,
      [
        "UPDATE b SET v = CONCAT(?, 'x') WHERE u = ?",
        [text('e'), int(3)],
        [byDefault(text('')), int(4)],
      ],
      ['DELETE FROM b WHERE u = ?', [int(7)], [int(99)], [int(5)]],
      ['UPDATE b SET v = ? WHERE u > ?', [text('p'), int(2)], [text('q'), int(2)]],
      ['DELETE FROM b WHERE u > ? ORDER BY u LIMIT ?', [int(0), int(1)], [int(0), int(1)]],
      shown,
      // No row can meet the second condition.
      ...[1e10, 4].map((last): Step => {
        const double = (value: number) => parameter(ColumnType.DOUBLE, value);
        return [
          'UPDATE b SET v = ? WHERE u = ?',
          [text('r'), double(4)],
          [text('s'), double(last)],
        ];
      }),
    ]));

  test('what is matched counts for a client that wants it', () =>
    same(
      [
        ...table,
        [insert, [int(1), text('a')], [int(2), text('a')]],
        ['UPDATE b SET v = ? WHERE u <= ?', [text('a'), int(2)], [text('b'), int(1)]],
        [
          'INSERT INTO b (u, v) VALUES (?, ?) ON DUPLICATE KEY UPDATE v = VALUES(v)',
          [int(1), text('b')],
          [int(2), text('c')],
        ],
      ],
      { capabilities: Capability.FOUND_ROWS },
    ));

  test('rows come back from RETURNING', () =>
    same([
      ...table,
      [
        'INSERT INTO b (u, v) VALUES (?, ?) RETURNING u, v',
        [int(1), text('a')],
        [int(2), text('b')],
      ],
      [
        'INSERT INTO b (u) VALUES (?) ON DUPLICATE KEY UPDATE v = ? RETURNING u, v',
        [int(1), text('p')],
        [int(3), text('q')],
      ],
      ['DELETE FROM b WHERE u = ? RETURNING v, u', [int(1)], [int(99)], [int(2)]],
      shown,
    ]));

  test('warnings of every row are kept', () =>
    same([
      ...table,
      [insert, [int(1), text('a')], [int(2), text('a')]],
      "SET sql_mode = ''",
      [
        'UPDATE b SET v = ? WHERE u = ?',
        [text('far too long'), int(1)],
        [text('ok'), int(1)],
        [text('also too long'), int(2)],
      ],
      'SHOW WARNINGS',
      [insert, [int(3), text('far too long')], [int(4), text('also too long')]],
      'SHOW WARNINGS',
    ]));

  test('inside a transaction, with a trigger, a generated column and an id of its own', () =>
    same([
      ...table,
      'DROP TABLE IF EXISTS log',
      'CREATE TABLE log (n INT PRIMARY KEY, at VARCHAR(20))',
      'CREATE TRIGGER tr AFTER INSERT ON b FOR EACH ROW INSERT INTO log VALUES (NEW.u, NEW.v)',
      'ALTER TABLE b ADD g INT GENERATED ALWAYS AS (u * 2) STORED',
      'BEGIN',
      [insert, [int(1), text('a')], [int(2), text('b')]],
      [insert, [int(3), text('c')], [int(1), text('twice')]],
      [
        'INSERT INTO b (u, v) VALUES (?, ?) ON DUPLICATE KEY UPDATE v = ?',
        [int(4), text('d'), text('')],
        [int(5), text('e'), text('far too long')],
        [int(5), text(''), text('far too long')],
      ],
      ['UPDATE b SET u = ? WHERE u = ?', [int(8), int(1)], [int(8), int(2)], [int(9), int(1)]],
      shown,
      'SAVEPOINT s',
      ['DELETE FROM b WHERE u = ?', [int(8)], [int(2)]],
      'ROLLBACK TO s',
      'COMMIT',
      'SET autocommit = 0',
      [insert, [int(20), text('off')], [int(21), text('off')]],
      'ROLLBACK',
      'SET autocommit = 1',
      'LOCK TABLES b WRITE, log WRITE',
      [insert, [int(30), text('lock')], [int(31), text('lock')]],
      'UNLOCK TABLES',
      'INSERT INTO b (id, u) VALUES (700, 700)',
      [
        'INSERT INTO b (id, u) VALUES (?, ?)',
        [int(500), int(501)],
        [int(null), int(502)],
        [byDefault(int(0)), int(504)],
      ],
      left,
      shown,
      'SELECT * FROM log ORDER BY n',
    ]));

  test('into temporary tables', () =>
    same([
      'CREATE TEMPORARY TABLE own (u INT PRIMARY KEY, v VARCHAR(9))',
      ['INSERT INTO own VALUES (?, ?)', [int(1), text('a')], [int(2), text('b')]],
      [
        'INSERT INTO own VALUES (?, ?) ON DUPLICATE KEY UPDATE v = ?',
        [int(1), text(''), text('c')],
        [int(3), text('d'), text('')],
      ],
      'BEGIN',
      ['INSERT INTO own VALUES (?, ?)', [int(5), text('e')], [int(6), text('f')]],
      ['UPDATE own SET v = ? WHERE u = ?', [text('u'), int(2)], [text('w'), int(6)]],
      'COMMIT',
      'SELECT * FROM own ORDER BY u',
    ]));

  test('values of every type', () => {
    const { DOUBLE, LONGLONG, NEWDECIMAL, DATETIME, DATE, TIME, BLOB, TINY, FLOAT } = ColumnType;
    const at = { kind: 'datetime', year: 2024, month: 2, day: 29 } as const;
    const clock = { hour: 1, minute: 2, second: 3, microsecond: 45 };
    const row = (of: number): BulkRow => [
      parameter(TINY, of - 3),
      parameter(LONGLONG, 2n ** 64n - BigInt(of), true),
      parameter(DOUBLE, of / 3),
      parameter(FLOAT, Math.fround(of / 3)),
      parameter(NEWDECIMAL, Buffer.from(`-${of}.125000000001`)),
      parameter(DATETIME, { ...at, ...clock }),
      parameter(DATE, { ...at, hour: 0, minute: 0, second: 0, microsecond: 0 }),
      parameter(TIME, {
        kind: 'time',
        negative: true,
        days: of,
        hours: 2,
        minutes: 3,
        seconds: 4,
        microseconds: 5,
      }),
      parameter(BLOB, Buffer.from([0, 39, 92, 255, of])),
      text(`{"n": ${of}, "s": "é'\\\\"}`),
      text('🐬é'),
    ];
    const marks = row(0)
      .map(() => '?')
      .join();
    return same([
      'DROP TABLE IF EXISTS kinds',
      'CREATE TABLE kinds (t TINYINT, n BIGINT UNSIGNED PRIMARY KEY, d DOUBLE, f FLOAT,' +
        ' e DECIMAL(30, 12), a DATETIME(6), y DATE, c TIME(6), bin VARBINARY(10), j JSON,' +
        ' v VARCHAR(10) COLLATE utf8mb4_bin)',
      [`INSERT INTO kinds VALUES (${marks})`, row(1), row(2), row(3)],
      'SELECT t, n, d, f, e, a, y, c, HEX(bin), j, HEX(v) FROM kinds ORDER BY n',
    ]);
  });

  test('what cannot be executed in bulk', () =>
    same([
      ...table,
      ['SELECT ?', [int(1)]],
      ['SET @x = ?', [int(1)]],
      ['DO ?', [int(1)]],
      ['INSERT INTO b (u) SELECT ?', [int(1)]],
      ['DELETE b FROM b JOIN b AS c ON b.id = c.id WHERE b.u = ?', [int(1)]],
      ["INSERT INTO b (v) VALUES ('x')", []],
      'SELECT COUNT(*), @x FROM b',
    ]));
});

import { inspect } from 'node:util';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { expect } from 'vitest';
import type { DateTimeValue, TimeValue } from '../../../src/protocol/binary-value.ts';
import { ColumnType } from '../../../src/protocol/column-definition.ts';
import type { BoundParameter } from '../../../src/protocol/stmt-execute.ts';
import { connectTo } from '../cluster.ts';
import type { ClientCase } from './client-cases.ts';
import type { DeterminismLab } from './lab.ts';
import { RawClient } from './raw-client.ts';

const date = (
  type: number,
  [year, month, day]: readonly [number, number, number],
  clock: Partial<DateTimeValue> = {},
): BoundParameter => {
  const noTime = { hour: 0, minute: 0, second: 0, microsecond: 0 };
  const value = { kind: 'datetime', year, month, day, ...noTime, ...clock } as const;
  return { type, unsigned: false, value };
};
const time = (value: Partial<TimeValue>): BoundParameter => {
  const none = { negative: false, days: 0, hours: 0, minutes: 0, seconds: 0, microseconds: 0 };
  return { type: ColumnType.TIME, unsigned: false, value: { kind: 'time', ...none, ...value } };
};

const { DATE, DATETIME, TIMESTAMP } = ColumnType;
const noon = { hour: 12, minute: 30, second: 30 };

const dates: readonly BoundParameter[] = [
  date(DATETIME, [2024, 2, 29], noon),
  date(DATETIME, [10_000, 11, 10], noon),
  date(DATETIME, [2024, 13, 1]),
  date(DATETIME, [2024, 2, 31], noon),
  date(DATETIME, [2024, 2, 28], { hour: 24 }),
  date(DATETIME, [2024, 2, 28], { minute: 60 }),
  date(DATETIME, [2024, 2, 28], { second: 60 }),
  date(DATETIME, [0, 0, 0]),
  date(DATETIME, [2024, 0, 5], noon),
  date(DATETIME, [0, 1, 1], noon),
  date(DATE, [2023, 2, 29]),
  date(DATE, [65_535, 1, 1]),
  date(DATE, [0, 0, 0]),
];
const times: readonly BoundParameter[] = [
  time({ hours: 10, minutes: 11, seconds: 12 }),
  time({ negative: true, days: 1, hours: 10, minutes: 11 }),
  time({ days: 34, hours: 22, minutes: 59, seconds: 59 }),
  time({ days: 35, hours: 12, minutes: 30, seconds: 30 }),
  time({ negative: true, days: 35, hours: 12 }),
  time({ days: 10, hours: 200 }),
  time({ days: 178_956_970, hours: 20 }),
  time({ days: 4_294_967_295 }),
  time({ hours: 5, minutes: 60 }),
  time({ hours: 5, seconds: 60 }),
];
/** With what the servers themselves make another value of when it is bound. */
const moved: readonly BoundParameter[] = [
  date(TIMESTAMP, [2024, 3, 31], { hour: 2, minute: 30 }),
  date(TIMESTAMP, [1969, 2, 28], noon),
  date(TIMESTAMP, [2024, 2, 31], noon),
  date(TIMESTAMP, [0, 0, 0], noon),
  date(DATETIME, [2024, 2, 28], { microsecond: 500_000 }),
  date(DATETIME, [2024, 2, 28], { microsecond: 1_000_000 }),
  time({ microseconds: 130_000 }),
  time({ microseconds: 1_000_000 }),
  time({ negative: true }),
  time({ days: 34, hours: 22, minutes: 59, seconds: 59, microseconds: 999_999 }),
];

const tables = [
  'CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, da DATE, dt DATETIME(6), ti TIME(6), ' +
    'ts TIMESTAMP(6) NULL, vc VARCHAR(60), bi BIGINT, de DECIMAL(40,6))',
  'CREATE TABLE known (id INT PRIMARY KEY, dt DATETIME(6), ti TIME(6))',
  "INSERT INTO known VALUES (1, '2024-02-28', '10:00'), (2, '2024-03-02', '838:59:59')",
];
/** What a literal and a bound value do alike on a server. */
const sameAlone = ['dt', 'vc'].map((column) => `INSERT INTO t (${column}) VALUES (?)`);
const sameTime = ['ti', 'vc', 'bi'].map((column) => `INSERT INTO t (${column}) VALUES (?)`);
const others = [
  ...['da', 'ti', 'ts', 'bi', 'de'].map((column) => `INSERT INTO t (${column}) VALUES (?)`),
  "INSERT INTO t (vc) VALUES (CONCAT('<', ?))",
  'INSERT INTO t (vc) VALUES (CAST(? AS CHAR))',
  'INSERT INTO t (de) VALUES (? + 0)',
  'INSERT INTO t (bi) SELECT COUNT(*) FROM known WHERE dt < ?',
  'UPDATE t SET vc = ? ORDER BY id DESC LIMIT 1',
  'UPDATE t SET de = id WHERE dt < ?',
];

const modes = ['STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE', '', 'ALLOW_INVALID_DATES'];

type Run = readonly [sql: string, parameter: BoundParameter];
const each = (statements: readonly string[], parameters: readonly BoundParameter[]): Run[] =>
  parameters.flatMap((parameter) => statements.map((sql): Run => [sql, parameter]));

/** What becomes of each statement: an error's number, or 0. */
async function endsOf(
  client: RawClient,
  runs: readonly Run[],
  inModes: readonly string[] = modes,
): Promise<string[]> {
  const ends: string[] = [];
  for (const mode of inModes) {
    await client.execute(`SET sql_mode = '${mode}'`, []);
    for (const [sql, parameter] of runs) {
      const errno = await client.execute(sql, [parameter]).then(
        () => 0,
        (error: { readonly errno?: number }) => error.errno ?? -1,
      );
      ends.push(`${mode} ${sql} ${inspect(parameter.value)}: ${errno}`);
    }
  }
  return ends;
}

const rowsOf = async (client: Connection): Promise<unknown> => {
  const [rows] = await client.query<RowDataPacket[]>(
    'SELECT id, CAST(dt AS CHAR) dt, CAST(ti AS CHAR) ti, vc, bi FROM t ORDER BY id',
  );
  return rows;
};

/** The same on a server alone, in a schema that is gone afterwards. */
async function alone(lab: DeterminismLab, runs: readonly Run[]) {
  const [server] = lab.servers.servers;
  if (!server) throw new Error('no server');
  const client = await connectTo(server, { user: 'root' });
  await client.query('CREATE DATABASE alone');
  await client.query('USE alone');
  for (const sql of tables) await client.query(sql);
  const raw = await RawClient.connect(server.port, 'alone');
  const ends = await endsOf(raw, runs);
  const rows = await rowsOf(client);
  raw.end();
  await client.query('DROP DATABASE alone');
  client.destroy();
  return { ends, rows };
}

/** What is bound where a number is expected, each value in a statement of its own. */
async function numbersIn(client: Connection): Promise<unknown[]> {
  await client.query(
    'CREATE TABLE n (id INT PRIMARY KEY, de DECIMAL(30, 10), bi BIGINT UNSIGNED, c INT)',
  );
  const large = ['12345678901234567890.5', '18446744073709551615'];
  const values: readonly (string | number)[] = ['0.5', ' 2', '1e3', '1e-7', 3, 0.25, '12x'];
  for (const [id, value] of values.entries()) {
    await client.execute('INSERT INTO n VALUES (?, ? + 1, ?, ?)', [id, ...large, '6']);
    for (const change of ['de = de + ?', 'de = de * ?', 'bi = bi - ?', 'c = c + ? * 2']) {
      const sql = `UPDATE n SET ${change} WHERE id = ? -- ${id}`;
      await client.execute(sql, [value, id]).catch(() => {});
    }
  }
  const statement = await client.prepare('UPDATE n SET bi = bi - ? WHERE c > ?');
  await statement.execute(['1', '06']).catch(() => {});
  await client.query('ALTER TABLE n MODIFY c VARCHAR(20)');
  await statement.execute(['1', '06']).catch(() => {});
  const [rows] = await client.query<RowDataPacket[]>(
    'SELECT id, CAST(de AS CHAR) de, CAST(bi AS CHAR) bi, c FROM n ORDER BY id',
  );
  return rows;
}

export const boundCases: readonly ClientCase[] = [
  {
    name: 'exact numbers bound as text or doubles',
    run: async (lab) => {
      const [server] = lab.servers.servers;
      if (!server) throw new Error('no server');
      const client = await lab.client();
      const direct = await connectTo(server, { user: 'root' });
      await direct.query('CREATE DATABASE alone');
      await direct.query('USE alone');
      expect(await numbersIn(client)).toEqual(await numbersIn(direct));
      await direct.query('DROP DATABASE alone');
      expect(await lab.differences(lab.schema)).toEqual([]);
      direct.destroy();
      client.destroy();
    },
  },
  {
    name: 'dates and times that no literal can have',
    run: async (lab) => {
      const client = await lab.client();
      for (const sql of tables) await client.query(sql);
      const raw = await RawClient.connect(lab.port, lab.schema);
      const same = [...each(sameAlone, dates), ...each(sameTime, times)];
      const ends = await endsOf(raw, same);
      expect({ ends, rows: await rowsOf(client) }).toEqual(await alone(lab, same));
      expect(await lab.differences(lab.schema)).toEqual([]);
      raw.end();
      client.destroy();
    },
  },
  {
    name: 'rows that come back from a write with a date',
    run: async (lab) => {
      const client = await lab.client();
      await client.query('CREATE TABLE t (id INT PRIMARY KEY, d DATETIME, u CHAR(36))');
      const call =
        'CREATE PROCEDURE p (i INT, d DATETIME) BEGIN INSERT INTO t VALUES (i, d, NULL); ' +
        'SELECT i + 1 AS next; END';
      await client.query(call);
      const when = new Date(Date.UTC(2024, 1, 29, 12));
      const [[rows]] = await client.execute<[RowDataPacket[]]>('CALL p(?, ?)', [1, when]);
      expect(rows).toEqual([{ next: 2 }]);
      const [[version]] = await client.query<RowDataPacket[]>('SELECT VERSION() AS version');
      if (String(version?.['version']).includes('MariaDB')) {
        for (const [id, word] of [
          [5, "'x'"],
          [6, 'UUID()'],
        ] as const) {
          const returning = 'RETURNING id, CAST(d AS DATE) = ? AS same';
          const sql = `INSERT INTO t VALUES (?, ?, ${word}) ${returning}`;
          const [back] = await client.execute<RowDataPacket[]>(sql, [id, when, '2024-02-29']);
          expect(back).toEqual([{ id, same: 1 }]);
        }
      }
      client.destroy();
    },
  },
];

const text = (type: number, value: string): BoundParameter => ({
  type,
  unsigned: false,
  value: Buffer.from(value),
});
const number = (type: number, value: number | bigint): BoundParameter => ({
  type,
  unsigned: false,
  value,
});
const { VAR_STRING, NEWDECIMAL, LONG, LONGLONG, FLOAT, DOUBLE, YEAR } = ColumnType;
const mixed: readonly BoundParameter[] = [
  ...['v', '', ' 2', '12x', '2024-02-28'].map((value) => text(VAR_STRING, value)),
  ...['1.50', '1e5', '12x'].map((value) => text(NEWDECIMAL, value)),
  ...[0, 5, 20_240_228].map((value) => number(LONG, value)),
  number(LONGLONG, -1n),
  number(FLOAT, Math.fround(0.1)),
  number(DOUBLE, 5.5),
  number(YEAR, 2024),
];
const compared = ['da', 'dt', 'ti', 'ts', 'vc', 'bi', 'de'].map(
  (column) => `UPDATE t SET de = id WHERE ${column} < ?`,
);

/** Whatever the nodes make of them, it is the same. */
export const strangeCases: readonly ClientCase[] = [
  {
    name: 'dates and times that a server changes as it binds them',
    run: async (lab) => {
      const client = await lab.client();
      for (const sql of tables) await client.query(sql);
      const raw = await RawClient.connect(lab.port, lab.schema);
      await raw.execute("SET time_zone = '+02:00'", []);
      const some = [...moved, ...dates.slice(0, 4), ...times.slice(1, 4)];
      await endsOf(raw, each([...sameAlone, ...others], some), modes.slice(0, 2));
      raw.end();
      client.destroy();
    },
  },
  {
    name: 'what is compared with columns of other types',
    run: async (lab) => {
      const client = await lab.client();
      for (const sql of tables) await client.query(sql);
      const row = "('2024-02-28', '2024-02-28', '10:00', '2024-02-28', 'v', 5, 1.5)";
      await client.query(`INSERT INTO t (da, dt, ti, ts, vc, bi, de) VALUES ${row}, ${row}`);
      const raw = await RawClient.connect(lab.port, lab.schema);
      const deleted = 'DELETE FROM t WHERE dt > ? AND id > 2';
      await endsOf(raw, each([...compared, ...others, deleted], mixed), modes.slice(0, 2));
      raw.end();
      client.destroy();
    },
  },
];

import { expect } from 'vitest';
import type { EngineName } from '../../src/demo/engine.ts';
import { type Compared, fill } from './compared.ts';

export interface KeyCase {
  readonly name: string;
  /** Columns of the key and its definition; a column `n INT` follows. */
  readonly columns: string;
  /** The values of the key of a row, all different. */
  readonly row: (index: number) => string;
  /** How the key of row `changed` is shown; undefined where the table is compared as a whole. */
  readonly shown?: string | RegExp;
  readonly only?: EngineName;
}

const rowCount = 4_500;
const changed = 2_500;
const day = (index: number): string =>
  new Date(Date.UTC(1990, 0, 1) + index * 86_400_000).toISOString().slice(0, 10);
const hex = (index: number, digits: number): string => index.toString(16).padStart(digits, '0');

/** Keys of which several rows have one in common, and such as sort in ways of their own. */
export const keyCases: readonly KeyCase[] = [
  {
    name: 'negative_numbers',
    columns: 'id BIGINT, PRIMARY KEY (id)',
    row: (index) => `${(index - 2_600) * 3}`,
    shown: '-300',
  },
  {
    name: 'large_numbers',
    columns: 'id BIGINT UNSIGNED, PRIMARY KEY (id)',
    row: (index) => `${18_446_744_073_709_551_615n - BigInt(index)}`,
    shown: '18446744073709549115',
  },
  {
    name: 'decimals',
    columns: 'id DECIMAL(20, 6), PRIMARY KEY (id)',
    row: (index) => `${(index - 2_600) / 1_000}`,
    shown: '-0.100000',
  },
  {
    name: 'composite',
    columns: 'a INT, b VARCHAR(20), c DATE, PRIMARY KEY (a, b, c)',
    row: (index) => `${index % 3}, 'b${Math.floor(index / 300)}', '${day(index)}'`,
    shown: "(1, 'b8', '1996-11-05')",
  },
  {
    name: 'text_without_case',
    columns: 'id VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, PRIMARY KEY (id)',
    row: (index) => `'${['ä', 'B', 'ç ', '🙂', "d''"][index % 5]}${index}'`,
    shown: "'ä2500'",
  },
  {
    name: 'text_of_other_sets',
    columns:
      'a CHAR(10) CHARACTER SET latin1, b VARCHAR(10) CHARACTER SET utf16, ' +
      'c CHAR(5) CHARACTER SET sjis, PRIMARY KEY (a, b, c)',
    row: (index) => `'é${index % 7}', 'ü${Math.floor(index / 7)}', 'ア'`,
    shown: /^\(_latin1 X'E931', _utf16 X'00FC00330035\d+', _sjis X'8341'\)$/,
  },
  {
    name: 'bytes',
    columns: 'a VARBINARY(8), b BINARY(4), PRIMARY KEY (a, b)',
    row: (index) => `X'${hex(index % 256, 2)}27', X'00${hex(index, 4)}'`,
    shown: "(X'C427', X'0009C400')",
  },
  {
    name: 'times',
    columns: 'd DATE, t TIME(3), dt DATETIME(6), ts TIMESTAMP(2), PRIMARY KEY (d, t, dt, ts)',
    row: (index) =>
      `'${day(index % 30)}', '-0${index % 8}:00:00.5', ` +
      `'2024-02-29 00:00:00.${String(index).padStart(6, '0')}', '2024-02-29 12:00:00.25'`,
    shown: /^\('1990-01-11', '-04:00:00\.500', '2024-02-29 00:00:00\.002500', '2024-02-29 \d\d:/,
  },
  {
    name: 'bits_and_years',
    columns: 'y YEAR, b BIT(20), PRIMARY KEY (y, b)',
    row: (index) => `${1950 + (index % 100)}, ${index}`,
    shown: '(1950, 2500)',
  },
  {
    name: 'secondary_key',
    columns: 'maybe INT, e DOUBLE, id INT NOT NULL, UNIQUE (maybe), UNIQUE (e), UNIQUE u (id)',
    row: (index) => `${index === 0 ? 'NULL' : index}, ${index}.5, ${9_999 - index}`,
    shown: '7499',
  },
  {
    name: 'sorted_downwards',
    columns: 'a INT, b INT, PRIMARY KEY (a DESC, b)',
    row: (index) => `${index % 10}, ${index}`,
    shown: '(0, 2500)',
  },
  {
    name: 'enumeration',
    columns: "e ENUM('z', 'a'), id INT, PRIMARY KEY (e, id)",
    row: (index) => `'${index % 2 ? 'a' : 'z'}', ${index}`,
  },
  { name: 'nullable_key', columns: 'id INT, UNIQUE (id)', row: (index) => `${index}` },
  {
    name: 'shortened_key',
    columns: 'id VARCHAR(50) NOT NULL, UNIQUE (id(10))',
    row: (index) => `'${index}'`,
  },
  {
    name: 'natives',
    columns: 'u UUID, i INET6, PRIMARY KEY (u, i)',
    row: (index) => `'${hex(index % 5, 8)}-1234-1234-8234-123456789abc', '::${hex(index, 4)}'`,
    shown: "('00000000-1234-1234-8234-123456789abc', '::9c4')",
    only: 'mariadb',
  },
];

/** A foreign change in a table with such a key is found, named, and repaired. */
export async function compareByKey(cluster: Compared, one: KeyCase): Promise<void> {
  const { name, columns, row, shown } = one;
  const writer = await cluster.client();
  const parts = columns.split(/, (?=PRIMARY|UNIQUE)/);
  const definition = [parts[0], 'n INT', ...parts.slice(1)].join(', ');
  await writer.query(`CREATE TABLE ${name} (${definition})`);
  await fill(writer, name, { rows: rowCount, row: (index) => `${row(index)}, ${index}` });
  const odd = cluster.follower;
  const tables = [`app.${name}`];
  await cluster.behind(odd, `UPDATE ${name} SET n = -1 WHERE n = ${changed}`);
  const report = await cluster.control.verify({ tables, rows: true });
  const [table] = report.tables;
  // No row was passed over, and none counted twice.
  expect(Object.values(table?.nodes ?? {}).map(({ rows }) => rows)).toEqual(
    Array(3).fill(rowCount),
  );
  expect(table?.ranges).toHaveLength(1);
  const [range] = table?.ranges ?? [];
  expect(range?.differing).toEqual([odd]);
  if (shown === undefined) {
    expect(range?.key).toBeUndefined();
    expect(range?.nodes[odd]).toBe(rowCount);
    return;
  }
  expect(range?.nodes[odd]).toBeLessThanOrEqual(2_000);
  expect(range?.rows).toEqual([
    {
      key: typeof shown === 'string' ? shown : expect.stringMatching(shown),
      nodes: expect.objectContaining({ [odd]: { n: '-1' }, [cluster.leader]: { n: '2500' } }),
    },
  ]);
  // What is named is a condition that any server takes.
  await cluster.behind(odd, `SELECT 1 FROM ${name} WHERE ${range?.where}`);
  const repaired = await cluster.control.verify({ tables, repair: true });
  expect(repaired.repairs).toMatchObject([{ node: odd, outcome: 'repaired' }]);
  expect((await cluster.control.verify({ tables })).equal).toBe(true);
}

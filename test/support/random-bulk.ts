import { expect } from 'vitest';
import { seededRandom } from '../../src/log/testing/seeded-random.ts';
import type { BinaryValue } from '../../src/protocol/binary-value.ts';
import { ColumnType } from '../../src/protocol/column-definition.ts';
import type { BulkRow } from '../../src/protocol/testing/bulk-packet.ts';
import type { BulkParameter } from '../../src/protocol/stmt-bulk-execute.ts';
import { byDefault, ignored, int, parameter, text } from './bulk-rows.ts';
import type { BulkClient } from './bulk-client.ts';
import { type Step, toldOf } from './bulk-steps.ts';

interface Column {
  readonly name: string;
  /** There is a value for whoever asks for the default. */
  readonly noDefault?: true;
  /** Never to be left as it is. */
  readonly mayBeNull?: boolean;
  readonly definition: string;
  readonly values: readonly BulkParameter[];
}

const { DOUBLE, LONGLONG, NEWDECIMAL, DATETIME, BLOB, TINY } = ColumnType;

const day = (year: number, month: number, of: number): BinaryValue => ({
  ...{ kind: 'datetime', year, month, day: of },
  ...{ hour: 1, minute: 2, second: 3, microsecond: 0 },
});

const columns: readonly Column[] = [
  { name: 'u', definition: 'INT UNIQUE', values: [1, 2, 3, 4, 5, 6, 7, 8].map(int) },
  { name: 'n', definition: 'INT NOT NULL', values: [int(0), int(5), int(-7)] },
  {
    name: 'd',
    definition: "VARCHAR(5) NOT NULL DEFAULT 'dflt'",
    values: [text('a'), text(''), text('far too long'), text("it's")],
  },
  { name: 't', definition: 'TINYINT', values: [int(5), int(300), parameter(TINY, -3)] },
  {
    name: 'b',
    definition: 'BIGINT UNSIGNED DEFAULT 7',
    values: [parameter(LONGLONG, 2n ** 64n - 1n, true), int(-1), int(9)],
  },
  {
    name: 'f',
    definition: 'DECIMAL(8,2)',
    values: [
      parameter(NEWDECIMAL, Buffer.from('12.345')),
      parameter(DOUBLE, 1 / 3),
      text('7.5x'),
      text('1e3'),
    ],
  },
  {
    name: 'w',
    definition: 'DATETIME NOT NULL',
    values: [
      parameter(DATETIME, day(2024, 2, 29)),
      text('2024-01-02 03:04:05'),
      text('no date'),
      parameter(DATETIME, day(2023, 7, 1)),
    ],
  },
  {
    name: 'x',
    definition: 'VARBINARY(6)',
    values: [parameter(BLOB, Buffer.from([0, 39, 92, 255])), parameter(BLOB, Buffer.alloc(9, 65))],
  },
  { name: 'e', definition: "ENUM('p','q') DEFAULT 'q'", values: [text('p'), text('z'), int(2)] },
];

/** What stands in an expression is always a value. */
const concatenated: Column = {
  name: 'd2',
  definition: 'VARCHAR(5)',
  values: [text('a'), text('far too long')],
  noDefault: true,
};

const withoutDefault: ReadonlyMap<string, Column> = new Map(
  columns
    .filter(({ name }) => name === 'n' || name === 'w')
    .map(({ name, definition, values }) => [name, { name, definition, values, noDefault: true }]),
);

/** A server makes the default of a NULL that an UPDATE is to leave as it is, else a zero. */
const mayBeNull = (column: Column): Column => ({
  ...column,
  mayBeNull: !/NOT NULL/.test(column.definition),
});

const definitions = [...columns, concatenated].map(
  ({ name, definition }) => `${name} ${definition}`,
);

const modes = [
  "''",
  "'STRICT_TRANS_TABLES'",
  'DEFAULT',
  "'STRICT_ALL_TABLES,NO_ZERO_DATE'",
  "'NO_AUTO_VALUE_ON_ZERO'",
  "'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
];

/** Random statements in bulk and what shows what they have done, from a seed. */
class RandomBulk {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** What comes before every script. */
  static readonly setUp: readonly string[] = [
    'SET sql_mode = DEFAULT, SESSION sql_warnings = 0, autocommit = 1, timestamp = 1700000000',
    'DROP TABLE IF EXISTS b',
    `CREATE TABLE b (id INT AUTO_INCREMENT PRIMARY KEY, ${definitions.join(', ')})`,
  ];

  make(count: number): Step[] {
    const steps: Step[] = [...RandomBulk.setUp];
    for (let index = 0; index < count; index += 1) steps.push(...this.#one());
    return [...steps, 'ROLLBACK', shown];
  }

  #one(): Step[] {
    const at = this.#random();
    if (at < 0.08) return [`SET sql_mode = ${this.#of(modes)}`];
    if (at < 0.12) return ['BEGIN'];
    if (at < 0.16) return [this.#of(['COMMIT', 'ROLLBACK'])];
    const bulk = at < 0.8 ? this.#insert() : at < 0.93 ? this.#update() : this.#delete();
    return [bulk, 'SHOW WARNINGS', 'SELECT ROW_COUNT()', shown];
  }

  #insert(): Step {
    const used = this.#some(columns);
    const verb = this.#of(['INSERT', 'INSERT', 'INSERT', 'INSERT IGNORE', 'REPLACE']);
    const names = used.map(({ name }) => name);
    const marks = used.map(() => '?');
    if (this.#random() < 0.2) {
      used.push(concatenated);
      names.push('d2');
      marks.push('CONCAT(?, 1)');
    }
    const sets = this.#random() < 0.15;
    const head = sets
      ? `SET ${names.map((name, index) => `${name} = ${marks[index]}`).join(', ')}`
      : `(${names.join(', ')}) VALUES (${marks.join(', ')})`;
    const updated = verb === 'INSERT' && this.#random() < 0.3 ? this.#some(columns.slice(1)) : [];
    const marked = this.#random() < 0.5;
    const updates = updated.map(({ name }) => `${name} = ${marked ? '?' : `VALUES(${name})`}`);
    const tail = updates.length > 0 ? ` ON DUPLICATE KEY UPDATE ${updates.join(', ')}` : '';
    const returning = this.#random() < 0.1 ? ` RETURNING ${names.join(', ')}` : '';
    const bound = [...used, ...(marked ? updated : [])];
    return [`${verb} INTO b ${head}${tail}${returning}`, ...this.#rows(bound)];
  }

  #update(): Step {
    const used = this.#some(columns);
    const sets = used.map(({ name }) => `${name} = ?`).join(', ');
    // A text that asks for a default that is not there is refused before it meets a row.
    const bound = used.map((one) => withoutDefault.get(one.name) ?? mayBeNull(one));
    const [key] = columns;
    return [`UPDATE b SET ${sets} WHERE u = ?`, ...this.#rows(key ? [...bound, key] : bound, 1)];
  }

  #delete(): Step {
    const [key] = columns;
    return [
      `DELETE FROM b WHERE u = ?${this.#random() < 0.3 ? ' RETURNING u, d' : ''}`,
      ...this.#rows(key ? [key] : [], 1),
    ];
  }

  /** The last `plain` ones are values, for an expression. */
  #rows(of: readonly Column[], plain = 0): BulkRow[] {
    const types = of.map(({ values }) => this.#of(values));
    return Array.from({ length: 1 + Math.trunc(this.#random() * 5) }, () =>
      of.map(({ values, noDefault, mayBeNull: isNull }, index) => {
        const first = types[index] ?? int(0);
        const isPlain = index >= of.length - plain;
        const at = isPlain ? 1 : this.#random();
        if (at < 0.06) return { ...first, value: null };
        if (at < 0.13 && noDefault === true) return first;
        if (at < 0.1) return byDefault(first);
        if (at < 0.13) return isNull === true ? first : ignored(first);
        const alike = values.filter(
          ({ type, unsigned }) => type === first.type && unsigned === first.unsigned,
        );
        return this.#of(alike);
      }),
    );
  }

  #some(from: readonly Column[]): Column[] {
    const chosen = from.filter(() => this.#random() < 0.45);
    return chosen.length > 0 ? chosen : [this.#of(from)];
  }

  #of<T>(list: readonly T[]): T {
    return list[Math.trunc(this.#random() * list.length)] as T;
  }
}

const shown =
  'SELECT u, n, d, d2, t, b, f, w, HEX(x), e FROM b ORDER BY u, n, d, d2, t, b, f, w, x, e';

/** What the client is told of it through Lockstep must be what a server says. */
export async function compareBulk(
  direct: BulkClient,
  through: BulkClient,
  seed: number,
): Promise<void> {
  const steps = new RandomBulk(seed).make(stepsEach);
  const expected = await toldOf(direct, steps, false);
  const told = await toldOf(through, steps, false);
  for (const [index, one] of expected.entries()) {
    // A server tells of every row that it could not have taken.
    if (steps[index] === 'SHOW WARNINGS' && hasFailed(expected[index - 1])) continue;
    expect(told[index], `seed ${seed}, step ${index}`).toEqual(one);
  }
}

const stepsEach = 40;

/** `told` is a step with what the client was told of it. */
const hasFailed = (told: unknown): boolean =>
  Array.isArray(told) && typeof told[1] === 'object' && 'errno' in told[1];

import type { NodeConnection } from './node-connection.ts';
import { queryRows } from './query-rows.ts';
import { quoteString } from '../sql/quote.ts';

/** What a write must know of a table so that every node computes the same. */
export interface TableInfo {
  readonly exists: boolean;
  readonly engine: string;
  readonly transactional: boolean;
  /** Columns of the primary key, lower case; empty without one. */
  readonly primaryKey: readonly string[];
  /** The AUTO_INCREMENT column, lower case. */
  readonly autoIncrement: string | undefined;
  readonly hasTriggers: boolean;
}

const tablesMax = 10_000;

/**
 * Facts about tables, asked of the leader once and kept until a DDL statement passes. Every
 * DDL passes through Lockstep, so what is kept is true.
 */
export class TableCatalogue {
  readonly #tables = new Map<string, Promise<TableInfo>>();
  readonly #routines = new Map<string, Promise<boolean>>();
  readonly #control: () => Promise<NodeConnection>;

  constructor(control: () => Promise<NodeConnection>) {
    this.#control = control;
  }

  /** Any DDL may have changed anything. */
  forget(): void {
    this.#tables.clear();
    this.#routines.clear();
  }

  table(schema: string, name: string): Promise<TableInfo> {
    return this.#cached(this.#tables, `${schema}.${name}`, () => this.#readTable(schema, name));
  }

  /** Whether one of the names (upper case) is a stored function. */
  hasStoredFunction(schema: string, names: Iterable<string>): Promise<boolean> {
    const list = [...names].map((name) => quoteString(name)).join(',');
    if (list === '') return Promise.resolve(false);
    return this.#cached(this.#routines, `${schema}.${list}`, async () => {
      const rows = await queryRows(
        await this.#control(),
        'SELECT ROUTINE_NAME FROM information_schema.ROUTINES ' +
          `WHERE ROUTINE_TYPE = 'FUNCTION' AND UPPER(ROUTINE_NAME) IN (${list}) LIMIT 1`,
        { latin1: true },
      );
      return rows.length > 0;
    });
  }

  #cached<T>(cache: Map<string, Promise<T>>, key: string, read: () => Promise<T>): Promise<T> {
    const known = cache.get(key);
    if (known) return known;
    if (cache.size >= tablesMax) cache.clear();
    const reading = read();
    cache.set(key, reading);
    reading.catch(() => cache.delete(key));
    return reading;
  }

  async #readTable(schema: string, name: string): Promise<TableInfo> {
    const control = await this.#control();
    const where = `TABLE_SCHEMA = ${quoteString(schema)} AND TABLE_NAME = ${quoteString(name)}`;
    const ask = (sql: string) => queryRows(control, sql, { latin1: true });
    const [table] = await ask(
      'SELECT TABLE_TYPE AS type, t.ENGINE AS engine, e.TRANSACTIONS AS transactions ' +
        'FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ' +
        `ON e.ENGINE = t.ENGINE WHERE ${where}`,
    );
    const columns = await ask(
      'SELECT LOWER(COLUMN_NAME) AS name, COLUMN_KEY AS columnKey, EXTRA AS extra ' +
        `FROM information_schema.COLUMNS WHERE ${where} ORDER BY ORDINAL_POSITION`,
    );
    const triggers = await ask(
      'SELECT COUNT(*) AS n FROM information_schema.TRIGGERS ' +
        `WHERE EVENT_OBJECT_SCHEMA = ${quoteString(schema)} ` +
        `AND EVENT_OBJECT_TABLE = ${quoteString(name)}`,
    );
    const isView = table?.['type'] === 'VIEW';
    return {
      exists: table !== undefined,
      engine: table?.['engine'] ?? '',
      transactional: table === undefined || isView || table['transactions'] === 'YES',
      primaryKey: columns.filter((column) => column['columnKey'] === 'PRI').map(nameOf),
      autoIncrement: columns
        .filter((column) => /auto_increment/i.test(column['extra'] ?? ''))
        .map(nameOf)[0],
      hasTriggers: Number(triggers[0]?.['n'] ?? 0) > 0,
    };
  }
}

const nameOf = (column: Readonly<Record<string, string | null>>): string => column['name'] ?? '';

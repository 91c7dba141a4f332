import type { NodeConnection } from '../../../nodes/node-connection.ts';
import { queryRows } from '../../../nodes/query-rows.ts';
import { type RawRow, RowStream } from '../../../nodes/row-stream.ts';
import { quoteIdentifier } from '../../../sql/quote.ts';
import { type ColumnLiteral, columnLiteral } from './column-literal.ts';
import { qualified, type UserColumn, type UserTable } from './user-tables.ts';

export interface CopyTableOptions {
  /** In a transaction with a snapshot; see `prepareSource`. */
  readonly source: NodeConnection;
  /** See `prepareTarget`. */
  readonly target: NodeConnection;
  readonly table: UserTable;
  /** The target's max_allowed_packet. */
  readonly packetBytes: number;
  readonly onProgress: (copied: { rows: number; bytes: number }) => void;
}

const insertBytesMax = 1024 * 1024;
const transactionBytesMax = 16 * 1024 * 1024;
const insertTimeoutMs = 10 * 60_000;

/**
 * Streams the rows of one table into the same, empty table of another node, a few megabytes at
 * a time. Rejects when either connection breaks or a server refuses; then the source connection
 * may still be sending and must be destroyed.
 */
export async function copyTable(options: CopyTableOptions): Promise<void> {
  const { source, target, table } = options;
  const inserter = new Inserter(options, transactionBytesMax);
  await queryRows(target, 'BEGIN');
  for await (const rows of await openRows(options, qualified(table))) {
    for (const row of rows) await inserter.add(row);
  }
  await inserter.flush();
  await queryRows(target, 'COMMIT');
  await queryRows(source, 'SET character_set_results=utf8mb4');
}

/**
 * As `copyTable`, for the rows that `from` yields: a table, with what chooses among its rows.
 * Within the transaction that the target has open. When the target refuses, the source is read
 * to its end all the same, so that it can be used further.
 */
export async function copyRows(
  options: CopyTableOptions & { readonly from: string },
): Promise<void> {
  const inserter = new Inserter(options, Infinity);
  const failures: unknown[] = [];
  for await (const rows of await openRows(options, options.from)) {
    try {
      for (const row of failures.length === 0 ? rows : []) await inserter.add(row);
    } catch (error) {
      failures.push(error);
    }
  }
  await queryRows(options.source, 'SET character_set_results=utf8mb4');
  for (const failure of failures) throw failure;
  await inserter.flush();
}

async function openRows({ source, table }: CopyTableOptions, from: string): Promise<RowStream> {
  const expressions = insertedColumns(table).map((column) => columnLiteral(column).expression);
  await queryRows(source, 'SET character_set_results=NULL');
  return new RowStream(source, `SELECT ${expressions.join(', ')} FROM ${from}`);
}

const insertedColumns = ({ columns }: UserTable): UserColumn[] =>
  columns.filter((column) => !column.generated);

/** Gathers rows to statements, and statements to transactions. */
class Inserter {
  readonly #options: CopyTableOptions;
  readonly #head: string;
  readonly #literals: readonly ColumnLiteral[];
  readonly #transactionBytesMax: number;
  readonly #statementBytesMax: number;
  /** A value longer than this goes ahead in pieces, as a user variable. */
  readonly #valueBytesMax: number;
  #rows: string[] = [];
  #bytes = 0;
  #uncommitted = 0;

  constructor(options: CopyTableOptions, transactionBytes: number) {
    const { table } = options;
    const columns = insertedColumns(table);
    const names = columns.map(({ name }) => quoteIdentifier(name));
    this.#options = options;
    this.#transactionBytesMax = transactionBytes;
    this.#head = `INSERT INTO ${qualified(table)} (${names.join(', ')}) VALUES `;
    this.#literals = columns.map(columnLiteral);
    this.#statementBytesMax = Math.min(insertBytesMax, Math.floor(options.packetBytes / 2));
    this.#valueBytesMax = Math.floor(this.#statementBytesMax / 4);
  }

  async add(row: RawRow): Promise<void> {
    const values: string[] = [];
    let length = 0;
    let ahead = false;
    for (const [index, value] of row.entries()) {
      const literal = this.#literals[index];
      let text = 'NULL';
      if (value && literal) {
        const long = value.length > this.#valueBytesMax;
        if (long || length + 2 * value.length > this.#statementBytesMax) {
          const variable = `@lockstep_${index}`;
          await this.#sendAhead(variable, value);
          ahead = true;
          text = literal.fromVariable(variable);
        } else text = literal.render(value);
      }
      values.push(text);
      length += text.length + 1;
    }
    if (this.#bytes + length > this.#statementBytesMax && !ahead) await this.flush();
    this.#rows.push(`(${values.join(',')})`);
    this.#bytes += length;
    if (ahead || this.#bytes >= this.#statementBytesMax) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#rows.length === 0) return;
    const { target, onProgress } = this.#options;
    const rows = this.#rows.length;
    const bytes = this.#bytes;
    const sql = this.#head + this.#rows.join(',');
    this.#rows = [];
    this.#bytes = 0;
    await queryRows(target, sql, { timeoutMs: insertTimeoutMs });
    onProgress({ rows, bytes });
    this.#uncommitted += bytes;
    if (this.#uncommitted < this.#transactionBytesMax) return;
    this.#uncommitted = 0;
    await queryRows(target, 'COMMIT;BEGIN', { timeoutMs: insertTimeoutMs });
  }

  async #sendAhead(variable: string, value: Buffer): Promise<void> {
    // What was gathered so far goes first, so that it does not see another row's value.
    await this.flush();
    const { target } = this.#options;
    const piece = this.#valueBytesMax;
    for (let from = 0; from < value.length; from += piece) {
      const text = `X'${value.toString('hex', from, Math.min(from + piece, value.length))}'`;
      const sql = from === 0 ? text : `CONCAT(${variable}, ${text})`;
      await queryRows(target, `SET ${variable}=${sql}`, { timeoutMs: insertTimeoutMs });
    }
    this.#options.onProgress({ rows: 0, bytes: value.length });
  }
}

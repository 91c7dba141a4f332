import mysql, { type Connection, type FieldPacket, type ResultSetHeader } from 'mysql2';
import type { RowsOutcome } from '../http/balancer-control.ts';
import type { RowTaker } from './row-taker.ts';

/** What a statement answered: its first rows, or what it changed. */
export type StatementAnswer =
  | { readonly kind: 'rows'; readonly columns: RowsOutcome['columns'] }
  | { readonly kind: 'changed'; readonly header: ResultSetHeader };

export interface ReadAnswerOptions {
  readonly sql: string;
  readonly parameters: readonly unknown[] | undefined;
  readonly taker: RowTaker;
  /** The columns are known, and no row is there yet. */
  readonly onColumns: (columns: RowsOutcome['columns']) => Promise<void>;
  /** Whether the rest need not be read when enough is there: only of what changes nothing. */
  readonly mayStop: boolean;
}

const typeNames = mysql.Types as unknown as Record<number, string | undefined>;

/** Runs a statement and reads its answer, no faster than its rows are taken. */
export function readAnswer(
  connection: Connection,
  { sql, parameters, taker, onColumns, mayStop }: ReadAnswerOptions,
): Promise<StatementAnswer> {
  return new Promise((resolve, reject) => {
    const query = parameters?.length
      ? connection.execute({ sql, rowsAsArray: true }, parameters as never)
      : connection.query({ sql, rowsAsArray: true });
    let columns: RowsOutcome['columns'] | undefined;
    let header: ResultSetHeader | undefined;
    /** Of a CALL only the first rows are shown. */
    let isFirst = true;
    const slowly = (work: Promise<void>): void => {
      connection.pause();
      work.then(() => connection.resume(), reject);
    };
    const end = (): void => {
      if (columns) resolve({ kind: 'rows', columns });
      else if (header) resolve({ kind: 'changed', header });
      else reject(new Error('the connection was lost before the answer'));
    };
    query.on('error', reject);
    query.on('fields', (fields: FieldPacket[] | undefined) => {
      isFirst = columns === undefined;
      if (!fields || !isFirst) return;
      columns = fields.map(columnOf);
      slowly(onColumns(columns));
    });
    query.on('result', (row: unknown) => {
      if (!Array.isArray(row)) header = row as ResultSetHeader;
      else if (isFirst) {
        const work = taker.take(row);
        if (work) slowly(work);
        if (taker.truncated && mayStop) end();
      }
    });
    query.on('end', end);
    connection.on('error', reject);
  });
}

const columnOf = ({ name, columnType }: FieldPacket) => ({
  name,
  type: typeNames[columnType ?? 0] ?? 'UNKNOWN',
});

import type { NodeConnection } from '../../../nodes/node-connection.ts';
import { NodeQueryError } from '../../../nodes/query-rows.ts';
import { quoteIdentifier } from '../../../sql/quote.ts';
import { readDefinition } from '../copy/table-checksum.ts';
import { qualified, readUserTables, type TableName, type UserTable } from '../copy/user-tables.ts';
import { type ChunkKey, readChunkKey } from './chunk-key.ts';
import { type KeyRange, rangeCondition } from './key-range.ts';

/** What must be known of a table to read it piece by piece. */
export interface TableShape {
  readonly table: UserTable;
  /** SHOW CREATE TABLE without the next AUTO_INCREMENT value. */
  readonly definition: string;
  /** Without one it is read in one go. */
  readonly key: ChunkKey | undefined;
}

const noSuchTable = 1146;
const unknownDatabase = 1049;

/** SHOW CREATE TABLE, undefined where there is no such table. */
export async function definitionIfAny(
  connection: NodeConnection,
  name: TableName,
): Promise<string | undefined> {
  try {
    return await readDefinition(connection, name);
  } catch (error) {
    const absent =
      error instanceof NodeQueryError &&
      (error.errno === noSuchTable || error.errno === unknownDatabase);
    if (absent) return undefined;
    throw error;
  }
}

/** Undefined where there is no such table. */
export async function readShape(
  connection: NodeConnection,
  name: TableName,
): Promise<TableShape | undefined> {
  const definition = await definitionIfAny(connection, name);
  const [table] = await readUserTables(connection, name);
  if (definition === undefined || !table) return undefined;
  return { table, definition, key: await readChunkKey(connection, name) };
}

/** What to read the rows of a range from: the table by its key, with a condition. */
export function rowsIn({ table, key }: TableShape, range: KeyRange): string {
  if (!key) return qualified(table);
  const index = quoteIdentifier(key.index);
  return `${qualified(table)} FORCE INDEX (${index}) WHERE ${rangeCondition(key, range)}`;
}

const chunkRowsMax = 2_000;
const chunkRowsMin = 50;
const chunkBytesMax = 4 * 1024 * 1024;

/** How many rows make a chunk of a few megabytes, as far as the server's statistics know. */
export function chunkRows({ table: { bytes, rowsAbout } }: TableShape): number {
  const rowBytes = rowsAbout > 0 ? bytes / rowsAbout : 0;
  if (rowBytes === 0) return chunkRowsMax;
  return Math.min(chunkRowsMax, Math.max(chunkRowsMin, Math.floor(chunkBytesMax / rowBytes)));
}

import type { CommandResult } from './command.ts';

/** What a follower answered to a command. */
export interface FollowerResult {
  readonly affectedRows: number;
  readonly insertId: string;
  readonly errno: number;
  /** The text in the OK packet, e.g. `Rows matched: 1  Changed: 0  Warnings: 0`. */
  readonly info: string;
}

/** Undefined when a follower's answer agrees with the leader's, else how they differ. */
export function compareResults(expected: CommandResult, found: FollowerResult): string | undefined {
  if (expected.errno !== found.errno) {
    return `error ${found.errno} instead of ${expected.errno}`;
  }
  if (expected.errno !== 0 || expected.comparable === 'status') return undefined;
  const rows = expected.comparable === 'matched' ? matchedRows(found) : found.affectedRows;
  if (rows !== expected.affectedRows) {
    return `${rows} rows affected instead of ${expected.affectedRows}`;
  }
  if (expected.insertId !== found.insertId) {
    return `insert id ${found.insertId} instead of ${expected.insertId}`;
  }
  return undefined;
}

/**
 * Rows an UPDATE matched. Clients choose by CLIENT_FOUND_ROWS whether affected rows means
 * matched or changed; the text that comes with an UPDATE's OK names both on either server.
 */
export function matchedRows(result: { affectedRows: number; info: string }): number {
  const matched = /^Rows matched: (\d+)/.exec(result.info);
  return matched ? Number(matched[1]) : result.affectedRows;
}

/** The rows that a statement has changed, for clients whose affected rows are matched ones too. */
export function changedRows(result: { affectedRows: number; info: string }): number {
  const changed = /^Rows matched: \d+  Changed: (\d+)/.exec(result.info);
  return changed ? Number(changed[1]) : result.affectedRows;
}

/**
 * What the affected rows of INSERT … ON DUPLICATE KEY UPDATE are with CLIENT_FOUND_ROWS, which
 * followers have set: without it a row that was met and stayed as it was is not counted. Undefined
 * where the answer does not tell. (On both servers, of thousands at random, none was another.)
 */
export function foundByUpsert(result: { affectedRows: number; info: string }): number | undefined {
  const told = /^Records: (\d+)  Duplicates: (\d+)/.exec(result.info);
  if (told) return Number(told[1]) + Number(told[2]);
  // Of one row.
  return result.affectedRows > 0 ? result.affectedRows : undefined;
}

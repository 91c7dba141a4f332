import { isDigitCode } from './character-class.ts';
import type { LexMode } from './lex-mode.ts';

/** No server is as new as this. */
const beyondAll = 990_000;

export interface VersionComment {
  /** Where the content begins, behind the marker and the version. */
  readonly contentStart: number;
  /** `uncertain`: it depends on a server version that the mode does not give. */
  readonly content: 'code' | 'comment' | 'uncertain';
}

/**
 * Reads the opening of `/*! …`, `/*!50100 …`, `/*M! …`, `/*M!100100 …` at `at`; undefined where a
 * plain comment begins. A version has 5 digits, or 6 when the next one is a digit too.
 * MariaDB executes `/*!` up to its own version but not 50700 to 99999, which are MySQL's; measured
 * on MariaDB 10.11.19 and MySQL 9.7.4, which takes `/*M!` as a plain comment.
 */
export function readVersionComment(
  sql: string,
  at: number,
  mode: LexMode,
): VersionComment | undefined {
  let cursor = at + 2;
  const forMariadb = sql[cursor] === 'M' && sql[cursor + 1] === '!';
  if (forMariadb) {
    if (mode.flavor !== 'mariadb') return undefined;
    cursor += 1;
  }
  if (sql[cursor] !== '!') return undefined;
  cursor += 1;
  const digits = countDigits(sql, cursor);
  if (digits < 5) return { contentStart: cursor, content: 'code' };
  const version = Number(sql.slice(cursor, cursor + digits));
  return { contentStart: cursor + digits, content: decide(version, forMariadb, mode) };
}

function countDigits(sql: string, at: number): number {
  let count = 0;
  while (count < 6 && isDigitCode(sql.charCodeAt(at + count))) count += 1;
  return count;
}

function decide(version: number, forMariadb: boolean, mode: LexMode): VersionComment['content'] {
  if (mode.flavor === 'mariadb' && !forMariadb && version >= 50_700 && version <= 99_999) {
    return 'comment';
  }
  if (mode.serverVersion !== undefined) {
    return version <= mode.serverVersion ? 'code' : 'comment';
  }
  // mariadb-dump begins every dump with one of 999999, which none is to run.
  if (version >= beyondAll) return 'comment';
  // No supported server is older than 5.7.0.
  return version < 50_700 ? 'code' : 'uncertain';
}

import type { Flavor } from '../nodes/server-facts.ts';
import { decodeErr } from '../protocol/err-packet.ts';
import type { Terminal } from '../protocol/response-scanner.ts';
import type { Statement } from '../sql/statement.ts';

/** What FOUND_ROWS() is after a statement. */
export type FoundRows =
  /** The rows of its answer, if it had any. */
  | { readonly kind: 'counted' }
  /** What it was before. */
  | { readonly kind: 'kept' }
  | { readonly kind: 'known'; readonly rows: number }
  /** Only the connection that ran it can tell. */
  | { readonly kind: 'asked' };

/** Their rows are of no SELECT. */
const countsNothing =
  /^(?:SHOW (?:CREATE|GRANTS|PRIVILEGES|PROCESSLIST|PROFILES?)|CHECK(?:SUM)? TABLES?|HELP)$/;

/** As seen on the servers. */
export function foundRowsAfter(
  statement: Statement | undefined,
  end: Terminal,
  flavor: Flavor,
): FoundRows {
  if (!statement) return { kind: 'kept' };
  if (end.type === 'err') return afterError(statement, end, flavor);
  const { kind, verb, tables, into, calcFoundRows } = statement;
  if (calcFoundRows || into === 'variables') return { kind: 'asked' };
  if (countsNothing.test(verb) || (verb === 'VALUES' && flavor === 'mariadb')) {
    return { kind: 'kept' };
  }
  if (verb === 'EXPLAIN') {
    return flavor === 'mariadb' && tables.length === 0
      ? { kind: 'known', rows: 0 }
      : { kind: 'kept' };
  }
  if (verb !== 'DO' && kind !== 'set') return { kind: 'counted' };
  if (flavor === 'mariadb') return { kind: tables.length > 0 ? 'asked' : 'kept' };
  return verb === 'DO' ? { kind: 'known', rows: 1 } : { kind: 'kept' };
}

/** ER_SIGNAL_EXCEPTION */
const raisedByProgram = 1644;

/** On MariaDB a SELECT that fails as it runs has found nothing; before, it has not begun. */
function afterError({ verb }: Statement, { payload }: Terminal, flavor: Flavor): FoundRows {
  const runs = flavor === 'mariadb' && verb === 'SELECT';
  return runs && decodeErr(payload).errno === raisedByProgram
    ? { kind: 'known', rows: 0 }
    : { kind: 'kept' };
}

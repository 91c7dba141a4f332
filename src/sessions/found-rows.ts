import type { Flavor } from '../nodes/server-facts.ts';
import { decodeErr } from '../protocol/err-packet.ts';
import type { Terminal } from '../protocol/response-sink.ts';
import { matchedRows } from '../replication/compare-results.ts';
import type { Statement } from '../sql/statement.ts';
import type { HeldReply } from './held-reply.ts';
import { metNoEngine } from './meets-engine.ts';
import type { SessionCore } from './session-core.ts';

/** What FOUND_ROWS() is after a statement. */
export type FoundRows =
  /** The rows of its answer, if it had any. */
  | { readonly kind: 'counted' }
  /** What it was before. */
  | { readonly kind: 'kept' }
  /** The same, but for what an UPDATE that failed has counted. */
  | { readonly kind: 'settled' }
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
      : { kind: 'settled' };
  }
  if (verb !== 'DO' && kind !== 'set') return { kind: 'counted' };
  if (flavor === 'mariadb') return { kind: tables.length > 0 ? 'asked' : 'kept' };
  return verb === 'DO' ? { kind: 'known', rows: 1 } : { kind: 'kept' };
}

/** ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ER_SIGNAL_EXCEPTION, ER_DATA_OUT_OF_RANGE */
const raisedAsItRuns: ReadonlySet<number> = new Set([1366, 1644, 1690]);

/** On MariaDB a SELECT that fails as it runs has found nothing; before, it has not begun. */
function afterError({ verb }: Statement, { payload }: Terminal, flavor: Flavor): FoundRows {
  const runs = flavor === 'mariadb' && (verb === 'SELECT' || verb === 'ANALYZE');
  return runs && raisedAsItRuns.has(decodeErr(payload).errno)
    ? { kind: 'known', rows: 0 }
    : { kind: 'kept' };
}

/** ER_UPDATE_WITHOUT_KEY_IN_SAFE_MODE: found before it runs. */
const inSafeMode = 1175;

const ran = (core: SessionCore, errno: number): boolean =>
  errno !== inSafeMode && !metNoEngine(core, errno);

/** Some writes count as found what they met (seen on the servers). */
export function noteFoundByWrite(
  core: SessionCore,
  { kind, insertSelect, verb }: Statement,
  { ok, error, rows }: Pick<HeldReply, 'ok' | 'error' | 'rows'>,
): void {
  const { diagnostics, lexMode } = core;
  const updates = verb === 'UPDATE' && lexMode.flavor === 'mysql';
  if (updates && error && ran(core, error.errno)) diagnostics.noteFoundLater(0);
  if (!ok) return;
  if (kind === 'write' || kind === 'call') diagnostics.settleFound();
  if (kind === 'call' && rows !== undefined) diagnostics.noteFound(rows);
  else if (insertSelect) diagnostics.noteFound(ok.affectedRows);
  else if (updates) {
    const { affectedRows, info } = ok;
    diagnostics.noteFound(matchedRows({ affectedRows: Number(affectedRows), info }));
  }
}

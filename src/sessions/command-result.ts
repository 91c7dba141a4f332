import type { OkPacket } from '../protocol/ok-packet.ts';
import type { CommandResult } from '../replication/command.ts';
import { matchedRows } from '../replication/compare-results.ts';
import type { Statement } from '../sql/statement.ts';
import type { SessionCore } from './session-core.ts';

/** What the leader answered, as far as followers must answer the same; `ok` undefined: rows. */
export function commandResult(
  core: SessionCore,
  { verb, onDuplicateKey, insertRows }: Statement,
  ok: OkPacket | undefined,
): CommandResult {
  if (!ok) return { affectedRows: 0, insertId: '0', errno: 0, comparable: 'status' };
  const insertId = String(ok.lastInsertId);
  const affectedRows = Number(ok.affectedRows);
  if (verb === 'UPDATE') {
    const rows = matchedRows({ affectedRows, info: ok.info });
    return { affectedRows: rows, insertId, errno: 0, comparable: 'matched' };
  }
  // Unchanged rows of an upsert count only with CLIENT_FOUND_ROWS, which followers have set.
  const changedOne = insertRows === 1 && affectedRows > 0;
  const exact = core.account.foundRows || !onDuplicateKey || changedOne;
  return { affectedRows, insertId, errno: 0, comparable: exact ? 'exact' : 'status' };
}

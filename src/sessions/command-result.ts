import type { OkPacket } from '../protocol/ok-packet.ts';
import type { CommandResult } from '../replication/command.ts';
import { foundByUpsert, matchedRows } from '../replication/compare-results.ts';
import type { Statement } from '../sql/statement.ts';
import type { WriteFacts } from './check-write.ts';
import type { SessionCore } from './session-core.ts';

/** What the leader answered, as far as followers must answer the same; `ok` undefined: rows. */
export function commandResult(
  core: SessionCore,
  { verb, onDuplicateKey, ignore }: Statement,
  { effects }: WriteFacts,
  ok: OkPacket | undefined,
): CommandResult {
  if (!ok) return { affectedRows: 0, insertId: '0', errno: 0, comparable: 'status' };
  const insertId = String(ok.lastInsertId);
  const answer = { affectedRows: Number(ok.affectedRows), info: ok.info };
  if (verb === 'UPDATE') {
    return { affectedRows: matchedRows(answer), insertId, errno: 0, comparable: 'matched' };
  }
  if (!onDuplicateKey || core.account.foundRows) {
    return { affectedRows: answer.affectedRows, insertId, errno: 0, comparable: 'exact' };
  }
  const found = foundByUpsert(answer);
  // Versions of rows are counted too, and what IGNORE leaves alone perhaps.
  if (found === undefined || ignore || effects.targets.some(({ versioned }) => versioned)) {
    return { affectedRows: answer.affectedRows, insertId, errno: 0, comparable: 'status' };
  }
  return { affectedRows: found, insertId, errno: 0, comparable: 'exact' };
}

import type { OkPacket } from '../protocol/ok-packet.ts';
import type { Pins } from '../replication/command.ts';
import { changedRows } from '../replication/compare-results.ts';
import type { Statement } from '../sql/statement.ts';
import type { WriteFacts } from './check-write.ts';

const changesRows = /^(?:INSERT|REPLACE|UPDATE|DELETE|LOAD DATA)$/;

/**
 * Whether the leader says that it has changed no row, where nothing but rows could have changed. A
 * write of which this is known is not logged: what it met on the leader need not be what it would
 * meet on a follower. (Seen on MySQL 9.7.4: an UPDATE that waited at a unique key for another
 * transaction, which gave the key to a row with a smaller primary key, finds neither.) Both
 * servers count a row as changed also where only a version of it was added or a part cut off.
 */
export function changedNothing(
  { verb, returning }: Statement,
  { effects }: WriteFacts,
  pins: Pins,
  ok: OkPacket | undefined,
): boolean {
  if (!ok || returning || !changesRows.test(verb)) return false;
  if (changedRows({ affectedRows: Number(ok.affectedRows), info: ok.info }) > 0) return false;
  // What the session has set for one statement is used up or not; the followers' must be so too.
  const pinned = pins.insertId !== undefined || pins.randSeed1 !== undefined;
  return !pinned && !effects.runsProgram;
}

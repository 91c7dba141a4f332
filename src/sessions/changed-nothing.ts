import type { OkPacket } from '../protocol/ok-packet.ts';
import type { Pins } from '../replication/command.ts';
import { changedRows } from '../replication/compare-results.ts';
import type { Statement } from '../sql/statement.ts';
import type { WriteFacts } from './check-write.ts';

const changesRows = /^(?:INSERT|REPLACE|UPDATE|DELETE|LOAD DATA)$/;

/** A write's answer. */
interface Answered {
  readonly ok: OkPacket | undefined;
  /** How many RETURNING gave. */
  readonly rows?: number | undefined;
}

/**
 * Whether the leader says that it has changed no row, where nothing but rows could have changed. A
 * write of which this is known is not logged: what it met on the leader need not be what it would
 * meet on a follower. (Seen on MySQL 9.7.4: an UPDATE that waited at a unique key for another
 * transaction, which gave the key to a row with a smaller primary key, finds neither.)
 *
 * It is not known of upserts of clients with CLIENT_FOUND_ROWS, for which a row that stayed as it
 * was counts like one that was inserted.
 */
export function changedNothing(
  { verb, returning }: Statement,
  { effects }: WriteFacts,
  pins: Pins,
  { ok, rows }: Answered,
): boolean {
  if (!changesRows.test(verb)) return false;
  if (returning) {
    if (rows !== 0) return false;
  } else if (!ok || changedRows({ affectedRows: Number(ok.affectedRows), info: ok.info }) > 0) {
    return false;
  }
  // Seeds that the session has set are used up by it.
  if (pins.randSeed1 !== undefined) return false;
  return !effects.runsProgram && !effects.targets.some(({ versioned }) => versioned);
}

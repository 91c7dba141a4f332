import type { OkPacket } from '../protocol/ok-packet.ts';
import type { Statement } from '../sql/statement.ts';
import type { HeldReply } from './held-reply.ts';

type Inserting = Pick<Statement, 'verb' | 'ignore' | 'onDuplicateKey' | 'insertSelect'>;

/**
 * A server tells of a single row that INSERT or REPLACE … SELECT has found, but not of a single one
 * of VALUES, as which such a row may have reached it. Source: `sql_insert.cc` of both.
 */
export function tellOneRecord(statement: Inserting, reply: HeldReply): void {
  const { ok } = reply;
  if (statement.insertSelect && ok?.info === '') reply.amend({ info: oneRecord(statement, ok) });
}

function oneRecord(
  { verb, ignore, onDuplicateKey }: Inserting,
  { affectedRows, warnings }: OkPacket,
): string {
  const affected = Number(affectedRows);
  let duplicates = 0;
  if (verb === 'REPLACE') duplicates = affected - 1;
  // Those that took no effect, whatever became of the others.
  else if (ignore) duplicates = affected === 0 ? 1 : 0;
  // An update counts as two rows.
  else if (onDuplicateKey) duplicates = affected === 2 ? 1 : 0;
  return `Records: 1  Duplicates: ${duplicates}  Warnings: ${warnings}`;
}

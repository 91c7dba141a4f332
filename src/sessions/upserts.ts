import type { TableInfo, UniqueKey } from '../nodes/table-info.ts';
import type { OkPacket } from '../protocol/ok-packet.ts';
import { type KeyPremise, tableKey } from '../replication/table-changes.ts';
import { insertShape } from '../sql/insert-shape.ts';
import { lowerName } from '../sql/lower-name.ts';
import type { Statement } from '../sql/statement.ts';
import { rowWriteShape } from '../sql/write-shape.ts';
import type { WrittenTables } from './cache/written-tables.ts';
import type { WriteFacts } from './check-write.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteEffects } from './write-effects.ts';
import type { WriteRequest } from './write-request.ts';

/*
 * INSERT … ON DUPLICATE KEY UPDATE changes the row that it meets in the first unique key that
 * meets any. On MariaDB a row that met none in one key and one in a later key leaves no lock on
 * the place that it had in the first, so that another transaction may take that place and be
 * logged before: a follower would meet that row, and change it instead. (Seen on 10.11.19. MySQL
 * makes the lock explicit before it undoes the insert, `row_convert_impl_to_expl_if_needed` in
 * `storage/innobase/row/row0undo.cc`.) So on the leader such a statement also tells whether it met
 * a row in a later key. If so, it is only logged if no row of the table has got a key since it
 * ran, and else runs again.
 */

/** Tables in which rows are met by several keys; undefined where it may be any. */
export interface Upserted {
  readonly tables: ReadonlySet<string> | undefined;
}

/** Undefined: there is nothing to presume. */
export function upsertedBy(
  { lexMode }: SessionCore,
  statement: Statement,
  { targets, upserted }: WriteEffects,
): Upserted | undefined {
  if (lexMode.flavor !== 'mariadb') return undefined;
  const own = statement.onDuplicateKey
    ? targets.filter((target) => meetingKeys(statement, target, targets).length > 1)
    : [];
  const tables = new Set<string>();
  for (const { schema, name } of [...own, ...upserted]) {
    const key = tableKey(schema, name);
    if (key === undefined) return { tables: undefined };
    tables.add(key);
  }
  return tables.size > 0 ? { tables } : undefined;
}

/** Keys of the table in which its rows may meet others. */
export function meetingKeys(
  { insertColumns }: Statement,
  { uniqueKeys, triggers }: TableInfo,
  targets: readonly TableInfo[],
): readonly UniqueKey[] {
  // A view's columns may have other names, and a trigger gives values to any.
  const direct = targets.length === 1 && triggers.every(({ event }) => event !== 'INSERT');
  const given = direct && insertColumns ? new Set(insertColumns.map(lowerName)) : undefined;
  return uniqueKeys.filter((key) => mayMeet(key, given));
}

const mayMeet = ({ parts, computed }: UniqueKey, given: ReadonlySet<string> | undefined): boolean =>
  given === undefined ||
  computed ||
  parts.every(({ column, freeWithout }) => !freeWithout || given.has(column));

/** What an upsert that is about to run takes for granted from then on. */
export const presume = (
  { context: { sequencer } }: SessionCore,
  { upserted }: WriteFacts,
): KeyPremise | undefined => upserted && sequencer.presume(upserted.tables);

/** Whether it turned out to need nothing: a row that was inserted holds its place in every key. */
export function onlyInserted(
  { account }: SessionCore,
  { onDuplicateKey, insertRows }: Statement,
  { effects }: WriteFacts,
  ok: OkPacket | undefined,
): boolean {
  if (!onDuplicateKey || insertRows !== 1 || effects.upserted.length > 0) return false;
  // With CLIENT_FOUND_ROWS a row that was met and stayed as it was counts as well.
  return !account.foundRows && Number(ok?.affectedRows) === 1;
}

/** Of the tables that a write changes, those in which it may give rows a unique key. */
export function keyedBy(
  core: SessionCore,
  { statement, sql }: WriteRequest,
  { targets, runsProgram }: WriteEffects,
  { tables }: WrittenTables,
): ReadonlySet<string> {
  const [target, other] = targets;
  if (tables.size !== 1 || runsProgram || !target || other) return tables;
  // Of those with one key nobody takes anything for granted.
  if (target.uniqueKeys.length < 2 || core.lexMode.flavor !== 'mariadb') return tables;
  if (statement.verb !== 'UPDATE' && statement.verb !== 'DELETE') return tables;
  // Without a shape is also what inserts: DELETE … FOR PORTION OF.
  const shape = rowWriteShape(sql, core.lexMode);
  return shape && !assignsKey(target, shape.assigned) ? none : tables;
}

const none: ReadonlySet<string> = new Set();

/** The same of an upsert of one row once it has its answer: that it changed a row. */
export function keyedByUpsert(
  core: SessionCore,
  { statement, sql }: Pick<WriteRequest, 'statement' | 'sql'>,
  { effects: { targets, runsProgram }, written }: WriteFacts,
  ok: OkPacket | undefined,
): WrittenTables | undefined {
  const [target, other] = targets;
  const one = statement.onDuplicateKey && statement.insertRows === 1;
  if (!one || Number(ok?.affectedRows) !== 2 || !written || written.tables.size !== 1)
    return written;
  if (runsProgram || !target || other) return written;
  const shape = insertShape(sql, core.lexMode);
  return shape && !assignsKey(target, shape.tailAssigned) ? { ...written, keyed: none } : written;
}

const assignsKey = ({ uniqueKeys }: TableInfo, assigned: readonly string[]): boolean =>
  uniqueKeys.some(
    ({ parts, computed }) => computed || parts.some(({ column }) => assigned.includes(column)),
  );

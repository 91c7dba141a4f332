import type { TableInfo, UniqueKey } from '../nodes/table-info.ts';
import { NodeQueryError } from '../nodes/query-rows.ts';
import type { KeyPremise } from '../replication/table-changes.ts';
import { type InsertShape, insertShape } from '../sql/insert-shape.ts';
import { lowerName } from '../sql/lower-name.ts';
import { inCharset } from '../sql/name-charset.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { renderWithParameters } from '../sql/render-parameters.ts';
import type { WriteFacts } from './check-write.ts';
import type { LeaderLane } from './leader-lane.ts';
import type { SessionCore } from './session-core.ts';
import { isStrict } from './strict-mode.ts';
import type { WriteRequest } from './write-request.ts';

/** More are not named in one statement. */
const rowsMax = 1_000;
const deadlockState = '40001';

/**
 * Behind an upsert in a transaction: locks the places that its rows would have taken in the unique
 * keys, as MySQL does by itself, so that nobody takes them until it ends. Returns what is to be
 * presumed still: nothing if the places could be told from the text, and nobody was there first.
 */
export async function holdPlaces(
  core: SessionCore,
  write: WriteRequest,
  facts: WriteFacts,
  { premise, lane }: { readonly premise: KeyPremise; readonly lane: LeaderLane },
): Promise<KeyPremise | undefined> {
  const queries = queriesFor(core, write, facts);
  if (!queries) return premise;
  const { connection } = lane;
  for (const sql of queries) {
    const [answer] = await core.running.during(connection, () => connection.outcomes(sql));
    if (answer?.kind !== 'err') continue;
    // One that waited too long has locked nothing; a deadlock has ended the transaction.
    if (await lane.stillOpen()) return premise;
    throw new NodeQueryError(answer.errno, deadlockState, answer.message);
  }
  return core.context.sequencer.stillHolds(premise) ? undefined : premise;
}

/** Undefined where only the server knows the places. */
function queriesFor(
  core: SessionCore,
  { statement, sql, parameters }: WriteRequest,
  { effects, way }: WriteFacts,
): string[] | undefined {
  const { targets, upserted, runsProgram } = effects;
  const [target, other] = targets;
  const plain = statement.insertRows !== null && statement.insertRows <= rowsMax;
  if (!plain || way !== 'as_is' || !target || other || target.view) return undefined;
  // Who is not strict may store something else than is written.
  if (upserted.length > 0 || runsProgram || !isStrict(core)) return undefined;
  const text =
    parameters.length === 0
      ? sql
      : renderWithParameters(sql, statement.parameterOffsets, parameters);
  const shape = insertShape(text, core.lexMode);
  const rows = shape && rowsOf(shape, text, target);
  if (!rows) return undefined;
  const queries = earlierKeys(target).map((key) => queryFor(core, target, key, rows));
  return queries.every((query) => query !== undefined) ? queries.filter(Boolean) : undefined;
}

/** Those that are looked into before another one: which are, but the primary key, is not known. */
const earlierKeys = ({ uniqueKeys }: TableInfo): readonly UniqueKey[] =>
  uniqueKeys.length === 2 && uniqueKeys[0]?.name === 'PRIMARY'
    ? uniqueKeys.slice(0, 1)
    : uniqueKeys;

/** The text of each value, by its column. */
function rowsOf(
  { columns: listed, rows, setValues }: InsertShape,
  text: string,
  target: TableInfo,
): ReadonlyMap<string, string>[] | undefined {
  const all = setValues.length > 0 ? [setValues] : rows.map(({ values }) => values);
  const columns = listed ?? target.columns;
  // Of invisible ones there are more columns than values.
  if (all.some((values) => values.length !== columns.length)) return undefined;
  return all.map(
    (values) =>
      new Map(
        values.map(({ start, end }, at) => [
          lowerName(columns[at] ?? ''),
          text.slice(start, end).trim(),
        ]),
      ),
  );
}

/** '' where no row has a place in the key; undefined where that is not known. */
function queryFor(
  core: SessionCore,
  { schema, name }: TableInfo,
  { name: key, parts, computed }: UniqueKey,
  rows: readonly ReadonlyMap<string, string>[],
): string | undefined {
  if (computed) return undefined;
  const named = (one: string): string => inCharset(quoteIdentifier(one), core.lexMode.charset);
  const places: string[] = [];
  for (const row of rows) {
    const equal: string[] = [];
    let free = false;
    for (const { column, freeWithout, literal } of parts) {
      const value = row.get(column);
      if (value === undefined ? freeWithout : /^NULL$/i.test(value)) free = true;
      else if (literal && value !== undefined && literals[literal].test(value)) {
        equal.push(`${named(column)}=${value}`);
      } else return undefined;
    }
    if (!free) places.push(equal.length > 1 ? `(${equal.join(' AND ')})` : equal.join(''));
  }
  if (places.length === 0) return '';
  const table = `${named(schema)}.${named(name)} FORCE INDEX (${named(key)})`;
  return `SELECT COUNT(*) FROM ${table} WHERE ${places.join(' OR ')} FOR UPDATE`;
}

/** Text without escapes, which mean the same in every sql_mode. */
const literals = {
  integer: /^-?\d+(?:e\+?\d+)?$/i,
  text: /^'(?:[^'\\]|'')*'$/,
} as const;

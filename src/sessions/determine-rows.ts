import type { TableInfo, UnstableDefault } from '../nodes/table-info.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import { type InsertRow, type InsertShape, insertShape } from '../sql/insert-shape.ts';
import { inCharset } from '../sql/name-charset.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { replaceSpans, type SpanReplacement } from '../sql/replace-spans.ts';
import { unsafe } from './check-write.ts';
import type { Rewriting, Rewritten } from './determine-write.ts';
import { refuseWriting, selectForWrite } from './select-for-write.ts';
import type { SessionCore } from './session-core.ts';
import { lowerName } from '../sql/lower-name.ts';

const metadataSchemas = /^(?:information_schema|performance_schema|mysql|sys)$/i;

/**
 * INSERT … SELECT as INSERT … VALUES of the rows that the leader selects. Where the query allows
 * it, the rows are locked as the statement itself would lock them.
 */
export async function determineRows(rewriting: Rewriting): Promise<Rewritten> {
  const { core, sql, write } = rewriting;
  const shape = insertShape(sql, core.lexMode);
  if (!shape?.query) throw unknownForm(rewriting);
  const { statement } = write;
  refuseForeignTail(rewriting, shape);
  const query = sql.slice(shape.query.start, shape.query.end);
  await refuseWriting(rewriting, query);
  if (statement.onDuplicateKey) await refuseUnclearNames(rewriting);
  const locks =
    shape.queryLockable &&
    !statement.tables.some(({ schema }) => metadataSchemas.test(schema ?? ''));
  const { rows, columns } = await selectForWrite(
    rewriting,
    locks ? `${query} LOCK IN SHARE MODE` : query,
  );
  const head = sql.slice(0, shape.query.start);
  if (rows.length === 0) {
    return { sql: head + noRows(columns) + tailOf(shape), changesNothing: true };
  }
  const values = rows.map((row) => `(${row.join(',')})`).join(',');
  const text = `${head}VALUES ${values}${tailOf(shape)}`;
  return { sql: await addDefaults({ ...rewriting, sql: text }), changesNothing: false };
}

/** As many columns and no row. */
const noRows = (columns: number): string =>
  `SELECT ${Array.from({ length: columns }, () => 'NULL').join(',')} ` +
  'FROM (SELECT 1) AS nothing WHERE 1=0';

const tailOf = ({ tail }: InsertShape): string => (tail === '' ? '' : ` ${tail}`);

/** ON DUPLICATE KEY UPDATE may name the tables selected from, which are gone in VALUES. */
function refuseForeignTail({ write, facts }: Rewriting, shape: InsertShape): void {
  const targets = new Set(facts.effects.targets.map(({ name }) => lowerName(name)));
  const foreign = shape.tailQualifiers.find((name) => !targets.has(name));
  if (foreign === undefined) return;
  throw unsafe(
    `ON DUPLICATE KEY UPDATE of this ${write.statement.verb} … SELECT reads ${foreign}, ` +
      'whose rows come in no fixed order',
    'use VALUES(column) instead of naming the selected table',
  );
}

const unclear: ReadonlySet<number> = new Set([1052, 1054]);

/** With the query go the names that are ambiguous beside it. */
async function refuseUnclearNames({ connection, sql }: Rewriting): Promise<void> {
  try {
    await queryRows(connection, `EXPLAIN ${sql}`, { latin1: true });
  } catch (error) {
    // Others the statement itself meets, or they are of EXPLAIN.
    if (!(error instanceof NodeQueryError) || unclear.has(error.errno)) throw error;
  }
}

function unknownForm({ write }: Rewriting): Error {
  return unsafe(
    `this form of ${write.statement.verb} would give a different result on every node`,
    'SELECT the rows first and insert them as values',
  );
}

/** Writes out column defaults that differ on every node: UUID(), RAND(), NEXTVAL(s). */
export async function addDefaults(rewriting: Rewriting): Promise<string> {
  const { core, sql, facts } = rewriting;
  const target = facts.effects.targets.find(({ unstableDefaults }) => unstableDefaults.length > 0);
  if (!target) return sql;
  const shape = insertShape(sql, core.lexMode);
  if (!shape || shape.query || facts.effects.targets.length > 1) throw unknownForm(rewriting);
  if (shape.tailHasDefault || core.analyse(sql).functions.has('DEFAULT')) {
    throw unsafe('DEFAULT differs on every node here', 'write the value out');
  }
  const rows = shape.rows.length > 0 ? shape.rows.length : 1;
  const values = await defaultsOf(rewriting, target, rows);
  return replaceSpans(sql, defaultSpans(core, shape, target, values));
}

async function defaultsOf(
  rewriting: Rewriting,
  { unstableDefaults }: TableInfo,
  rows: number,
): Promise<(readonly string[])[]> {
  const expressions = unstableDefaults.map(({ expression }) => `(${plain(expression)})`).join(',');
  const values: (readonly string[])[] = [];
  while (values.length < rows) {
    const count = Math.min(500, rows - values.length);
    const selects = Array.from({ length: count }, () => `SELECT ${expressions}`);
    const found = await selectForWrite(rewriting, selects.join(' UNION ALL '));
    values.push(...found.rows);
  }
  return values;
}

/** MySQL's catalogue shows quotes inside an expression with a backslash. */
const plain = (expression: string): string => expression.replaceAll("\\'", "'");

function defaultSpans(
  { lexMode }: SessionCore,
  shape: InsertShape,
  target: TableInfo,
  values: readonly (readonly string[])[],
): SpanReplacement[] {
  const spans: SpanReplacement[] = [];
  const rows: readonly Pick<InsertRow, 'close' | 'values'>[] =
    shape.setEnd === undefined ? shape.rows : [{ close: 0, values: shape.setValues }];
  const empty = shape.columns === undefined && rows.every((row) => row.values.length === 0);
  const listed = shape.columns ?? (empty ? [] : target.columns);
  const names = listed.map(lowerName);
  const missing: [UnstableDefault, number][] = [];
  for (const [index, unstable] of target.unstableDefaults.entries()) {
    const at = names.indexOf(lowerName(unstable.column));
    if (at < 0) {
      missing.push([unstable, index]);
      continue;
    }
    for (const [row, { values: given }] of rows.entries()) {
      const value = given[at];
      if (value?.isDefault) spans.push({ ...value, text: values[row]?.[index] ?? 'NULL' });
    }
  }
  if (missing.length === 0) return spans;
  const columns = missing.map(([{ column }]) =>
    inCharset(quoteIdentifier(column), lexMode.charset),
  );
  const literals = (row: number) => missing.map(([, index]) => values[row]?.[index] ?? 'NULL');
  if (shape.setEnd !== undefined) {
    const pairs = columns.map((column, index) => `,${column}=${literals(0)[index]}`).join('');
    spans.push({ start: shape.setEnd, end: shape.setEnd, text: pairs });
    return spans;
  }
  const comma = listed.length === 0 ? '' : ',';
  const columnsAt = shape.columnsClose ?? shape.tableEnd;
  const list = `${comma}${columns.join(',')}`;
  const columnsText = shape.columnsClose === undefined ? ` (${list})` : list;
  spans.push({ start: columnsAt, end: columnsAt, text: columnsText });
  for (const [row, { close }] of rows.entries()) {
    spans.push({ start: close, end: close, text: `${comma}${literals(row).join(',')}` });
  }
  return spans;
}

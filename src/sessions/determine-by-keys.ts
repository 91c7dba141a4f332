import { inCharset } from '../sql/name-charset.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { replaceSpans, type SpanReplacement } from '../sql/replace-spans.ts';
import { type RowWriteShape, rowWriteShape, type Span } from '../sql/write-shape.ts';
import { sequenceUses } from '../sql/sequence-uses.ts';
import { isTemporary, refusal, unsafe } from './check-write.ts';
import type { Rewriting, Rewritten } from './determine-write.ts';
import { selectForWrite } from './select-for-write.ts';
import { lowerName } from '../sql/lower-name.ts';

const keysMax = 50_000;
/** With a value for each row in the text, which the server looks for one by one. */
const keysWithValuesMax = 2_000;

/**
 * UPDATE or DELETE of the rows that the leader chose, named by their key. The rows are locked
 * while they are chosen, so that nothing comes between. A value that differs from row to row
 * (UUID() in SET) becomes a CASE over the key.
 */
export async function determineByKeys(rewriting: Rewriting): Promise<Rewritten> {
  const { core, sql, facts, write } = rewriting;
  const { verb } = write.statement;
  const shape = rowWriteShape(sql, core.lexMode);
  const [target, ...others] = facts.effects.targets;
  if (!shape || !target || others.length > 0 || target.view) throw notOneTable(rewriting);
  if (target.uniqueKey.length === 0) {
    throw unsafe(
      `${verb} chooses rows of ${target.name}, which has no key to name them by`,
      'give the table a primary key',
    );
  }
  if (shape.hasDefault && target.unstableDefaults.length > 0) {
    throw unsafe(`DEFAULT in ${verb} differs on every node`, 'write the value out');
  }
  const places = placesOf(rewriting, shape);
  const { charset } = core.lexMode;
  const key = target.uniqueKey.map((name) => inCharset(quoteIdentifier(name), charset));
  if (places.length > 0 && target.uniqueKey.some((name) => assigns(shape, name))) {
    throw unsafe(
      `${verb} changes the key and computes a value that differs on every node`,
      'do it in two statements',
    );
  }
  const text = ({ start, end }: Span): string => sql.slice(start, end);
  const rest = [shape.where, shape.orderBy, shape.limit].flatMap((part) =>
    part ? [text(part)] : [],
  );
  const wanted = [...key, ...places.map((place) => `(${text(place)})`)];
  const { rows } = await selectForWrite(
    rewriting,
    `SELECT ${wanted.join(',')} FROM ${text(shape.table)} ${rest.join(' ')} FOR UPDATE`,
  );
  const max = places.length > 0 ? keysWithValuesMax : keysMax;
  if (rows.length > max) {
    throw unsafe(
      `${verb} chooses ${rows.length} rows, and each must be named (at most ${max})`,
      'run it in smaller parts, for example by ranges of the primary key',
    );
  }
  return { sql: byKeys({ sql, shape, key, places, rows }), changesNothing: rows.length === 0 };
}

const assigns = (shape: RowWriteShape, name: string): boolean =>
  shape.assigned.includes(lowerName(name));

function notOneTable({ write }: Rewriting): Error {
  const item = write.statement.unsafe.find(({ literalSafe }) => !literalSafe);
  if (item) return refusal(item, write.statement);
  return unsafe(
    `${write.statement.verb} of several tables, or through a view, chooses rows or values that ` +
      'differ on every node',
    'SELECT the keys first and name them in a statement for one table',
  );
}

/** Parts of SET that differ from row to row. */
function placesOf(rewriting: Rewriting, shape: RowWriteShape): Span[] {
  const { core, sql, facts } = rewriting;
  const { set } = shape;
  if (!set) return [];
  const statement = core.analyse(sql);
  const readsMore =
    facts.effects.unsafeViews.length > 0 ||
    statement.tables.some((table) => isTemporary(core, table));
  const spans: Span[] = [...shape.randCalls];
  for (const item of statement.unsafe) if (!item.literalSafe) spans.push(item);
  if (statement.usesSequence) spans.push(...sequenceUses(sql, core.lexMode));
  const widened = spans.map(
    (span) =>
      shape.queries.find(({ start, end }) => start <= span.start && span.end <= end) ?? span,
  );
  if (readsMore) widened.push(...shape.queries);
  return widened
    .filter(({ start, end }) => set.start <= start && end <= set.end)
    .toSorted((a, b) => a.start - b.start || b.end - a.end)
    .filter((span, index, all) => !all.slice(0, index).some((other) => span.end <= other.end));
}

interface ByKeys {
  readonly sql: string;
  readonly shape: RowWriteShape;
  readonly key: readonly string[];
  readonly places: readonly Span[];
  /** The key's literals, then one for each place. */
  readonly rows: readonly (readonly string[])[];
}

function byKeys({ sql, shape, key, places, rows }: ByKeys): string {
  const single = key.length === 1;
  const name = single ? key[0] : `(${key.join(',')})`;
  const keyOf = (row: readonly string[]): string => {
    const values = row.slice(0, key.length).join(',');
    return single ? values : `(${values})`;
  };
  const replacements: SpanReplacement[] = places.map((place, index) => {
    const cases = rows.map((row) => `WHEN ${name}=${keyOf(row)} THEN ${row[key.length + index]}`);
    const text = cases.length === 0 ? ' NULL ' : ` (CASE ${cases.join(' ')} END) `;
    return { ...place, text };
  });
  const parts = [shape.where, shape.orderBy, shape.limit, shape.returning];
  const end = Math.min(sql.length, ...parts.map((part) => part?.start ?? sql.length));
  const head = replaceSpans(sql.slice(0, end), replacements);
  const where = rows.length === 0 ? '1=0' : `${name} IN (${rows.map(keyOf).join(',')})`;
  const order = shape.orderBy ? sql.slice(shape.orderBy.start, shape.orderBy.end) : '';
  const byKey = ` ORDER BY ${key.join(',')}`;
  const keepOrder = order !== '' && !/\bRAND\s*\(|\bUUID\s*\(/i.test(order);
  const returning = shape.returning ? sql.slice(shape.returning.start, shape.returning.end) : '';
  return `${head} WHERE ${where} ${keepOrder ? order : byKey} ${returning}`.trimEnd();
}

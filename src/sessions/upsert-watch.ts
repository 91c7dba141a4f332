import { assert } from '../base/assert.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import type { UniqueKey } from '../nodes/table-info.ts';
import { insertShape } from '../sql/insert-shape.ts';
import { inCharset } from '../sql/name-charset.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import type { WriteFacts } from './check-write.ts';
import { asText, flatten } from './determine-write.ts';
import type { NodeRequest } from './node-request.ts';
import type { SessionCore } from './session-core.ts';
import { meetingKeys } from './upserts.ts';
import type { WriteRequest } from './write-request.ts';

/** How the leader is made to tell whether an upsert met a row in a later key. */
export interface UpsertWatch {
  /** An assignment that changes nothing, to stand before all others. */
  readonly assignment: string;
  /** What the variable has afterwards if so. */
  readonly token: string;
}

const variable = '@lockstep_met';
const tokenMax = 2 ** 48;
/** A text that is longer might become too long for a packet. */
const textBytesMax = 1024 * 1024;

/** Undefined where it cannot tell: through views, in programs, for keys that are computed. */
export function watchOf(
  core: SessionCore,
  { statement, sql }: WriteRequest,
  { effects, upserted }: WriteFacts,
): UpsertWatch | undefined {
  const [target, other] = effects.targets;
  if (!upserted || !target || other || effects.upserted.length > 0) return undefined;
  if (statement.insertSelect || sql.length > textBytesMax) return undefined;
  const keys = meetingKeys(statement, target, effects.targets);
  const [first] = keys;
  // The primary key is looked into first. Of others the order is not known: all must be the same.
  const telling = first?.name === 'PRIMARY' ? [first] : keys;
  if (telling.length === 0 || telling.some(({ computed }) => computed)) return undefined;
  const named = (name: string): string => inCharset(quoteIdentifier(name), core.lexMode.charset);
  const same = columnsOf(telling).map((name) => `VALUES(${named(name)})<=>${named(name)}`);
  const token = String(Math.floor(core.context.random() * tokenMax));
  const part = telling[0]?.parts.find(({ plain }) => plain);
  if (!part || insertShape(sql, core.lexMode)?.updateAt === undefined) return undefined;
  // Of a whole number or a text: a TIMESTAMP, for one, might become another hour.
  const own = named(part.column);
  const note = `IF(${same.join(' AND ')},0,${variable}:=${token})`;
  return { assignment: `${own}=IF(${note} IS NULL,${own},${own})`, token };
}

const columnsOf = (keys: readonly UniqueKey[]): string[] =>
  keys.flatMap(({ parts }) => parts.map(({ column }) => column));

/** The statement as the leader gets it. Followers get it as it was. */
export function watchedRequest(
  core: SessionCore,
  write: WriteRequest,
  watch: UpsertWatch | undefined,
): NodeRequest {
  if (!watch) return write.request;
  const text = flatten(write);
  const at = insertShape(text, core.lexMode)?.updateAt;
  assert(at !== undefined, 'a rewritten statement has the parts that it had');
  return asText(write, `${text.slice(0, at)} ${watch.assignment}, ${text.slice(at)}`).request;
}

/** Whether it met a row in a later key; also where that could not be told. */
export async function metLater(
  connection: NodeConnection,
  watch: UpsertWatch | undefined,
): Promise<boolean> {
  if (!watch) return true;
  const [answer] = await connection.query(`SELECT ${variable} LIMIT 1`);
  const row = answer?.kind === 'rows' ? answer.rows[0] : undefined;
  return !row || row[0] === watch.token;
}

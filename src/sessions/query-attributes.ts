import { queryRows } from '../nodes/query-rows.ts';
import type { BinaryValue, DateTimeValue, TimeValue } from '../protocol/binary-value.ts';
import { ColumnType } from '../protocol/column-definition.ts';
import type { QueryAttribute } from '../protocol/query-attributes.ts';
import { literalOf } from '../sql/literal-of.ts';
import { replaceQueryAttributes } from '../sql/query-attributes.ts';
import type { SessionCore } from './session-core.ts';
import { withConnection } from './with-connection.ts';
import type { WriteRequest } from './write-request.ts';

/**
 * The statement with the values of its client's query attributes written into it where it asks for
 * them. Nodes are sent no attributes: so a write computes the same on each.
 */
export async function tellAttributes(
  core: SessionCore,
  write: WriteRequest,
): Promise<WriteRequest> {
  const { attributes = [] } = write;
  if (attributes.length === 0) return write;
  const sql = replaceQueryAttributes(write.sql, core.lexMode, (name) =>
    literalFor(
      core,
      attributes.find((one) => one.name === name),
    ),
  );
  if (sql === write.sql) return write;
  // A server without the component says that there is no such function.
  await withConnection(core, (connection) =>
    queryRows(connection, "SELECT mysql_query_attribute_string('')"),
  );
  return { ...write, sql, statement: core.analyse(sql), request: write.request.withText(sql) };
}

/** As the function gives it, which is always a text. */
function literalFor(core: SessionCore, attribute: QueryAttribute | undefined): string {
  if (!attribute || attribute.value === null) return 'NULL';
  const charset = core.state.carried.settings.get('character_set_client') ?? 'utf8mb4';
  const value = textOf(attribute.value);
  return literalOf(
    { type: ColumnType.VAR_STRING, unsigned: false, value },
    {
      charset: charset.replaceAll("'", ''),
      noBackslashEscapes: core.lexMode.noBackslashEscapes,
    },
  );
}

function textOf(value: Exclude<BinaryValue, null>): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (typeof value !== 'object') return Buffer.from(value.toString());
  return Buffer.from(value.kind === 'time' ? timeText(value) : dateTimeText(value));
}

const two = (value: number): string => value.toString().padStart(2, '0');
const six = (value: number): string => value.toString().padStart(6, '0');

/** With microseconds, as the function has it (seen with MySQL 9.7). */
function timeText({ negative, days, hours, minutes, seconds, microseconds }: TimeValue): string {
  const sign = negative ? '-' : '';
  return `${sign}${two(days * 24 + hours)}:${two(minutes)}:${two(seconds)}.${six(microseconds)}`;
}

function dateTimeText({ year, month, day, ...time }: DateTimeValue): string {
  const date = `${year.toString().padStart(4, '0')}-${two(month)}-${two(day)}`;
  const { hour, minute, second, microsecond } = time;
  return `${date} ${two(hour)}:${two(minute)}:${two(second)}.${six(microsecond)}`;
}

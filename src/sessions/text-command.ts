import { commandPacket } from '../nodes/node-connection.ts';
import { CommandByte } from '../protocol/commands.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import type { QueryAttribute } from '../protocol/query-attributes.ts';
import { replaceConnectionId } from '../sql/connection-id.ts';
import { commentBehind, splitStatements } from '../sql/split-statements.ts';
import { plainRequest } from './node-request.ts';
import type { SessionCore } from './session-core.ts';
import { syntaxError } from './syntax-error.ts';
import type { WriteRequest } from './write-request.ts';

/** The statements of a COM_QUERY's text; `several`: it may hold more than one. */
export function splitText(core: SessionCore, sql: string, several: boolean): string[] {
  if (!sql.includes(';')) return [sql];
  const spans = splitStatements(sql, core.lexMode);
  const [, second] = spans;
  if (second && !several) throw syntaxError(sql, second.start, core.lexMode.flavor);
  const texts = spans.map((span) => sql.slice(span.start, span.end));
  return texts.concat(several ? commentBehind(sql, spans, core.lexMode) : []);
}

/** The client's own packet where the statement is all of it, else one of our making. */
export function textRequest(
  core: SessionCore,
  text: string,
  command: { readonly payload: Buffer; readonly attributes: readonly QueryAttribute[] },
): WriteRequest {
  const { payload, attributes } = command;
  const sql = replaceConnectionId(text, core.lexMode, core.id);
  const statement = core.analyse(sql);
  const whole = sql === text && sql.length === payload.length - 1;
  const packet = whole
    ? encodePacket(payload, 0)
    : commandPacket(CommandByte.QUERY, Buffer.from(sql, 'latin1'));
  return { statement, sql, parameters: [], request: plainRequest(packet), attributes };
}

import { commandPacket } from '../nodes/node-connection.ts';
import { NodeQueryError } from '../nodes/query-rows.ts';
import { CommandByte } from '../protocol/commands.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import { malformed, PayloadReader } from '../protocol/packet-reader.ts';
import type { Answer } from './answer.ts';
import { plainRequest } from './node-request.ts';
import { read } from './read-path.ts';
import type { SessionCore } from './session-core.ts';
import { readInTransaction } from './transaction-path.ts';

/**
 * COM_STATISTICS: one packet of plain text, here of Lockstep itself, in the words that clients show
 * and scripts look for. Source: page "COM_STATISTICS"; MySQL `sql/sql_parse.cc`.
 */
export function statistics({ sessions, context }: SessionCore): Buffer {
  const uptimeS = Math.max(1, Math.floor((context.clock.nowMs() - sessions.sinceMs) / 1000));
  const average = (sessions.commands / uptimeS).toFixed(3);
  return Buffer.from(
    `Uptime: ${uptimeS}  Threads: ${sessions.size}  Questions: ${sessions.commands}  ` +
      `Slow queries: 0  Opens: 0  Open tables: 0  Queries per second avg: ${average}`,
    'latin1',
  );
}

/**
 * COM_FIELD_LIST: table 00 wildcard. Answered with definitions up to an EOF, as a node has them.
 * Source: page "COM_FIELD_LIST".
 */
export function fieldList(core: SessionCore, payload: Buffer): Promise<Answer> {
  const request = plainRequest(encodePacket(payload, 0), 'field_list');
  const options = { statement: undefined, leader: false, stream: true };
  return core.transaction
    ? readInTransaction(core, core.transaction, request, options)
    : read(core, request, options);
}

/**
 * COM_DEBUG: the leader writes what it is at into its own log, if the account has SUPER there, and
 * answers with an EOF. Source: page "COM_DEBUG".
 */
export function debug(core: SessionCore): Promise<Answer> {
  const packet = commandPacket(CommandByte.DEBUG, Buffer.alloc(0));
  const options = { statement: undefined, leader: true, stream: false };
  return read(core, plainRequest(packet, 'simple'), options);
}

/**
 * COM_SET_OPTION: 0 for several statements in a text, 1 for one only. Returns whether several are
 * to be allowed. Source: page "COM_SET_OPTION".
 */
export function multiStatementsOption({ lexMode }: SessionCore, payload: Buffer): boolean {
  if (lexMode.flavor === 'mysql' && payload.length < 3) throw malformed('no option');
  const reader = new PayloadReader(payload, 1);
  const option = reader.remaining >= 2 ? reader.u16() : undefined;
  if (option === 0 || option === 1) return option === 0;
  throw new NodeQueryError(1047, '08S01', 'Unknown command');
}

import type { OkPacket } from '../protocol/ok-packet.ts';
import type { Command, CommandContext } from '../replication/command.ts';
import { callCommand } from './call-path.ts';
import type { WriteFacts } from './check-write.ts';
import { commandResult } from './command-result.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteRequest } from './write-request.ts';

/** The command that repeats it; `ran`: how it was run, and what the leader said. */
export function repeatingCommand(
  core: SessionCore,
  write: WriteRequest,
  facts: WriteFacts,
  ran: Pick<Command, 'sql' | 'parameters' | 'context' | 'pins'> & { ok: OkPacket | undefined },
): Command {
  const { sql, parameters, context, pins, ok } = ran;
  const { statement, file } = write;
  const command: Command = {
    sql,
    parameters,
    parameterOffsets: parameters.length > 0 ? statement.parameterOffsets : [],
    context,
    pins,
    result: commandResult(core, statement, facts, ok),
    file,
  };
  return statement.kind === 'call' ? callCommand(core, command, write) : command;
}

/** A statement of Lockstep's own, of whose answer nothing is expected. */
export const ownCommand = (sql: string, context: CommandContext): Command => ({
  sql,
  parameters: [],
  parameterOffsets: [],
  context,
  pins: {},
  result: { affectedRows: 0, insertId: '0', errno: 0, comparable: 'status' },
});

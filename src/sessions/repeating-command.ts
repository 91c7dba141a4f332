import type { Command, CommandContext, Pins } from '../replication/command.ts';
import { callCommand } from './call-path.ts';
import { commandResult } from './command-result.ts';
import type { HeldReply } from './held-reply.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteRequest } from './write-request.ts';

/** The command that repeats it; `done`: as it was run. */
export function repeatingCommand(
  core: SessionCore,
  write: WriteRequest,
  done: { write: WriteRequest; context: CommandContext; pins: Pins; reply: HeldReply },
): Command {
  const { sql, parameters } = done.write;
  const { statement } = write;
  const command: Command = {
    sql,
    parameters,
    parameterOffsets: parameters.length > 0 ? statement.parameterOffsets : [],
    context: done.context,
    pins: done.pins,
    result: commandResult(core, statement, done.reply.ok),
    file: write.file,
  };
  return statement.kind === 'call' ? callCommand(core, command, write) : command;
}

/** A statement of Lockstep's own, of whose answer nothing is expected. */
export const plainCommand = (sql: string, context: CommandContext): Command => ({
  sql,
  parameters: [],
  parameterOffsets: [],
  context,
  pins: {},
  result: { affectedRows: 0, insertId: '0', errno: 0, comparable: 'status' },
});

import { isoTime } from '../base/clock.ts';
import type { LoggedCommand, LogVerification } from '../http/balancer-control.ts';
import type { LogReport } from '../log/verify-log.ts';
import { renderCommand } from '../replication/apply-batch.ts';
import type { Command } from '../replication/command.ts';
import type { Entry } from '../replication/entry.ts';

/** An entry of the log as people read it. */
export function listEntry(entry: Entry, bytes: number): LoggedCommand {
  return {
    seq: entry.seq,
    at: isoTime(entry.atMs),
    kind: entry.kind,
    commands: entry.commands.map((command) => ({
      sql: readable(renderCommand(command)),
      schema: readable(command.context.schema),
      pins: readablePins(command.pins),
      affectedRows: command.result.affectedRows,
      insertId: command.result.insertId,
      errno: command.result.errno,
    })),
    bytes,
  };
}

/** What a check of the log found, without what is not there. */
export function listReport({ torn, ...report }: LogReport): LogVerification {
  return { ...report, ...(torn === undefined ? {} : { torn }) };
}

/** Text is kept as bytes; nearly always they are UTF-8. */
const readable = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');

function readablePins(pins: Command['pins']): Record<string, string> {
  const { userVariables = [], ...plain } = pins;
  const named = Object.entries(plain).map(([name, value]) => [name, value] as const);
  const variables = userVariables.map(([name, value]) => [`@${name}`, readable(value)] as const);
  return Object.fromEntries([...named, ...variables]);
}

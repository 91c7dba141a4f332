import { seq } from '../../base/brands.ts';
import type { Command, CommandResult } from '../command.ts';
import type { Entry } from '../entry.ts';

const okOnce: CommandResult = {
  affectedRows: 1,
  insertId: '0',
  errno: 0,
  comparable: 'exact',
};

export function commandOf(sql: string, change: Partial<Command> = {}): Command {
  return {
    sql,
    parameters: [],
    parameterOffsets: [],
    context: { schema: 'app', settings: '' },
    pins: {},
    result: okOnce,
    ...change,
  };
}

/** An entry of one epoch with one command for each text. */
export function entryOf(at: number, ...statements: readonly string[]): Entry {
  return {
    seq: seq(at),
    epoch: 1,
    kind: 'transaction',
    atMs: 0,
    lastCommitted: seq(0),
    confirmed: seq(at - 1),
    commands: statements.map((sql) => commandOf(sql)),
  };
}

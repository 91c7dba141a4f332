import type { Command } from 'commander';
import type { LoggedCommand, LogPage, NodeLog } from '../../http/balancer-control.ts';
import { entryText } from '../log-text.ts';
import { integerBetween } from '../parse-number.ts';
import { followFrom, followLog, readLog, readNodeLog } from '../read-log.ts';
import type { Terminal } from '../terminal.ts';
import { addLogVerify } from './log-verify.ts';

interface LogFlags {
  readonly after?: number;
  readonly limit: number;
  readonly tail: boolean;
  readonly json: boolean;
}

const limitDefault = 100;
const limitMax = 100_000;
const anySeq = integerBetween(0, Number.MAX_SAFE_INTEGER);

export function addLog(program: Command, terminal: Terminal, url: () => string): void {
  const log = program
    .command('log [node]')
    .description('the latest commands in the log, or those that a node has not applied yet')
    .option('--after <seq>', 'those behind this entry', anySeq)
    .option(
      '--limit <count>',
      'at most so many; with --tail so many of the latest first',
      integerBetween(1, limitMax),
      limitDefault,
    )
    .option('--tail', 'go on with what comes, until ctrl-C', false)
    .option('--json', 'as JSON; with --tail one object a line', false)
    .action((node: string | undefined, flags: LogFlags) =>
      flags.tail ? tail(url(), node, flags, terminal) : show(url(), node, flags, terminal),
    );
  addLogVerify(log, terminal, url);
}

async function show(
  url: string,
  node: string | undefined,
  { after, limit, json }: LogFlags,
  terminal: Terminal,
): Promise<void> {
  const range = { limit, ...(after === undefined ? {} : { after }) };
  const log = node === undefined ? await readLog(url, range) : await readNodeLog(url, node, range);
  if (json) {
    terminal.say(JSON.stringify(log, null, 2));
    return;
  }
  terminal.say(headOf(log));
  for (const entry of log.entries) terminal.say(entryText(entry, terminal.width));
}

function headOf(log: LogPage | NodeLog): string {
  const shown = shownText(log.entries);
  if (!('node' in log)) {
    const { firstSeq, lastSeq } = log;
    if (firstSeq > lastSeq) return 'the log is empty';
    return `the log holds ${firstSeq} to ${lastSeq}; ${shown}`;
  }
  const { node, position, pending } = log;
  const applied = `${node} has applied everything up to ${position}`;
  return pending === 0
    ? `${applied}; nothing is pending`
    : `${applied}; ${pending} pending; ${shown}`;
}

function shownText(entries: readonly LoggedCommand[]): string {
  const [first, last] = [entries[0]?.seq, entries.at(-1)?.seq];
  return first === undefined ? 'none to show' : `shown: ${first} to ${last}`;
}

/** A node's begins with what it has not applied; all that comes, it will have to apply. */
async function tail(
  url: string,
  node: string | undefined,
  { after, limit, json }: LogFlags,
  terminal: Terminal,
): Promise<void> {
  const ended = terminal.ended?.() ?? new Promise<void>(() => {});
  const from = await followFrom(url, node, { limit, ...(after === undefined ? {} : { after }) });
  await followLog(url, from, {
    ended,
    onEntry: (entry) =>
      terminal.say(json ? JSON.stringify(entry) : entryText(entry, terminal.width)),
    onGap: (first, last) =>
      terminal.complain(`lockstep: the log does not hold ${first} to ${last} any more`),
  });
}

import { setTimeout as delay } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { VerifyReport, VerifyRequest, VerifyStatus } from '../../http/balancer-control.ts';
import { callApi } from '../call-api.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { integerBetween } from '../parse-number.ts';
import type { Terminal } from '../terminal.ts';
import { verifyText } from '../verify-text.ts';

interface VerifyFlags {
  readonly table: readonly string[];
  readonly rows: boolean;
  readonly rate?: number;
  readonly repair: boolean;
  readonly yes: boolean;
  readonly json: boolean;
  readonly last: boolean;
  readonly cancel: boolean;
}

const path = '/verify';
const pollMs = 250;
const sayEveryMs = 5_000;

export function addVerify(program: Command, terminal: Terminal, url: () => string): void {
  const collect = (name: string, names: readonly string[]): string[] => {
    if (!/^.+\..+$/.test(name)) throw new InvalidArgumentError('expected schema.table.');
    return [...names, name];
  };
  program
    .command('verify')
    .description('compare what all nodes hold; exit code 1 when they differ')
    .option('--table <schema.table>', 'only this table; may be given again', collect, [])
    .option('--rows', 'also show which rows differ, the first ones', false)
    .option('--rate <rows>', 'at most so many rows a second', integerBetween(0, 999_999_999))
    .option('--repair', 'replace rows that differ by those that most nodes have', false)
    .option('--yes', 'repair without asking', false)
    .option('--last', 'show the last result, or how far the comparison under way is', false)
    .option('--cancel', 'end the comparison under way', false)
    .option('--json', 'as JSON', false)
    .action(async (flags: VerifyFlags) => {
      if (flags.cancel) return cancel(url(), terminal);
      if (flags.last) return showLast(url(), flags, terminal);
      const report = await verify(url(), flags, terminal);
      show(report, flags, terminal);
    });
}

function show(report: VerifyReport, { json }: VerifyFlags, terminal: Terminal): void {
  terminal.say(json ? JSON.stringify(report, null, 2) : verifyText(report, terminal.width));
  const well = report.equal || report.repaired === true;
  terminal.setExitCode(well ? exitCodes.ok : exitCodes.failed);
}

async function cancel(url: string, terminal: Terminal): Promise<void> {
  const { running } = await callApi<VerifyStatus>(url, { method: 'GET', path });
  await callApi<VerifyStatus>(url, { method: 'DELETE', path });
  terminal.say(running ? 'the comparison was cancelled' : 'no comparison is under way');
}

async function showLast(url: string, flags: VerifyFlags, terminal: Terminal): Promise<void> {
  const status = await callApi<VerifyStatus>(url, { method: 'GET', path });
  if (flags.json) {
    terminal.say(JSON.stringify(status, null, 2));
    return;
  }
  if (status.running) terminal.say(`under way: ${progressText(status.running)}`);
  if (status.nextAt !== undefined) terminal.say(`the next one begins at ${status.nextAt}`);
  const { last } = status;
  if (!last) {
    terminal.say('no comparison has ended yet');
    return;
  }
  terminal.say(`the last one ended at ${last.finishedAt}\n`);
  if (last.report) show(last.report, flags, terminal);
  else throw new CliError(`it ended early: ${last.error ?? 'no reason is known'}`);
}

async function verify(url: string, flags: VerifyFlags, terminal: Terminal): Promise<VerifyReport> {
  const { table: tables, rows, rate, json } = flags;
  const request = { tables, rows, ...(rate === undefined ? {} : { rate }) };
  if (!flags.repair) return run(url, request, json ? undefined : terminal);
  if (flags.yes) return run(url, { ...request, repair: true }, json ? undefined : terminal);
  if (!terminal.ask || json) {
    throw new CliError('a repair changes data, and there is nobody to ask', {
      remedy: 'Run `lockstep verify` to see what differs; add --yes to repair it without asking.',
      exitCode: exitCodes.usage,
    });
  }
  const found = await run(url, request, terminal);
  const repairable = found.tables.filter(({ ranges }) => ranges !== undefined);
  if (found.equal || repairable.length === 0) return found;
  terminal.say(`${verifyText(found, terminal.width)}\n`);
  if (!(await terminal.ask('Replace these rows by those that most nodes have?'))) return found;
  const names = repairable.map((one) => `${one.schema}.${one.table}`);
  return run(url, { ...request, tables: names, repair: true }, terminal);
}

/** Begins a comparison and waits for its end; ending the command does not end it. */
async function run(
  url: string,
  request: VerifyRequest,
  terminal: Terminal | undefined,
): Promise<VerifyReport> {
  const body = { ...request, wait: false };
  let status = await callApi<VerifyStatus>(url, { method: 'POST', path, body });
  const id = status.running?.id ?? status.last?.id;
  for (let waitedMs = 0; status.running && status.running.id === id; waitedMs += pollMs) {
    if (waitedMs > 0 && waitedMs % sayEveryMs === 0) terminal?.say(progressText(status.running));
    await delay(pollMs);
    status = await callApi<VerifyStatus>(url, { method: 'GET', path });
  }
  const { last } = status;
  if (last?.id !== id) throw new CliError('Lockstep was restarted, and the comparison with it');
  if (last?.report) return last.report;
  throw new CliError(last?.error ?? 'the comparison ended early');
}

function progressText(progress: NonNullable<VerifyStatus['running']>): string {
  const { phase, table, tablesDone, tables, rows, differing } = progress;
  if (phase === 'repair') return 'repairing';
  const at = table === '' ? phase : table;
  const differ = differing === 0 ? '' : `, ${differing} differ`;
  return `${at}: ${tablesDone} of ${tables} tables, ${rows} rows${differ}`;
}

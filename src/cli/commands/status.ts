import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { BalancerStatus } from '../../http/balancer-control.ts';
import { callApi } from '../call-api.ts';
import { CliError, describeError, exitCodes } from '../cli-error.ts';
import { integerBetween } from '../parse-number.ts';
import { healthOf, type StatusSample, statusText } from '../status-text.ts';
import type { Terminal } from '../terminal.ts';

interface StatusFlags {
  readonly json: boolean;
  readonly watch: boolean;
  readonly every: number;
}

/** Long enough for rates that mean something, short enough to wait for. */
const sampleMs = 300;

export function addStatus(program: Command, terminal: Terminal, url: () => string): void {
  program
    .command('status')
    .description('how things are; exit code 1 when a node is missing, 3 when something is refused')
    .option('--watch', 'draw it again and again, until ctrl-C', false)
    .option('--every <seconds>', 'with --watch', integerBetween(1, 3600), 1)
    .option('--json', 'as JSON; with --watch one object a line', false)
    .action((flags: StatusFlags) =>
      flags.watch ? watch(url(), flags, terminal) : show(url(), flags, terminal),
    );
}

async function show(url: string, { json }: StatusFlags, terminal: Terminal): Promise<void> {
  const first = await sampleOf(url);
  if (json) {
    terminal.say(JSON.stringify(first.status, null, 2));
    terminal.setExitCode(healthOf(first.status));
    return;
  }
  await delay(sampleMs);
  const now = await sampleOf(url);
  terminal.say(statusText(now, first, terminal));
  terminal.setExitCode(healthOf(now.status));
}

/** A balancer that is gone for a moment is shown as such, and watched further. */
async function watch(url: string, { json, every }: StatusFlags, terminal: Terminal): Promise<void> {
  const stop = new AbortController();
  const ended = terminal.ended?.() ?? new Promise<void>(() => {});
  void ended.then(() => stop.abort());
  const say = terminal.draw ?? terminal.say;
  let before: StatusSample | undefined;
  while (!stop.signal.aborted) {
    try {
      const now = await sampleOf(url);
      if (json) terminal.say(JSON.stringify(now.status));
      else say(statusText(now, before, terminal));
      before = now;
      terminal.setExitCode(healthOf(now.status));
    } catch (error) {
      if (!(error instanceof CliError) || error.exitCode !== exitCodes.unreachable) throw error;
      if (json) terminal.complain(describeError(error).text);
      else say(describeError(error).text);
      terminal.setExitCode(exitCodes.unreachable);
      before = undefined;
    }
    await delay(every * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
  }
}

async function sampleOf(url: string): Promise<StatusSample> {
  const status = await callApi<BalancerStatus>(url, { method: 'GET', path: '/status' });
  // By its clock, so that it does not matter how ours goes.
  return { atMs: Date.parse(status.startedAt) + status.uptimeMs, status };
}

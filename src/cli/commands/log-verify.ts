import { resolve as absolutePath } from 'node:path';
import type { Command } from 'commander';
import { type Clock, systemClock } from '../../base/clock.ts';
import { listReport } from '../../control/log-listing.ts';
import type { LogVerification } from '../../http/balancer-control.ts';
import { holderOf } from '../../log/folder-lock.ts';
import { verifyLog } from '../../log/verify-log.ts';
import { checkRecord } from '../../replication/check-record.ts';
import { callApi } from '../call-api.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { logVerificationText } from '../log-text.ts';
import type { Terminal } from '../terminal.ts';

/** Ten gigabytes take a slow disk more than a minute; the client waits five at most. */
const deadlineMs = 290_000;

interface Flags {
  readonly data?: string;
  readonly json: boolean;
}

export function addLogVerify(log: Command, terminal: Terminal, url: () => string): void {
  log
    .command('verify')
    .description('read the whole log and check it; exit code 1 when it is damaged')
    .option('--data <folder>', 'the folder of a balancer that does not run')
    .option('--json', 'as JSON', false)
    .action(async (_own: Flags, command: Command) => {
      // `log` has --json too, and takes it wherever it stands.
      const { data, json } = command.optsWithGlobals<Flags>();
      const report =
        data === undefined
          ? await callApi<LogVerification>(url(), { ...request, deadlineMs })
          : await verifyAtRest(absolutePath(data), systemClock);
      terminal.say(json ? JSON.stringify(report, null, 2) : logVerificationText(report));
      terminal.setExitCode(report.problems.length === 0 ? exitCodes.ok : exitCodes.failed);
    });
}

const request = { method: 'POST', path: '/log/verify' } as const;

/** Takes no lock, so that a balancer can start meanwhile; what was read then proves nothing. */
async function verifyAtRest(folder: string, clock: Clock): Promise<LogVerification> {
  await refuseHeld(folder, clock);
  const report = await verifyLog(folder, { check: checkRecord });
  await refuseHeld(folder, clock);
  return listReport(report);
}

async function refuseHeld(folder: string, clock: Clock): Promise<void> {
  const holder = await holderOf(folder, clock).catch((cause: Error) => {
    throw new CliError(`${folder} cannot be read: ${cause.message}`, { cause });
  });
  if (holder === undefined) return;
  throw new CliError(`a balancer, process ${holder}, writes to the log in ${folder}`, {
    remedy: 'Let it check the log itself: `lockstep log verify`, with --url but without --data.',
  });
}

import { resolve as absolutePath } from 'node:path';
import type { Command } from 'commander';
import type { LogVerification } from '../../http/balancer-control.ts';
import { callApi } from '../call-api.ts';
import { exitCodes } from '../cli-error.ts';
import { logVerificationText } from '../log-text.ts';
import type { Terminal } from '../terminal.ts';

/** Ten gigabytes take a slow disk more than a minute. */
const deadlineMs = 60 * 60_000;

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
          : await (await import('../verify-at-rest.ts')).verifyAtRest(absolutePath(data));
      terminal.say(json ? JSON.stringify(report, null, 2) : logVerificationText(report));
      terminal.setExitCode(report.problems.length === 0 ? exitCodes.ok : exitCodes.failed);
    });
}

const request = { method: 'POST', path: '/log/verify' } as const;

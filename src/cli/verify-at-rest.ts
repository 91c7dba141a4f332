import { systemClock } from '../base/clock.ts';
import { listReport } from '../control/log-listing.ts';
import type { LogVerification } from '../http/balancer-control.ts';
import { holderOf } from '../log/folder-lock.ts';
import { verifyLog } from '../log/verify-log.ts';
import { checkRecord } from '../replication/check-record.ts';
import { CliError } from './cli-error.ts';

/** Takes no lock, so that a balancer can start meanwhile; what was read then proves nothing. */
export async function verifyAtRest(folder: string): Promise<LogVerification> {
  await refuseHeld(folder);
  const report = await verifyLog(folder, { check: checkRecord });
  await refuseHeld(folder);
  return listReport(report);
}

async function refuseHeld(folder: string): Promise<void> {
  const holder = await holderOf(folder, systemClock).catch((cause: Error) => {
    throw new CliError(`${folder} cannot be read: ${cause.message}`, { cause });
  });
  if (holder === undefined) return;
  throw new CliError(`a balancer, process ${holder}, writes to the log in ${folder}`, {
    remedy: 'Let it check the log itself: `lockstep log verify`, with --url but without --data.',
  });
}

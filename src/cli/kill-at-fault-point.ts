import { type FaultPointName, faultPointNames, faultPoints } from '../base/fault-points.ts';
import { CliError, exitCodes } from './cli-error.ts';

export interface FaultPlace {
  readonly point: FaultPointName;
  /** The process ends the time it is reached for this count, from 1. */
  readonly time: number;
}

/** `commit.durable:3`, or without a count for the first time. */
export function parseFaultPlace(text: string): FaultPlace {
  const [, name, time = '1'] = /^([a-z._]+)(?::([1-9][0-9]{0,8}))?$/.exec(text) ?? [];
  const point = faultPointNames.find((known) => known === name);
  if (point !== undefined) return { point, time: Number(time) };
  throw new CliError(`LOCKSTEP_FAULT_POINT=${text} names no fault point`, {
    remedy: `It is for tests of crashes: unset it, or give one of ${faultPointNames.join(', ')}.`,
    exitCode: exitCodes.usage,
  });
}

/** For tests of crashes: this process dies at that place as by `kill -9`, nothing is closed. */
export function killAtFaultPoint(text: string | undefined): void {
  if (text === undefined || text === '') return;
  const { point, time } = parseFaultPlace(text);
  let times = 0;
  faultPoints.arm((reached) => {
    if (reached === point && ++times === time) process.kill(process.pid, 'SIGKILL');
  });
}

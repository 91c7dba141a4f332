import { accessSync, constants, readFileSync } from 'node:fs';
import type { ProgramCommand } from './engine.ts';

/**
 * A process that cannot be mistaken for another which got the same number later: `startedAt`
 * is the kernel's start time (clock ticks since boot), empty where /proc does not tell it.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** undefined when no such process runs (a zombie does not run any more). */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, but somebody else's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return process.platform === 'linux' ? undefined : { pid, startedAt: '' };
  }
  // proc(5): the second field is the name in parentheses and may itself hold spaces and ')';
  // behind it come the state (3rd field) and, as the 22nd, the start time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return { pid, startedAt: fields[19] ?? '' };
}

export function isSameRunning(wanted: ProcessIdentity): boolean {
  const now = identify(wanted.pid);
  return now !== undefined && now.startedAt === wanted.startedAt;
}

/**
 * The command run so that the kernel kills it when this process ends, however it ends
 * (prctl(2), PR_SET_PDEATHSIG). SIGKILL, because a stopped process never sees SIGTERM; the
 * servers recover from it. Where `setpriv` is missing the command is returned as it is.
 */
export function dyingWithParent(command: ProgramCommand): ProgramCommand {
  for (const file of ['/usr/bin/setpriv', '/bin/setpriv']) {
    try {
      accessSync(file, constants.X_OK);
    } catch {
      continue;
    }
    return { file, argv: ['--pdeathsig', 'KILL', '--', command.file, ...command.argv] };
  }
  return command;
}

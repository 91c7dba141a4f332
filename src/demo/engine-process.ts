import { accessSync, constants, readFileSync, readdirSync } from 'node:fs';
import type { ProgramCommand } from './engine.ts';

/**
 * A process that cannot be mistaken for another which got the same number later: `startedAt`
 * is the kernel's start time (clock ticks since boot), empty where /proc does not tell it.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** undefined when no such process runs; a zombie does not, once its last thread has ended. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, but somebody else's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  if (process.platform !== 'linux') return { pid, startedAt: '' };
  const fields = statFields(`/proc/${pid}/stat`);
  if (fields === undefined) return undefined;
  // A killed process is a zombie already while other threads still hold its files and ports.
  if (fields.state === 'X' || (fields.state === 'Z' && fields.threads <= 1)) return undefined;
  return { pid, startedAt: fields.startedAt };
}

/** True when SIGSTOP has taken effect on every thread, which a moment after `kill` it has not. */
export function isStopped(pid: number): boolean {
  if (process.platform !== 'linux') return true;
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.every((thread) => {
      const state = statFields(`/proc/${pid}/task/${thread}/stat`)?.state;
      return state === undefined || state === 'T' || state === 'Z';
    });
  } catch {
    // It ended; nothing of it moves any more.
    return true;
  }
}

interface StatFields {
  readonly state: string;
  readonly threads: number;
  readonly startedAt: string;
}

/**
 * proc(5): the second field is the name in parentheses and may itself hold spaces and ')';
 * behind it come the state (3rd field), the number of threads (20th), the start time (22nd).
 */
function statFields(file: string): StatFields | undefined {
  let stat: string;
  try {
    stat = readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', threads = '', startedAt = ''] = [fields[0], fields[17], fields[19]];
  return { state, threads: Number(threads), startedAt };
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

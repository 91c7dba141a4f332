import { randomUUID } from 'node:crypto';
import * as fsp from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock, Timer } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { FolderLock } from './log-file-system.ts';

/**
 * Who holds a folder. A pid alone does not tell: pids are reused, a restarted machine starts
 * them anew, and in a container every balancer may be pid 1.
 */
interface Holder {
  readonly pid: number;
  /** Start of the process in ticks since boot; '' where the system does not tell. */
  readonly startedAt: string;
  /** Which boot of which machine, and which pid namespace in it. */
  readonly place: string;
  readonly token: string;
}

const lockName = 'lock';
const signOfLifeMs = 2_000;
/** A holder elsewhere (another container or machine) is dead when silent for so long. */
const silenceMs = 3 * signOfLifeMs;
const attemptsMax = 50;
const contendedMs = 20;

/** Tokens that this process holds: its own pid in a lock file of a former life proves nothing. */
const held = new Set<string>();

/**
 * Takes `folder` for this process: a file `lock` names the holder, and its modification time
 * is the sign of life. A lock whose holder is dead is taken over. Rejects conflict.
 */
export async function lockFolder(
  folder: string,
  options: { readonly clock: Clock; readonly onLost: () => void },
): Promise<FolderLock> {
  const path = join(folder, lockName);
  const me = await describeSelf();
  const own = join(folder, `${lockName}.${me.token}`);
  held.add(me.token);
  try {
    await fsp.writeFile(own, JSON.stringify(me), { flag: 'wx', mode: 0o640 });
    await take(path, own, me, options.clock);
  } catch (error) {
    held.delete(me.token);
    throw error;
  } finally {
    await fsp.rm(own, { force: true });
  }
  return keepLock(path, me, options);
}

/** The process that holds `folder`, by its pid; undefined if none does. Changes nothing. */
export async function holderOf(folder: string, clock: Clock): Promise<number | undefined> {
  const path = join(folder, lockName);
  const found = await readHolder(path);
  if (found === undefined) return undefined;
  const alive = await isAlive(found, path, await describeSelf(), clock);
  return alive ? found.pid : undefined;
}

/** `link` creates the lock whole or not at all, never an empty file. */
async function take(path: string, own: string, me: Holder, clock: Clock): Promise<void> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    try {
      await fsp.link(own, path);
      return;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    const found = await readHolder(path);
    if (found === undefined) continue;
    if (await isAlive(found, path, me, clock)) {
      throw new LockstepError(
        'conflict',
        `The log folder is in use by another balancer, process ${found.pid}: ${path}`,
      );
    }
    await removeStale(path, found, { own, me, clock });
  }
  throw new LockstepError('conflict', `The log folder is contended for by others: ${path}`);
}

/**
 * Several takers may see the same dead holder, and one may already hold the lock anew when
 * another comes to remove it. So only the holder of a second file removes, after a second
 * look; it holds that one for a moment only.
 */
async function removeStale(
  path: string,
  stale: Holder,
  taker: { readonly own: string; readonly me: Holder; readonly clock: Clock },
): Promise<void> {
  const guard = `${path}.takeover`;
  try {
    await fsp.link(taker.own, guard);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    const other = await readHolder(guard);
    const isLeftOver = other !== undefined && !(await isAlive(other, guard, taker.me, taker.clock));
    if (isLeftOver) await fsp.rm(guard, { force: true });
    await wait(taker.clock, contendedMs);
    return;
  }
  try {
    const found = await readHolder(path);
    if (found?.token === stale.token) await fsp.rm(path, { force: true });
  } finally {
    await fsp.rm(guard, { force: true });
  }
}

async function isAlive(found: Holder, path: string, me: Holder, clock: Clock): Promise<boolean> {
  if (held.has(found.token)) return true;
  if (found.place !== me.place) return showsSignOfLife(path, clock);
  if (found.pid === me.pid) return false;
  try {
    process.kill(found.pid, 0);
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false;
  }
  return found.startedAt === '' || (await startOf(found.pid)) === found.startedAt;
}

/** Watches instead of comparing with the clock: clocks of two machines differ. */
async function showsSignOfLife(path: string, clock: Clock): Promise<boolean> {
  const before = await modifiedAt(path);
  if (before === undefined) return false;
  await wait(clock, silenceMs);
  const after = await modifiedAt(path);
  return after !== undefined && after !== before;
}

function keepLock(
  path: string,
  me: Holder,
  options: { readonly clock: Clock; readonly onLost: () => void },
): FolderLock {
  let timer: Timer | undefined;
  let released = false;
  const beat = async (): Promise<void> => {
    const now = options.clock.wallMs() / 1000;
    const found = await readHolder(path).catch(() => me);
    if (released) return;
    if (found?.token !== me.token) {
      held.delete(me.token);
      options.onLost();
      return;
    }
    await fsp.utimes(path, now, now).catch(() => undefined);
    if (!released) schedule();
  };
  const schedule = (): void => {
    timer = options.clock.after(signOfLifeMs, () => void beat());
  };
  schedule();
  return {
    async release() {
      released = true;
      timer?.cancel();
      const found = await readHolder(path).catch(() => undefined);
      if (found?.token === me.token) await fsp.rm(path, { force: true });
      held.delete(me.token);
    },
  };
}

async function readHolder(path: string): Promise<Holder | undefined> {
  let text: string;
  try {
    text = await fsp.readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const found = JSON.parse(text) as Partial<Holder>;
    if (typeof found.pid === 'number' && typeof found.token === 'string') {
      return {
        pid: found.pid,
        startedAt: found.startedAt ?? '',
        place: found.place ?? '',
        token: found.token,
      };
    }
  } catch {
    // Falls through: a file that a crash of the machine left empty or torn.
  }
  return { pid: 0, startedAt: '', place: '', token: '' };
}

async function describeSelf(): Promise<Holder> {
  return {
    pid: process.pid,
    startedAt: await startOf(process.pid),
    place: await describePlace(),
    token: randomUUID(),
  };
}

async function describePlace(): Promise<string> {
  const boot = await fsp.readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const namespace = await fsp.readlink('/proc/self/ns/pid').catch(() => '');
  return `${hostname()} ${boot.trim()} ${namespace}`;
}

/** Field 22 of /proc/PID/stat (proc(5)); the name before it may hold blanks and brackets. */
async function startOf(pid: number): Promise<string> {
  const stat = await fsp.readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function wait(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

async function modifiedAt(path: string): Promise<number | undefined> {
  return (await fsp.stat(path).catch(() => undefined))?.mtimeMs;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

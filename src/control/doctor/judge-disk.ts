import { access, constants, open, rm, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { asError } from '../../base/as-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { Config } from '../../config/config.ts';
import { formatSize } from '../../config/units.ts';
import type { Finding } from '../../http/doctor-schemas.ts';

type Found = Omit<Finding, 'about'>;

const check = 'log_folder';
/** Source: Linux `include/uapi/linux/magic.h`. */
const memoryTypes: ReadonlySet<number> = new Set([0x0102_1994, 0x8584_58f6]);
const syncRounds = 5;
const syncBytes = 4096;
/** Every write of a client waits for one of these. */
const syncSlowMs = 50;
const [mebibyte, gibibyte] = [2 ** 20, 2 ** 30];

/** Whether the log has room on its disk, and what it writes there is safe, and how soon. */
export async function judgeDisk({ folder, freeBytesMin }: Config['log'], clock: Clock) {
  const path = resolve(folder);
  const there = await nearest(path);
  try {
    await access(there, constants.W_OK);
    const { bavail, bsize, type } = await statfs(there);
    const free = bavail * bsize;
    const syncMs = there === path ? await measureSync(path, clock) : undefined;
    const found = [...room(free, folder, freeBytesMin), ...safety(type, syncMs, folder)];
    return found.length > 0 ? found : [allWell(free, syncMs, folder)];
  } catch (error) {
    const message = `the folder of the log, ${folder}, cannot be used: ${asError(error).message}`;
    const remedy = `Let the user that runs Lockstep write there: chown it, or set \`log.folder\`.`;
    return [{ level: 'error', check, message, remedy } satisfies Found];
  }
}

/** The folder, or what of its path there is. */
async function nearest(path: string): Promise<string> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  return isThere || dirname(path) === path ? path : nearest(dirname(path));
}

/** The median time until a few bytes are on the disk. Rejects where the disk fails. */
async function measureSync(folder: string, clock: Clock): Promise<number> {
  const path = join(folder, 'doctor.tmp');
  const file = await open(path, 'w', 0o600);
  try {
    const times: number[] = [];
    for (let round = 0; round < syncRounds; round += 1) {
      const beganMs = clock.nowMs();
      await file.write(Buffer.alloc(syncBytes), 0, syncBytes, round * syncBytes);
      await file.datasync();
      times.push(clock.nowMs() - beganMs);
    }
    return times.toSorted((a, b) => a - b)[Math.floor(syncRounds / 2)] ?? 0;
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

/** As people say it: `67.3GB`, `812MB`. */
const roughly = (bytes: number): string =>
  bytes < gibibyte
    ? `${Math.floor(bytes / mebibyte)}MB`
    : `${(Math.floor((bytes / gibibyte) * 10) / 10).toFixed(1)}GB`;

function room(free: number, folder: string, least: number): Found[] {
  if (free >= least) return [];
  const message =
    `${roughly(free)} are free on the disk of the log, ${folder}: ` +
    `less than log.free_bytes_min (${formatSize(least)})`;
  const remedy =
    'Make room there, or give the log another disk: writes are refused when it is full.';
  return [{ level: 'warning', check, message, remedy }];
}

function safety(type: number, syncMs: number | undefined, folder: string): Found[] {
  const found: Found[] = [];
  if (memoryTypes.has(type)) {
    const message = `the log, ${folder}, lies in memory: it is gone with a restart of the machine`;
    const remedy = 'Set `log.folder` to a folder on a disk.';
    found.push({ level: 'warning', check: 'log_memory', message, remedy });
  }
  if (syncMs !== undefined && syncMs > syncSlowMs) {
    const message =
      `the disk of the log takes ${Math.round(syncMs)} ms to make a write safe: ` +
      'each write of a client waits for that';
    const remedy = 'Set `log.folder` to a faster disk, and one that others do not keep busy.';
    found.push({ level: 'warning', check: 'log_sync', message, remedy });
  }
  return found;
}

function allWell(free: number, syncMs: number | undefined, folder: string): Found {
  const sync = syncMs === undefined ? '' : `, a write is safe after ${syncMs.toFixed(1)} ms`;
  const message = `the disk of the log, ${folder}: ${roughly(free)} are free${sync}`;
  return { level: 'ok', check, message };
}

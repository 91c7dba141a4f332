import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Short, so that who is held waits for milliseconds at most. */
const periodUs = 10_000;

/**
 * How the kernel is told: by version 1 of its control groups or by version 2.
 * https://docs.kernel.org/scheduler/sched-bwc.html
 */
const versions = [
  {
    folder: '/sys/fs/cgroup/cpu',
    sign: 'tasks',
    settings: (quotaUs) => ({ 'cpu.cfs_period_us': periodUs, 'cpu.cfs_quota_us': quotaUs }),
  },
  {
    folder: '/sys/fs/cgroup',
    sign: 'cgroup.controllers',
    settings: (quotaUs) => ({ 'cpu.max': `${quotaUs} ${periodUs}` }),
  },
];

/** Less than the kernel takes. */
const shareMin = 0.1;

/**
 * Holds each of the processes, all its threads together, to `share` of a core: as if there were
 * cores to spare for more of them. What it makes is to be given to `letGo` when they have ended.
 */
export function holdEachTo(share, pids, groups) {
  if (!(share >= shareMin && share <= 1)) {
    throw new Error(`a share of ${share} of a core: it may be from ${shareMin} to 1`);
  }
  const version = versions.find(({ folder, sign }) => existsSync(join(folder, sign)));
  if (!version) throw new Error('the kernel has no control groups under /sys/fs/cgroup');
  const quotaUs = Math.round(share * periodUs);
  try {
    for (const pid of pids) {
      const folder = join(version.folder, `lockstep-bench-${pid}`);
      mkdirSync(folder);
      groups.push(folder);
      const settings = { ...version.settings(quotaUs), 'cgroup.procs': pid };
      for (const [file, value] of Object.entries(settings)) {
        writeFileSync(join(folder, file), String(value));
      }
    }
  } catch (error) {
    throw new Error(`processes cannot be held to a share of a core: ${error.message}`, {
      cause: error,
    });
  }
}

/** A group goes only when the last of its processes has. */
export async function letGo(groups) {
  const deadlineMs = performance.now() + 10_000;
  for (const folder of groups) {
    for (;;) {
      try {
        rmdirSync(folder);
        break;
      } catch (error) {
        if (error.code !== 'EBUSY' || performance.now() > deadlineMs) throw error;
        await delay(50);
      }
    }
  }
}

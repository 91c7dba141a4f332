import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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

/**
 * Holds each of the processes, all its threads together, to `share` of a core: as if there were
 * cores to spare for more of them. Returns what is to be called when they have ended.
 */
export function holdEachTo(share, pids) {
  const version = versions.find(({ folder, sign }) => existsSync(join(folder, sign)));
  if (!version) throw new Error('the kernel has no control groups under /sys/fs/cgroup');
  const made = [];
  const release = () => {
    for (const folder of made.splice(0)) rmdirSync(folder);
  };
  const quotaUs = Math.round(share * periodUs);
  try {
    for (const pid of pids) {
      const folder = join(version.folder, `lockstep-bench-${pid}`);
      mkdirSync(folder);
      made.push(folder);
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
  return release;
}

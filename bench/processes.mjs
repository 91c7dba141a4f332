import { readdirSync, readFileSync } from 'node:fs';

/** Microseconds in a tick of /proc/PID/stat: USER_HZ is 100 on every Linux (proc(5)). */
const tickUs = 10_000;
/** Bytes in a page of /proc/PID/statm on the machines that this runs on. */
const pageBytes = 4096;

/**
 * What processes and their descendants have used: `cpuUs` of all their threads, user and system
 * time, in microseconds, and `residentBytes` now. One that is gone counts nothing.
 */
export function usage(pids) {
  let cpuUs = 0;
  let residentBytes = 0;
  for (const pid of pids.flatMap(withDescendants)) {
    try {
      // The second field, the name in brackets, may hold blanks.
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1).split(' ');
      cpuUs += (Number(fields[11]) + Number(fields[12])) * tickUs;
      const pages = readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1];
      residentBytes += Number(pages) * pageBytes;
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
    }
  }
  return { cpuUs, residentBytes };
}

export function withDescendants(pid) {
  const pids = [pid];
  for (const current of pids) {
    try {
      for (const task of readdirSync(`/proc/${current}/task`)) {
        const children = readFileSync(`/proc/${current}/task/${task}/children`, 'latin1');
        pids.push(...children.split(' ').filter(Boolean).map(Number));
      }
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
    }
  }
  return pids;
}

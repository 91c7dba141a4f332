// `npm run bench` measures Lockstep beside what else can stand before a node:
//
//   npm run bench                      everything, interleaved: about an hour
//   npm run bench -- smoke             a short form of the main figures, under a minute
//   npm run bench -- workers           what a second process is worth where cores are to spare
//   npm run bench -- writes            beside a Galera cluster, and with 1, 3 and 5 nodes
//   npm run bench -- replay            what a node missed, beside a replica of MariaDB's own
//   npm run bench -- pending           a start with a million entries that a node missed
//   npm run bench -- failover          statements while a follower, and the leader, is killed
//   npm run bench -- micro             the pure parts of the hot path, beside the baseline
//   npm run bench -- page FILE …       makes docs/PERFORMANCE.md from what --json wrote
//   npm run bench -- compare --help    which targets, workloads and connections, how long
import { compare } from './compare.mjs';
import { failover } from './failover.mjs';
import { micro } from './micro.mjs';
import { makePage } from './page.mjs';
import { pending } from './pending.mjs';
import { replay } from './replay.mjs';
import { smoke } from './smoke.mjs';
import { workers } from './workers.mjs';
import { writes } from './writes.mjs';

const [what = 'compare', ...options] = process.argv.slice(2);
const benchmarks = {
  compare: () => compare(options),
  failover: () => failover(options),
  micro: () => micro(options),
  page: () => makePage(options),
  pending: () => pending(options),
  replay: () => replay(options),
  smoke,
  workers: () => workers(options),
  writes: () => writes(options),
};
if (Object.hasOwn(benchmarks, what)) await benchmarks[what]();
else {
  const names = Object.keys(benchmarks).join(', ');
  console.error(`there is no benchmark called "${what}"; there are: ${names}`);
  process.exitCode = 2;
}

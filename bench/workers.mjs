import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { requireEngine } from '../dist/demo/engine.js';
import { holdEachTo, letGo } from './cpu-share.mjs';
import { saveFigures } from './figures.mjs';
import { interleaved, throughput } from './measure.mjs';
import { withDescendants } from './processes.mjs';
import { throughputTable } from './report.mjs';
import { median } from './statistics.mjs';
import { availableTargets, startNode, startTargets } from './targets.mjs';

const usage = `npm run bench -- workers [options]
  --engine NAME         mariadb (default) or mysql
  --connections LIST    32
  --rounds N            5: both once in each, medians are shown
  --seconds N           3 for each in each round
  --share N             20: per cent of a core that each process of Lockstep is held to
  --json FILE           all figures`;

const work = { workload: 'point_select' };
const warmUpSeconds = 4;
const [one, two] = ['lockstep', 'lockstep_2_workers'];

/**
 * What a second worker is worth where cores are to spare. A machine on which load, servers and
 * Lockstep keep all cores busy cannot show it: so here each process of Lockstep may take only a
 * part of a core, as the kernel sees to.
 */
export async function workers(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      engine: { type: 'string', default: 'mariadb' },
      connections: { type: 'string', default: '32' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      share: { type: 'string', default: '20' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(usage);
  const engine = requireEngine(values.engine);
  const names = availableTargets([one, two], (line) => console.log(line));
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  const node = await startNode({ engine, folder: join(folder, 'mysql1') });
  const running = {};
  const groups = [];
  try {
    await startTargets(names, { node, folder }, running);
    console.log(`${engine.name} ${engine.version}, ${cpus().length} × ${cpus()[0].model}`);
    for (const target of Object.values(running)) {
      // What compiles the hot path first would take long in a part of a core.
      await throughput(target, { ...work, connections: 32, seconds: warmUpSeconds });
      holdEachTo(Number(values.share) / 100, target.pids.flatMap(withDescendants), groups);
    }
    const cells = await measureAll(running, values);
    await saveFigures(values, { kind: 'workers', engine, cells });
  } finally {
    await Promise.all(Object.values(running).map((target) => target.stop()));
    await node.kill();
    await rm(folder, { recursive: true, force: true });
    await letGo(groups);
  }
}

async function measureAll(running, { rounds, seconds, share, ...values }) {
  const cells = [];
  for (const connections of values.connections.split(',').map(Number)) {
    const what = { ...work, connections };
    const measure = (target) => throughput(target, { ...what, seconds: Number(seconds) });
    const figures = await interleaved(running, Number(rounds), measure);
    cells.push({ ...what, share: Number(share), figures });
    const rateOf = (name) => median(figures[name].map(({ perSecond }) => perSecond));
    const gain = (rateOf(two) / rateOf(one)).toFixed(2);
    console.log(`\n${connections} connections, each process ${share} % of a core`);
    console.log(`${throughputTable(figures)}\ntwo workers: ${gain} × the rate of one process`);
  }
  return cells;
}

import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { requireEngine } from '../dist/demo/engine.js';
import { behindLockstep, flushing, startServers } from './clusters.mjs';
import { saveFigures } from './figures.mjs';
import { needGalera, startGalera } from './galera.mjs';
import { interleaved, throughput } from './measure.mjs';
import { writesTable } from './report.mjs';
import { makeTables } from './sysbench.mjs';

const usage = `npm run bench -- writes [options]
  --engine NAME         mariadb (default) or mysql; Galera is of MariaDB alone
  --connections LIST    16,32
  --rounds N            3: every cluster once in each, medians are shown
  --seconds N           4 for each cluster in each round
  --json FILE           all figures`;

/**
 * What acknowledged writes survive the loss of power of everything in: a server and a Galera
 * cluster that flush at each commit; Lockstep by its own log, with nodes that flush once a second,
 * and, for comparison, with nodes that flush at each commit too.
 */
const clusters = {
  one_server: (making) => alone(making),
  galera_3: (making) => startGalera({ ...making, count: 3 }),
  lockstep_1: (making) => behindLockstep(making, 1),
  lockstep_3: (making) => behindLockstep(making, 3),
  lockstep_5: (making) => behindLockstep(making, 5),
  lockstep_3_flushing: (making) => behindLockstep(making, 3, { extraArguments: flushing }),
};

/** Compares how fast rows are written, each by a statement that is a transaction of its own. */
export async function writes(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      engine: { type: 'string', default: 'mariadb' },
      connections: { type: 'string', default: '16,32' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '4' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(usage);
  const engine = requireEngine(values.engine);
  const names = Object.keys(clusters).filter((name) => canRun(name, engine));
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  const running = {};
  try {
    for (const name of names) {
      running[name] = await clusters[name]({ engine, folder: join(folder, name) });
      await makeTables(running[name].port);
    }
    const [{ model }] = cpus();
    console.log(`${engine.name} ${engine.version}, ${cpus().length} × ${model}`);
    const cells = await measureAll(running, values);
    await saveFigures(values, { kind: 'writes', engine, cells });
  } finally {
    await Promise.all(Object.values(running).map((cluster) => cluster.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}

function canRun(name, engine) {
  if (name !== 'galera_3') return true;
  const say = (line) => console.log(line);
  if (engine.name === 'mariadb') needGalera(say);
  else say(`${name}: skipped, there is none of ${engine.name}`);
  return engine.name === 'mariadb';
}

async function measureAll(running, { connections, rounds, seconds }) {
  const cells = [];
  for (const workload of ['update_index', 'insert']) {
    for (const count of connections.split(',').map(Number)) {
      const what = { workload, connections: count };
      const measure = (cluster) => throughput(cluster, { ...what, seconds: Number(seconds) });
      const figures = await interleaved(running, Number(rounds), measure);
      cells.push({ ...what, figures });
      console.log(`\n${workload}, ${count} connections\n${writesTable(figures)}`);
    }
  }
  return cells;
}

async function alone(making) {
  const { servers, stop } = await startServers(making, 1, flushing);
  return { port: servers[0].port, pids: [], servers, stop };
}

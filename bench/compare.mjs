import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import mysql from 'mysql2/promise';
import { requireEngine } from '../dist/demo/engine.js';
import { saveFigures } from './figures.mjs';
import { interleaved, latency, throughput } from './measure.mjs';
import { latencyTable, throughputTable } from './report.mjs';
import { workloads } from './sysbench.mjs';
import { availableTargets, startNode, startTargets, targetNames } from './targets.mjs';

const usage = `npm run bench -- compare [options]
  --engine NAME         mariadb (default) or mysql
  --targets LIST        of ${targetNames.join(', ')}
  --workloads LIST      of ${Object.keys(workloads).join(', ')}, latency
  --connections LIST    1,8,32,256
  --rounds N            3: every target once in each, medians are shown
  --seconds N           5 for each target in each round
  --rate N              statements a second where latencies are measured: 4000
  --idle N              connections that do nothing beside those, there: 0
  --json FILE           all figures`;

const defaults = {
  engine: 'mariadb',
  targets: targetNames.join(','),
  workloads: [...Object.keys(workloads), 'latency'].join(','),
  connections: '1,8,32,256',
  rounds: '3',
  seconds: '5',
  rate: '4000',
  idle: '0',
};

const list = (text) => text.split(',').filter(Boolean);

/**
 * Compares what can stand between clients and one node. In each round every target has its turn, so
 * that what else the machine does meets all of them alike.
 */
export async function compare(argv) {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, standard]) => [
      name,
      { type: 'string', default: standard },
    ]),
  );
  const { values } = parseArgs({
    args: argv,
    options: { ...options, json: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) return console.log(usage);
  const names = availableTargets(list(values.targets), (line) => console.log(line));
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  const engine = requireEngine(values.engine);
  const node = await startNode({ engine, folder: join(folder, 'mysql1') });
  const running = {};
  try {
    await allowConnections(node.port, Number(values.idle));
    await startTargets(names, { node, folder }, running);
    const [{ model }] = cpus();
    console.log(`${engine.name} ${engine.version}, one node, ${cpus().length} × ${model}`);
    const cells = await measureAll(running, values);
    await saveFigures(values, { kind: 'compare', engine, cells });
  } finally {
    await Promise.all(Object.values(running).map((target) => target.stop()));
    await node.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Most of what can stand before a server has a connection to it for each client. */
async function allowConnections(port, idle) {
  if (idle === 0) return;
  const account = { user: 'root', password: 'root' };
  const root = await mysql.createConnection({ host: '127.0.0.1', port, ...account });
  await root.query(`SET GLOBAL max_connections = ${idle + 500}`);
  await root.end();
}

async function measureAll(running, values) {
  const [rounds, seconds, rate, idle] = [
    values.rounds,
    values.seconds,
    values.rate,
    values.idle,
  ].map(Number);
  const cells = [];
  for (const workload of list(values.workloads)) {
    for (const connections of list(values.connections).map(Number)) {
      const what = { workload, connections };
      const measure = (target) =>
        workload === 'latency'
          ? latency(target, { connections, idle, rate, seconds })
          : throughput(target, { workload, connections, seconds });
      const figures = await interleaved(running, rounds, measure);
      cells.push({ ...what, ...(workload === 'latency' && { rate, idle }), figures });
      const table = workload === 'latency' ? latencyTable : throughputTable;
      console.log(`\n${workload}, ${connections} connections\n${table(figures)}`);
    }
  }
  return cells;
}

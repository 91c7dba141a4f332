import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findEngine } from '../dist/demo/engine.js';
import { freePorts } from '../dist/demo/free-port.js';
import { LocalServer } from '../dist/demo/local-server.js';
import { latency, throughput } from './matrix.mjs';
import { median, spread } from './statistics.mjs';
import { makeTables, workloads } from './sysbench.mjs';
import { targets } from './targets.mjs';

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'mariadb' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    targets: { type: 'string', default: 'direct,haproxy,mysql_router,lockstep' },
    workloads: { type: 'string', default: Object.keys(workloads).join(',') },
    connections: { type: 'string', default: '1,8,32,256' },
    rate: { type: 'string', default: '4000' },
    json: { type: 'string' },
  },
});

const list = (text) => text.split(',').filter(Boolean);
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  const [port] = await freePorts(1);
  const engine = findEngine(values.engine);
  const node = await LocalServer.create({ engine, name: 'mysql1', port, folder: join(folder, 'n') });
  const running = {};
  try {
    await node.start();
    await makeTables(node.port);
    const start = targets(list(values.targets), { node, nodes: [node], folder });
    for (const [name, begin] of Object.entries(start)) running[name] = await begin();
    const cells = [];
    for (const workload of list(values.workloads)) {
      for (const connections of list(values.connections).map(Number)) {
        cells.push(await cell(running, workload, connections));
      }
    }
    for (const connections of [8, 32]) {
      cells.push(await latencies(running, connections));
    }
    if (values.json) await writeFile(values.json, `${JSON.stringify(cells, undefined, 2)}\n`);
  } finally {
    await Promise.all(Object.values(running).map((target) => target.stop()));
    await node.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function cell(running, workload, connections) {
  const figures = Object.fromEntries(Object.keys(running).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, target] of Object.entries(running)) {
      figures[name].push(await throughput(target, { workload, connections, seconds }));
    }
  }
  console.log(`\n${workload}, ${connections} connections`);
  for (const [name, all] of Object.entries(figures)) {
    const rates = all.map(({ perSecond }) => perSecond);
    console.log(
      `  ${name.padEnd(14)} ${median(rates).toFixed(0).padStart(7)}/s ±${(spread(rates) * 100).toFixed(0).padStart(2)} %` +
        `  ${median(all.map(({ cpuUs }) => cpuUs)).toFixed(1).padStart(6)} µs` +
        `  ${(median(all.map(({ residentBytes }) => residentBytes)) / 2 ** 20).toFixed(0).padStart(4)} MiB`,
    );
  }
  return { workload, connections, figures };
}

async function latencies(running, connections) {
  const figures = Object.fromEntries(Object.keys(running).map((name) => [name, []]));
  const rate = Number(values.rate);
  for (let round = 0; round < rounds; round++) {
    for (const [name, target] of Object.entries(running)) {
      figures[name].push(await latency(target, { connections, rate, seconds }));
    }
  }
  console.log(`\npoint selects at ${rate}/s, ${connections} connections: p50 p95 p99 p99.9 in µs`);
  for (const [name, all] of Object.entries(figures)) {
    const of = (key) => median(all.map((one) => one[key])).toFixed(0).padStart(6);
    console.log(`  ${name.padEnd(14)} ${['p50Us', 'p95Us', 'p99Us', 'p999Us', 'perSecond', 'failed'].map(of).join(' ')}`);
  }
  return { workload: 'latency', connections, rate, figures };
}

await main();

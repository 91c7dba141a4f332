import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { requireEngine } from '../dist/demo/engine.js';
import { freePorts } from '../dist/demo/free-port.js';
import { Api, behindLockstep, isUp } from './clusters.mjs';
import { saveFigures } from './figures.mjs';
import { usage as usageOf } from './processes.mjs';
import { startReplica } from './replica.mjs';
import { replayTable } from './report.mjs';
import { makeRows, updateRows } from './rows.mjs';

const usage = `npm run bench -- replay [options]
  --engine NAME         mariadb (default) or mysql; a replica is measured of MariaDB alone
  --updates N           100000: missed by the node
  --connections N       16: that write them
  --rows N              100000 in the table
  --rounds N            3: both in each, medians are shown
  --json FILE           all figures`;

/**
 * Compares how fast a node that was away replays the updates of one row that it missed with how
 * fast they were written, and with a replica of MariaDB's own that missed the same.
 */
export async function replay(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      engine: { type: 'string', default: 'mariadb' },
      updates: { type: 'string', default: '100000' },
      connections: { type: 'string', default: '16' },
      rows: { type: 'string', default: '100000' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(usage);
  const engine = requireEngine(values.engine);
  const [updates, connections, rows] = [values.updates, values.connections, values.rows].map(
    Number,
  );
  const load = { updates, connections, rows };
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  const running = {};
  try {
    const making = (name) => ({ engine, folder: join(folder, name) });
    running.lockstep_3 = await lockstep(making('lockstep'));
    if (engine.name === 'mariadb') running.replica = await replica(making('mariadb'));
    for (const { port } of Object.values(running)) await makeRows(port, rows);
    const [{ model }] = cpus();
    console.log(`${engine.name} ${engine.version}, ${cpus().length} × ${model}`);
    const figures = Object.fromEntries(Object.keys(running).map((name) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [name, cluster] of Object.entries(running)) {
        figures[name].push(await cluster.missAndReplay(load));
      }
    }
    console.log(`\n${updates} updates, missed and replayed\n${replayTable(figures)}`);
    const cell = { workload: 'replay', updates, connections };
    await saveFigures(values, { kind: 'replay', engine, cells: [{ ...cell, figures }] });
  } finally {
    await Promise.all(Object.values(running).map((cluster) => cluster.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** `writtenPerSecond` while a node was stopped, `replayedPerSecond` once it was back. */
async function lockstep(making) {
  const [port] = await freePorts(1);
  const cluster = await behindLockstep(making, 3, { settings: { http: { port } } });
  const api = new Api(port);
  const missAndReplay = async (load) => {
    const { name } = (await api.get('/nodes')).findLast(({ leader }) => !leader);
    const server = cluster.servers.find((one) => one.name === name);
    await server.stop();
    await api.untilNode(name, ({ state }) => state === 'DOWN');
    const writtenPerSecond = await updateRows({ port: cluster.port, ...load });
    const { pending } = await api.node(name);
    const replaying = api.untilNode(name, ({ state }) => state === 'RECOVERING', { everyMs: 5 });
    await server.start();
    const { pending: atStart } = await replaying;
    const before = usageOf(cluster.pids);
    const startedMs = performance.now();
    await api.untilNode(name, isUp);
    const tookSeconds = (performance.now() - startedMs) / 1000;
    const after = usageOf(cluster.pids);
    return {
      missed: pending,
      writtenPerSecond,
      replayedPerSecond: atStart / tookSeconds,
      cpuUs: (after.cpuUs - before.cpuUs) / atStart,
    };
  };
  return { ...cluster, missAndReplay };
}

async function replica(making) {
  const servers = await startReplica(making);
  const missAndReplay = async (load) => {
    await servers.pause();
    const writtenPerSecond = await updateRows({ port: servers.port, ...load });
    const replayedPerSecond = load.updates / (await servers.catchUp());
    return { missed: load.updates, writtenPerSecond, replayedPerSecond, cpuUs: 0 };
  };
  return { ...servers, missAndReplay };
}

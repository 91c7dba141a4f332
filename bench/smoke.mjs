import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import mysql from 'mysql2/promise';
import { createBalancer } from '../dist/balancer.js';
import { defaultConfig } from '../dist/config/config.js';
import { engineNames, findEngine } from '../dist/demo/engine.js';
import { startServers } from './clusters.mjs';
import { createRows, statements } from './statements.mjs';

const clients = 16;
const nodeCount = 3;
const rounds = 3;
/** How long each of the parts takes: with two engines all must end well under a minute. */
const partMs = 500;
const failoverMs = 500;
const backlogMs = 1_000;
const run = promisify(execFile);
const loadProgram = fileURLToPath(new URL('load.mjs', import.meta.url));
const { read, write } = statements(clients);

async function until(condition, what) {
  const deadlineMs = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`${what} did not happen in 30 s`);
    await delay(2);
  }
}

/** Reads and updates a second, through Lockstep and on one server, in turns. */
async function rates(targets) {
  const kinds = ['read', 'write'];
  const load = JSON.stringify({ targets, kinds, clients, rounds, durationMs: partMs });
  const { stdout } = await run(process.execPath, [loadProgram, load]);
  return JSON.parse(stdout);
}

/** What happens to statements, one in four of which writes, when a node is killed with -9. */
async function failover({ target, control }, server) {
  const pool = mysql.createPool({ ...target, connectionLimit: clients });
  const load = { running: true };
  let failed = 0;
  let slowestMs = 0;
  const work = Array.from({ length: clients }, async (_, index) => {
    while (load.running) {
      const startedMs = performance.now();
      await pool.query(index % 4 === 0 ? write(index) : read()).catch(() => failed++);
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
    }
  });
  await delay(failoverMs);
  slowestMs = 0;
  const killedMs = performance.now();
  await server.kill();
  await until(() => control.node(server.name).state === 'DOWN', `${server.name} DOWN`);
  const outMs = performance.now() - killedMs;
  const readsThen = control.node(server.name).reads;
  await delay(failoverMs);
  const readsAfter = control.node(server.name).reads - readsThen;
  load.running = false;
  await Promise.all(work);
  await pool.end();
  return { outMs, readsAfter, failed, slowestMs };
}

/** What a killed node replays when it is back, after some more was written. */
async function replay({ target, control }, server) {
  const pool = mysql.createPool({ ...target, connectionLimit: clients });
  const endMs = performance.now() + backlogMs;
  const work = Array.from({ length: clients }, async (_, index) => {
    while (performance.now() < endMs) await pool.query(write(index));
  });
  await Promise.all(work);
  await pool.end();
  const finished = new Promise((resolve) => {
    const stop = control.events.subscribe((event) => {
      if (event.kind !== 'replay_finished' || event.node !== server.name) return;
      stop();
      resolve(event);
    });
  });
  await server.start();
  const { entries, durationMs } = await finished;
  await until(() => control.node(server.name).state === 'UP', `${server.name} UP`);
  const { equal } = await control.verify();
  return { entries, perSecond: (entries * 1000) / durationMs, equal };
}

async function startBalancer(nodes, folder) {
  return createBalancer({
    ...defaultConfig,
    mysql: { host: '127.0.0.1', port: 0 },
    http: { ...defaultConfig.http, enabled: false },
    log: { ...defaultConfig.log, folder: join(folder, 'log') },
    logLevel: 'silent',
    users: [{ name: 'app', password: 'app' }],
    nodes: nodes.map(({ name, port }) => ({
      ...{ name, port, weight: 1 },
      ...{ host: '127.0.0.1', user: 'root', password: 'root' },
    })),
  });
}

async function measure(balancer, alone, nodes) {
  const account = { host: '127.0.0.1', user: 'app', password: 'app' };
  const targets = {
    lockstep: { ...account, port: balancer.mysqlPort },
    direct: { ...account, port: alone.port },
  };
  for (const target of Object.values(targets)) {
    const connection = await mysql.createConnection({ ...target, database: 'app' });
    await createRows(connection);
    await connection.end();
  }
  const { lockstep, direct } = await rates(targets);
  const { control } = balancer;
  const through = { target: { ...targets.lockstep, database: 'app' }, control };
  const victim = nodes.findLast(({ name }) => !control.node(name).leader);
  const out = await failover(through, victim);
  const back = await replay(through, victim);
  return [
    ['reads/s through Lockstep (median of 3)', Math.round(lockstep.read)],
    ['reads/s directly to one server', Math.round(direct.read)],
    ['single-row updates/s through Lockstep, on all nodes', Math.round(lockstep.write)],
    ['single-row updates/s directly on one server', Math.round(direct.write)],
    ['ms from kill -9 of a node until it is out', out.outMs.toFixed(1)],
    ['reads sent to it after that', out.readsAfter],
    ['statements failed / slowest ms meanwhile', `${out.failed} / ${out.slowestMs.toFixed(0)}`],
    ['entries replayed when it is back', back.entries],
    ['entries replayed per second', Math.round(back.perSecond)],
    ['all nodes equal afterwards', back.equal ? 'yes' : 'NO'],
  ];
}

async function benchmark(engine) {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  // One server stands alone: what the same machine does without Lockstep and without copies.
  const { servers, stop } = await startServers({ engine, folder }, nodeCount + 1);
  let balancer;
  try {
    const [alone, ...nodes] = servers;
    balancer = await startBalancer(nodes, folder);
    const figures = await measure(balancer, alone, nodes);
    console.log(`${engine.name} ${engine.version}, ${nodeCount} nodes, ${clients} clients`);
    for (const [text, figure] of figures) console.log(`  ${text.padEnd(52)} ${figure}`);
  } finally {
    await balancer?.close();
    await stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A short form of the main figures, on each engine that is there: together under a minute. */
export async function smoke() {
  for (const name of engineNames) {
    const engine = findEngine(name);
    if (engine) await benchmark(engine);
    else console.log(`${name}: skipped, it is not installed`);
  }
}

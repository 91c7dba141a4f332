import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import mysql from 'mysql2/promise';
import { createBalancer } from '../dist/balancer.js';
import { defaultConfig } from '../dist/config/config.js';
import { engineNames, findEngine } from '../dist/demo/engine.js';
import { freePorts } from '../dist/demo/free-port.js';
import { LocalServer } from '../dist/demo/local-server.js';
import { createRows, statements } from './statements.mjs';

const clients = 16;
const rounds = 3;
const roundMs = 2_000;
const nodeCount = 3;
const run = promisify(execFile);
const loadProgram = fileURLToPath(new URL('load.mjs', import.meta.url));
const { read, write } = statements(clients);

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Statements a second that `clients` connections of another process get through in one round. */
async function rate(target, kind) {
  const load = JSON.stringify({ target, kind, clients, durationMs: roundMs });
  const { stdout } = await run(process.execPath, [loadProgram, load]);
  return Number(stdout);
}

async function until(condition, what) {
  const deadlineMs = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`${what} did not happen in 60 s`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Milliseconds from kill -9 of a node to the end of the last query that touched it. */
async function failover(lockstep, control, server) {
  const pool = mysql.createPool({ ...lockstep, database: 'app', connectionLimit: clients });
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
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  slowestMs = 0;
  const killedMs = performance.now();
  await server.kill();
  await until(() => control.node(server.name).state === 'DOWN', `${server.name} DOWN`);
  const activeMs = performance.now() - killedMs;
  const readsThen = control.node(server.name).reads;
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const readsLater = control.node(server.name).reads;
  load.running = false;
  await Promise.all(work);
  await pool.end();
  return { outMs: activeMs, readsAfter: readsLater - readsThen, failed, slowestMs };
}

/** Entries a second that a returned node replays of a backlog written meanwhile. */
async function replay(lockstep, control, server) {
  const connection = await mysql.createConnection({ ...lockstep, database: 'app' });
  const before = control.status().lastSeq;
  const endMs = performance.now() + 4_000;
  const work = Array.from({ length: clients }, async (_, index) => {
    const own = await mysql.createConnection({ ...lockstep, database: 'app' });
    while (performance.now() < endMs) await own.query(write(index));
    await own.end();
  });
  await Promise.all(work);
  await connection.end();
  const missed = control.status().lastSeq - before;
  const finished = new Promise((resolve) => {
    const stop = control.events.subscribe((event) => {
      if (event.kind !== 'replay_finished' || event.node !== server.name) return;
      stop();
      resolve(event);
    });
  });
  await server.start();
  const { entries, durationMs } = await finished;
  return { missed, entries, perSecond: (entries * 1000) / durationMs };
}

async function benchmark(engine) {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  const ports = await freePorts(nodeCount + 1);
  const servers = await Promise.all(
    ports.map((port, index) => {
      const name = `mysql${index}`;
      return LocalServer.create({ engine, name, port, folder: join(folder, name) });
    }),
  );
  // One server stands alone: what the same machine does without Lockstep and without copies.
  const [alone, ...nodes] = servers;
  let balancer;
  try {
    await Promise.all(servers.map((server) => server.start()));
    balancer = await createBalancer({
      ...defaultConfig,
      mysql: { host: '127.0.0.1', port: 0 },
      http: { ...defaultConfig.http, enabled: false },
      log: { ...defaultConfig.log, folder: join(folder, 'log') },
      logLevel: 'silent',
      users: [{ name: 'app', password: 'app' }],
      nodes: nodes.map(({ name, port }) => ({
        name,
        host: '127.0.0.1',
        port,
        user: 'root',
        password: 'root',
        weight: 1,
      })),
    });
    const account = { host: '127.0.0.1', user: 'app', password: 'app' };
    const lockstep = { ...account, port: balancer.mysqlPort };
    const direct = { ...account, port: alone.port };
    for (const target of [lockstep, direct]) {
      const setup = await mysql.createConnection({ ...target, database: 'app' });
      await createRows(setup);
      await setup.end();
    }
    const figures = { read: [], directRead: [], write: [], directWrite: [] };
    for (let round = 0; round < rounds; round++) {
      figures.read.push(await rate(lockstep, 'read'));
      figures.directRead.push(await rate(direct, 'read'));
      figures.write.push(await rate(lockstep, 'write'));
      figures.directWrite.push(await rate(direct, 'write'));
    }
    const victim = nodes.findLast(({ name }) => !balancer.control.node(name).leader);
    const out = await failover(lockstep, balancer.control, victim);
    const back = await replay(lockstep, balancer.control, victim);
    const line = (text, value) => console.log(`  ${text.padEnd(58)} ${value}`);
    console.log(`${engine.name} ${engine.version}, ${nodeCount} nodes, ${clients} clients`);
    line('reads/s through Lockstep (median of 3)', Math.round(median(figures.read)));
    line('reads/s directly to one server', Math.round(median(figures.directRead)));
    line('single-row updates/s through Lockstep, on all nodes', Math.round(median(figures.write)));
    line('single-row updates/s directly on one server', Math.round(median(figures.directWrite)));
    line('ms from kill -9 of a node until it is out', out.outMs.toFixed(1));
    line('reads sent to it after that', out.readsAfter);
    line('statements failed / slowest ms meanwhile', `${out.failed} / ${out.slowestMs.toFixed(0)}`);
    line('entries missed and replayed', `${back.missed} / ${back.entries}`);
    line('entries replayed per second', Math.round(back.perSecond));
  } finally {
    await balancer?.close();
    await Promise.all(servers.map((server) => server.kill()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** A short form of everything, on each engine that is there. */
export async function smoke() {
  for (const name of engineNames) {
    const engine = findEngine(name);
    if (engine) await benchmark(engine);
    else console.log(`${name}: skipped, it is not installed`);
  }
}

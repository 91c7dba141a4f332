import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { requireEngine } from '../dist/demo/engine.js';
import { freePorts } from '../dist/demo/free-port.js';
import { Api, behindLockstep, isUp } from './clusters.mjs';
import { saveFigures } from './figures.mjs';
import { failoverTable } from './report.mjs';
import { makeRows } from './rows.mjs';

const usage = `npm run bench -- failover [options]
  --engine NAME         mariadb (default) or mysql
  --clients N           16: statement after statement, a quarter of them updates
  --rounds N            3: in each a follower is killed, then the leader
  --rows N              100000 in the table
  --seconds N           4 before and 4 after each kill
  --json FILE           all figures`;

const loadProgram = fileURLToPath(new URL('failover-load.mjs', import.meta.url));

/** How long statements take, and whether any fails, while a node of three is killed. */
export async function failover(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      engine: { type: 'string', default: 'mariadb' },
      clients: { type: 'string', default: '16' },
      rounds: { type: 'string', default: '3' },
      rows: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: '4' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(usage);
  const engine = requireEngine(values.engine);
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  const [port] = await freePorts(1);
  const cluster = await behindLockstep({ engine, folder }, 3, { settings: { http: { port } } });
  try {
    await makeRows(cluster.port, Number(values.rows));
    console.log(`${engine.name} ${engine.version}, ${cpus().length} × ${cpus()[0].model}`);
    const figures = { calm: [], follower_killed: [], leader_killed: [], node_returns: [] };
    for (let round = 0; round < Number(values.rounds); round++) {
      const windows = await killUnderLoad(cluster, new Api(port), values);
      for (const { name, ...window } of windows) figures[name]?.push(window);
    }
    const clients = Number(values.clients);
    console.log(`\n${clients} clients, 3 nodes\n${failoverTable(figures)}`);
    sayErrors(Object.values(figures));
    const cells = [{ workload: 'failover', connections: clients, figures }];
    await saveFigures(values, { kind: 'failover', engine, cells });
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param {{ errors: string[] }[][]} figures */
function sayErrors(figures) {
  const texts = figures.flat().flatMap(({ errors }) => errors);
  for (const text of new Set(texts)) console.log(`failed: ${text}`);
}

async function killUnderLoad(cluster, api, { seconds, ...values }) {
  const [clients, rows] = [Number(values.clients), Number(values.rows)];
  const load = startLoad({ port: cluster.port, clients, writes: 0.25, rows });
  try {
    await load.ready;
    for (const victim of ['follower', 'leader']) {
      load.begin('warm_up');
      await delay(500);
      load.begin('calm');
      await delay(Number(seconds) * 1000);
      const wanted = victim === 'leader';
      const { name } = (await api.get('/nodes')).find(({ leader }) => leader === wanted);
      const server = cluster.servers.find((one) => one.name === name);
      load.begin(`${victim}_killed`);
      // What is under way when it dies was sent in this window.
      await delay(100);
      server.killNow();
      await delay(Number(seconds) * 1000);
      load.begin('node_returns');
      await server.kill();
      await server.start();
      await api.untilNode(name, ({ state }) => state === 'UP');
    }
    const windows = await load.end();
    for (const { name } of cluster.servers) await api.untilNode(name, isUp);
    return windows;
  } catch (error) {
    load.kill();
    throw error;
  }
}

function startLoad(work) {
  const child = spawn(process.execPath, [loadProgram, JSON.stringify(work)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the load ended without figures');
    return value;
  };
  return {
    ready: nextLine(),
    begin: (window) => child.stdin.write(`${window}\n`),
    async end() {
      child.stdin.end();
      return JSON.parse(await nextLine());
    },
    kill: () => child.kill('SIGKILL'),
  };
}

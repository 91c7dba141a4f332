import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import mysql from 'mysql2/promise';
import { requireEngine } from '../dist/demo/engine.js';
import { freePorts } from '../dist/demo/free-port.js';
import { openEmbeddedLog } from '../dist/log/embedded-log.js';
import { decodeEntry, encodeEntry } from '../dist/replication/entry-codec.js';
import { Api, isUp, startServers } from './clusters.mjs';
import { saveFigures } from './figures.mjs';
import { usage as usageOf } from './processes.mjs';
import { pendingTable } from './report.mjs';
import { makeRows, updateRows } from './rows.mjs';
import { startLockstep } from './targets.mjs';

const usage = `npm run bench -- pending [options]
  --engine NAME         mariadb (default) or mysql
  --entries N           1000000: pending for a node that is down
  --written N           2000: of them written by clients, the others by the log's own writer
  --rows N              100000 in the table
  --settle SECONDS      3 until its memory is looked at
  --rounds N            3: starts without and with them, medians are shown
  --json FILE           all figures`;

/** What Lockstep needs to start and to wait when a node has missed very much. */
export async function pending(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      engine: { type: 'string', default: 'mariadb' },
      entries: { type: 'string', default: '1000000' },
      written: { type: 'string', default: '2000' },
      rows: { type: 'string', default: '100000' },
      settle: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(usage);
  const engine = requireEngine(values.engine);
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  const nodes = await startServers({ engine, folder }, 3);
  const [entries, written, rows] = [values.entries, values.written, values.rows].map(Number);
  const place = { servers: nodes.servers, folder, rows, settleMs: Number(values.settle) * 1000 };
  try {
    console.log(`${engine.name} ${engine.version}, ${cpus().length} × ${cpus()[0].model}`);
    await started(place, ({ port }) => makeRows(port, rows));
    const away = nodes.servers.at(-1);
    const figures = { no_entry: [], node_down: [], replay: [] };
    const times = Number(values.rounds);
    for (let round = 0; round < times; round++) figures.no_entry.push(await started(place));
    await away.stop();
    await miss({ ...place, away, entries, written });
    for (let round = 0; round < times; round++) figures.node_down.push(await started(place));
    figures.replay.push(await started(place, (running) => replayed(running, { ...place, away })));
    console.log(`\n${entries} entries pending\n${pendingTable(figures)}`);
    const cells = [{ workload: 'pending', entries, figures }];
    await saveFigures(values, { kind: 'pending', engine, cells });
  } finally {
    await nodes.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts Lockstep, and ends it when `then` is done; what it took until a read was answered. */
async function started({ servers, folder, settleMs }, then = async () => undefined) {
  const [httpPort] = await freePorts(1);
  const startedMs = performance.now();
  const settings = { http: { port: httpPort } };
  const running = await startLockstep(servers, folder, { settings });
  try {
    await ask(running.port, 'SELECT c FROM rows_read WHERE id=1');
    const startMs = performance.now() - startedMs;
    // By now the nodes that are there have joined, and the garbage of the start is known.
    await delay(settleMs);
    const { residentBytes } = usageOf(running.pids);
    const pendingEntries = await mostPending(new Api(httpPort));
    const more = await then({ ...running, api: new Api(httpPort) });
    return { startMs, residentBytes, pending: pendingEntries, ...more };
  } finally {
    await running.stop();
  }
}

async function ask(port, sql) {
  const address = { host: '127.0.0.1', port, user: 'app', password: 'app', database: 'app' };
  const connection = await mysql.createConnection(address);
  // The first start of all comes before the tables.
  await connection.query(sql).catch((error) => {
    if (error.code !== 'ER_NO_SUCH_TABLE') throw error;
  });
  await connection.end();
}

const mostPending = async (api) =>
  Math.max(...(await api.get('/nodes')).map(({ pending: count }) => count));

/**
 * So many entries that the node which is away does not have. The first are written by clients; the
 * others are what these would write next, encoded as they are and written by the log's own writer,
 * and told to the two nodes that are there as applied. They set columns to what they are, so all
 * nodes are equal in the end.
 */
async function miss({ away, entries, written, ...place }) {
  const { servers, folder, rows } = place;
  await started(place, ({ port }) => updateRows({ port, connections: 16, updates: written, rows }));
  const say = (message) => console.log(message);
  const log = await openEmbeddedLog({ folder: join(folder, 'log'), onWarning: say });
  const [last] = await log.read(log.lastSeq, { entriesMax: 1, bytesMax: 1 });
  const model = decodeEntry(last.payload);
  for (let left = entries - written; left > 0; ) {
    const batch = [];
    for (; left > 0 && batch.length < 1000; left--) batch.push(appendLike(model, log, rows));
    await Promise.all(batch);
  }
  const { lastSeq } = log;
  await log.close();
  for (const server of servers) {
    if (server === away) continue;
    const connection = await mysql.createConnection(server.url);
    await connection.query('UPDATE lockstep.node SET position=? WHERE id=1', [lastSeq]);
    await connection.query('DELETE FROM lockstep.applied');
    await connection.end();
  }
}

function appendLike(model, log, rows) {
  const seq = log.nextSeq;
  const sql = `UPDATE rows_read SET k=k WHERE id=${1 + (seq % rows)}`;
  const commands = [{ ...model.commands[0], sql }];
  const before = seq - 1;
  const entry = { ...model, seq, lastCommitted: before, confirmed: before, commands };
  return log.append({ seq, payload: encodeEntry(entry) });
}

/** The node comes back: how fast it has everything, and the most memory that it takes meanwhile. */
async function replayed({ api, pids }, { away }) {
  const replaying = api.untilNode(away.name, ({ state }) => state === 'RECOVERING');
  await away.start();
  const { pending: atStart } = await replaying;
  const startedMs = performance.now();
  let residentBytes = 0;
  await api.untilNode(
    away.name,
    (node) => {
      residentBytes = Math.max(residentBytes, usageOf(pids).residentBytes);
      return isUp(node);
    },
    { everyMs: 50 },
  );
  const replayedPerSecond = (atStart / (performance.now() - startedMs)) * 1000;
  return { residentBytes, replayedPerSecond };
}

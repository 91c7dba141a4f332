// A load by a process of its own: clients that read and write one row each, statement after
// statement, and how long the answers took. A line on standard input begins a window of that name;
// the end of the input ends the load, and the figures of all windows are printed as JSON.
//
//   node bench/failover-load.mjs '{"port": 3300, "clients": 16, "writes": 0.25, "rows": 1000}'
import { createHistogram } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { commandPacket } from '../dist/nodes/node-connection.js';
import { connectApp } from './app-connection.mjs';

const { port, clients, writes, rows } = JSON.parse(process.argv[2]);

const connect = () => connectApp(port);

const comQuery = 3;
const windows = [];
let running = true;

function beginWindow(name) {
  const latencies = createHistogram({ lowest: 1, highest: 600_000_000, figures: 3 });
  windows.push({ name, latencies, failed: 0, errors: new Set() });
}

const statement = () => {
  const id = 1 + Math.floor(Math.random() * rows);
  return Math.random() < writes
    ? `UPDATE rows_read SET k=k+1 WHERE id=${id}`
    : `SELECT c FROM rows_read WHERE id=${id}`;
};

/** One client, until the load ends. A statement counts in the window in which it was sent. */
function drive(connection) {
  return new Promise((resolve) => {
    let startedMs = 0;
    let window = windows.at(-1);
    const fail = (text) => {
      window.failed += 1;
      if (window.errors.size < 5) window.errors.add(text);
    };
    const sink = {
      onData() {},
      onTerminal({ type, payload }) {
        if (type === 'err') fail(payload.toString('latin1', 9));
      },
      onLocalInfile() {},
      onLost(error) {
        fail(error.message);
        resolve();
      },
      onEnd() {
        const tookUs = Math.round((performance.now() - startedMs) * 1000);
        window.latencies.record(Math.max(1, tookUs));
        if (running) send();
        else resolve();
      },
    };
    const send = () => {
      startedMs = performance.now();
      window = windows.at(-1);
      connection.send(commandPacket(comQuery, Buffer.from(statement())), 'query', sink);
    };
    send();
  });
}

beginWindow('start');
const connections = await Promise.all(Array.from({ length: clients }, connect));
const work = connections.map(drive);
console.log('ready');
for await (const name of createInterface({ input: process.stdin })) beginWindow(name);
running = false;
await Promise.all(work);
for (const connection of connections) connection.end();
console.log(
  JSON.stringify(
    windows.map(({ name, latencies, failed, errors }) => ({
      name,
      failed,
      errors: [...errors],
      statements: latencies.count,
      p50Ms: latencies.percentile(50) / 1000,
      p99Ms: latencies.percentile(99) / 1000,
      maxMs: latencies.max / 1000,
    })),
  ),
);

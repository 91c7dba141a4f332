// A load driver of our own, a process by itself: sends statements at a fixed rate over many
// connections and prints, as JSON, how long their answers took.
//
// Latencies are free of coordinated omission: a statement that is due while its connection still
// waits for the answer before is counted from when it was due, as if a client had come by then.
// One that is sent late only because this process woke up late is counted from when it was sent.
//
//   node bench/driver.mjs '{"port": 3300, "connections": 32, "idle": 0, "rate": 5000, …}'
import { createHistogram } from 'node:perf_hooks';
import { commandPacket } from '../dist/nodes/node-connection.js';
import { connectApp } from './app-connection.mjs';

const { port, connections, idle, rate, seconds, tableSize } = JSON.parse(process.argv[2]);

const connect = () => connectApp(port);

/** Logs in so many, a few at a time: a server's queue of connections is short. */
async function connectAll(count) {
  const all = [];
  while (all.length < count) {
    const some = Math.min(50, count - all.length);
    all.push(...(await Promise.all(Array.from({ length: some }, connect))));
  }
  return all;
}

const comQuery = 3;
const latencies = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });
const periodMs = (1000 * connections) / rate;
let failed = 0;

/** One connection's share of the load, from `startMs` to `endMs`. */
function drive(connection, startMs, endMs) {
  return new Promise((resolve) => {
    let dueMs = startMs;
    let countedFromMs = 0;
    const sink = {
      onData() {},
      onTerminal({ type }) {
        if (type === 'err') failed += 1;
      },
      onLocalInfile() {},
      onLost() {
        failed += 1;
        resolve();
      },
      onEnd() {
        const nowMs = performance.now();
        latencies.record(Math.max(1, Math.round((nowMs - countedFromMs) * 1000)));
        dueMs += periodMs;
        if (dueMs >= endMs) resolve();
        else if (dueMs <= nowMs) send(dueMs);
        else wait();
      },
    };
    const send = (fromMs) => {
      countedFromMs = fromMs;
      const id = 1 + Math.floor(Math.random() * tableSize);
      const text = Buffer.from(`SELECT c FROM sbtest1 WHERE id=${id}`, 'latin1');
      connection.send(commandPacket(comQuery, text), 'query', sink);
    };
    const wait = () => setTimeout(() => send(performance.now()), dueMs - performance.now());
    wait();
  });
}

const idlers = await connectAll(idle);
const busy = await connectAll(connections);
const startMs = performance.now() + 100;
await Promise.all(
  busy.map((connection, index) =>
    // Evenly one behind the other, not all at once.
    drive(connection, startMs + (periodMs * index) / connections, startMs + seconds * 1000),
  ),
);
const tookSeconds = (performance.now() - startMs) / 1000;
console.log(
  JSON.stringify({
    perSecond: latencies.count / tookSeconds,
    failed,
    p50Us: latencies.percentile(50),
    p95Us: latencies.percentile(95),
    p99Us: latencies.percentile(99),
    p999Us: latencies.percentile(99.9),
  }),
);
for (const connection of [...idlers, ...busy]) connection.end();

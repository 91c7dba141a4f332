// Measures the pure parts in a process of its own: `node --expose-gc bench/micro-child.mjs MS`, MS
// milliseconds for each part. Prints, as JSON, `ratio`: the time of one call over that of one run
// of a loop that is always the same, both measured in turns, of which the fastest was the least
// disturbed; and `bytes`: what one call allocates, the least of several turns.
import { parts } from './micro-parts.mjs';

const forMs = Number(process.argv[2]);
const turns = 30;
const allocationTurns = 5;

const block = Buffer.alloc(4096, 7);
/** The reference: FNV-1a over 4 KiB. */
function reference() {
  let hash = 0x811c9dc5;
  for (let at = 0; at < block.length; at++) hash = Math.imul(hash ^ block[at], 0x01000193);
  return hash;
}

let sink;

/** Nanoseconds of one call, of as many as fit into the time. */
function time(call, ms) {
  let count = 0;
  let batch = 1;
  const startedMs = performance.now();
  let nowMs = startedMs;
  while (nowMs - startedMs < ms) {
    for (let index = 0; index < batch; index++) sink = call();
    count += batch;
    nowMs = performance.now();
    if (nowMs - startedMs < ms / 8) batch *= 2;
  }
  return ((nowMs - startedMs) * 1e6) / count;
}

/**
 * Bytes of one call: the least of several turns, each of so few calls that nothing is collected
 * meanwhile. The first ones behind a collection settle.
 */
function allocated(call) {
  const calls = 250;
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < allocationTurns; turn++) {
    globalThis.gc();
    for (let index = 0; index < calls; index++) sink = call();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < calls; index++) sink = call();
    const bytes = (process.memoryUsage().heapUsed - before) / calls;
    // Less than before: something was collected all the same.
    if (bytes >= 0) least = Math.min(least, bytes);
  }
  if (least === Number.POSITIVE_INFINITY) throw new Error('each turn was disturbed');
  return Math.round(least);
}

const figures = {};
for (const [name, make] of Object.entries(parts)) {
  const call = make();
  time(call, forMs);
  time(reference, forMs / 3);
  let own = Number.POSITIVE_INFINITY;
  let other = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < turns; turn++) {
    own = Math.min(own, time(call, forMs / turns));
    other = Math.min(other, time(reference, forMs / turns));
  }
  figures[name] = { ratio: Number((own / other).toPrecision(3)), bytes: allocated(call) };
}
console.log(JSON.stringify(figures));
globalThis.sink = sink;

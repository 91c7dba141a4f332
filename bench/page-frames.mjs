#!/usr/bin/env node
// `node bench/page-frames.mjs`: how smoothly the page draws while fifty events a second come and
// clients read and write: frames a second in each view, the longest time without one, and how much
// of its time the page's thread was busy. On a machine that does other things too, only the last
// says something of the page: it is processor time.
import { setTimeout as delay } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { chromium } from 'playwright-core';
import { ensureBrowser } from '../scripts/install-browser.mjs';
import { ensureEngines } from '../scripts/install-engines.mjs';
import { prepare } from '../scripts/prepare.mjs';
import { startDemo, startWork } from '../scripts/screenshots/demo.mjs';

const seconds = Number(process.argv[2] ?? 10);
const eventsPerSecond = 50;
const views = ['overview', 'events', 'log', 'queries', 'sessions'];
const settleMs = 2_000;

/** Run in the page: when it drew. */
const watchFrames = `
  globalThis.frames_ = [];
  const note = (at) => { frames_.push(at); requestAnimationFrame(note); };
  requestAnimationFrame(note);
`;

async function main() {
  prepare();
  ensureEngines(['mariadb']);
  const demo = await startDemo();
  const stopWork = startWork(demo.port);
  const events = startEvents(demo.port);
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const browser = await chromium.launch({ executablePath: ensureBrowser(), args });
  try {
    const rows = [];
    for (const view of views) rows.push(await measure(browser, `${demo.url}/#/${view}`, view));
    console.table(rows);
    console.log(`${(events.count() / events.seconds()).toFixed(0)} events a second`);
  } finally {
    await browser.close();
    await events.stop();
    await stopWork();
    await demo.close();
  }
}

async function measure(browser, url, view) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busySeconds = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration').value;
  };
  await page.goto(url);
  await page.getByText('Live', { exact: true }).waitFor();
  await delay(settleMs);
  await page.evaluate(watchFrames);
  const before = await busySeconds();
  await delay(seconds * 1_000);
  const busy = (await busySeconds()) - before;
  const at = await page.evaluate('frames_');
  await page.close();
  const gaps = at.slice(1).map((time, index) => time - at[index]);
  const sorted = gaps.toSorted((a, b) => a - b);
  const share = (part) => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
  return {
    view,
    'frames/s': Number(((1_000 * gaps.length) / (at.at(-1) - at[0])).toFixed(1)),
    'p50 ms': Number(share(0.5).toFixed(1)),
    'p99 ms': Number(share(0.99).toFixed(1)),
    'longest ms': Math.round(share(1)),
    'thread busy': `${((100 * busy) / seconds).toFixed(1)} %`,
  };
}

/** Statements that are refused, each of which is an event. */
function startEvents(port) {
  const ending = new AbortController();
  const { signal } = ending;
  let sent = 0;
  const startedMs = performance.now();
  const work = (async () => {
    const address = { host: '127.0.0.1', port, user: 'app', password: 'app', database: 'app' };
    const client = await mysql.createConnection(address);
    while (!signal.aborted) {
      await client.query(`XA START 'x${sent}'`).catch(() => {});
      sent += 1;
      await delay(Math.max(0, startedMs + (sent * 1_000) / eventsPerSecond - performance.now()));
    }
    await client.end();
  })();
  return {
    count: () => sent,
    seconds: () => (performance.now() - startedMs) / 1_000,
    stop: async () => {
      ending.abort();
      await work;
    },
  };
}

await main();

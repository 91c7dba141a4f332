#!/usr/bin/env node
// `npm run screenshots`: pictures of every view of the page, light and dark, narrow and wide, in
// docs/images/. Needs a database server and Chromium; both are installed when they are missing.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { ensureBrowser } from './install-browser.mjs';
import { ensureEngines } from './install-engines.mjs';
import { prepare, projectFolder } from './prepare.mjs';
import { compareNodes, repairNodes, startDemo, startWork } from './screenshots/demo.mjs';
import { shrinkPng } from './screenshots/shrink-png.mjs';

const folder = join(projectFolder, 'docs', 'images');
const settleMs = 1_500;
/** So much is seen in the charts. */
const workMs = 45_000;
const outageMs = 6_000;

const views = [
  'overview',
  'console',
  'log',
  'events',
  'queries',
  'sessions',
  'strategy',
  'settings',
];

const example = [
  '-- Who came last?',
  'SELECT id, name, email, created_at FROM users',
  "WHERE name LIKE 'Person%'",
  'ORDER BY id DESC LIMIT 200;',
];

const windows = [
  { suffix: 'light', theme: 'light', width: 1440, height: 900 },
  { suffix: 'dark', theme: 'dark', width: 1440, height: 900 },
  { suffix: 'narrow', theme: 'light', width: 375, height: 812 },
  { suffix: 'wide', theme: 'dark', width: 2560, height: 1200 },
];

async function main() {
  prepare();
  ensureEngines(['mariadb']);
  const executablePath = ensureBrowser();
  mkdirSync(folder, { recursive: true });
  const demo = await startDemo();
  const stopWork = startWork(demo.port);
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const browser = await chromium.launch({ executablePath, args });
  try {
    await delay(workMs);
    for (const window of windows) await shootAll(browser, demo.url, window);
    await compareNodes(demo);
    for (const window of windows) await shootDiffering(browser, demo.url, window);
    await repairNodes(demo);
    await server(demo.url, 'kill');
    await delay(outageMs);
    for (const window of windows.slice(0, 2)) await shootOutage(browser, demo.url, window);
  } finally {
    await browser.close();
    await stopWork();
    await demo.close();
  }
}

async function server(url, action) {
  const response = await fetch(`${url}/demo/nodes/mysql2/${action}`, { method: 'POST' });
  if (!response.ok) throw new Error(`${action}: ${await response.text()}`);
}

async function shootAll(browser, url, window) {
  const page = await open(browser, window);
  for (const view of views) {
    await page.goto(`${url}/#/${view}`);
    await delay(settleMs);
    if (view === 'console') await runExample(page);
    await shoot(page, `${view}-${window.suffix}`);
  }
  if (window.suffix !== 'wide') {
    await shootJoining(page, { url, suffix: window.suffix });
    await shootLogin(page, { url, suffix: window.suffix });
  }
  await page.context().close();
}

/** One node holds something else: what a comparison says, and the same statement on every node. */
async function shootDiffering(browser, url, window) {
  const page = await open(browser, window);
  await page.goto(`${url}/#/verify`);
  await delay(settleMs);
  await shoot(page, `verify-${window.suffix}`);
  await page.goto(`${url}/#/console`);
  await shootSides(page, window.suffix);
  await page.context().close();
}

async function shootSides(page, suffix) {
  const where = page.getByRole('combobox', { name: 'Where it runs' });
  await where.selectOption('*');
  await runSql(page, 'SELECT id, name, email\nFROM users\nWHERE id < 5\nORDER BY id;');
  await page.getByRole('region', { name: 'Answer of mysql5' }).getByRole('cell').first().waitFor();
  await delay(settleMs);
  await shoot(page, `sides-${suffix}`);
}

/** The form that adds a node, with what is wrong at its fields. */
async function shootJoining(page, { url, suffix }) {
  await page.goto(`${url}/#/overview`);
  await page.getByRole('button', { name: 'Add a node' }).click();
  const form = page.getByRole('dialog', { name: 'Add a node' });
  const [node] = await (await fetch(`${url}/nodes`)).json();
  const [host, port] = node.address.split(':');
  const typed = { Name: 'mysql6', Host: host, Port: port, User: 'lockstep', Password: 'secret' };
  for (const [name, value] of Object.entries(typed)) {
    await form.getByLabel(name, { exact: true }).fill(value);
  }
  await form.getByRole('button', { name: 'Add node' }).click();
  await form.getByRole('alert').waitFor();
  await delay(settleMs);
  await shoot(page, `join-${suffix}`);
}

/** As where accounts are configured; the demo has none. */
async function shootLogin(page, { url, suffix }) {
  const problem = { status: 401, code: 'login_required', message: 'log in first' };
  const contentType = 'application/problem+json';
  await page.route('**/me', (route) => route.fulfill({ status: 401, contentType, json: problem }));
  await page.goto(`${url}/?login`);
  await page.getByRole('form').waitFor();
  await delay(settleMs);
  await shoot(page, `login-${suffix}`);
  await page.unroute('**/me');
}

/** A node is away: what it misses piles up. */
async function shootOutage(browser, url, window) {
  const page = await open(browser, window);
  for (const [view, name] of [
    ['overview', 'outage'],
    ['log/mysql2', 'pending'],
  ]) {
    await page.goto(`${url}/#/${view}`);
    await delay(settleMs);
    await shoot(page, `${name}-${window.suffix}`);
  }
  await page.goto(`${url}/#/events`);
  const down = page.getByRole('listitem').filter({ hasText: 'mysql2 is DOWN' }).first();
  await down.getByRole('link').click();
  await delay(settleMs);
  await shoot(page, `moment-${window.suffix}`);
  await page.goto(`${url}/#/overview`);
  await page.getByRole('button', { name: 'Actions for mysql1' }).click();
  await page.getByRole('menuitem', { name: /^Kill/ }).click();
  await delay(settleMs);
  await shoot(page, `question-${window.suffix}`);
  await page.context().close();
}

async function open(browser, { theme, width, height }) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: 'reduce',
  });
  return await context.newPage();
}

async function runSql(page, sql) {
  await page.getByRole('textbox', { name: 'SQL' }).click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(sql);
  await page.keyboard.press('ControlOrMeta+Enter');
}

async function runExample(page) {
  await runSql(page, example.join('\n'));
  await page.getByRole('cell').first().waitFor();
  await delay(settleMs);
}

async function shoot(page, name) {
  const small = shrinkPng(await page.screenshot());
  writeFileSync(join(folder, `${name}.png`), small);
  console.log(`docs/images/${name}.png: ${Math.round(small.length / 1024)} KiB`);
}

await main();

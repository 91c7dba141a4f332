import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { faultPoints } from '../../src/base/fault-points.ts';
import { connectTo, engines, expectEqualNodes } from '../support/cluster.ts';
import { extended } from '../support/extended.ts';
import { act, confirmAction, goTo, nodeCard, statusLine } from './acts.ts';
import { browsers, launch, openPage, type OpenedPage } from './browser.ts';
import { openDemo, type OpenDemo } from './open-demo.ts';

const cases = browsers().flatMap((path) => engines().map(({ name }) => ({ path, name })));

const missed = 60;
const batch = 5;

describe.each(cases)('nodes, acted on from the page, $name', ({ path, name }) => {
  let browser: Browser;
  let demo: OpenDemo;
  let opened: OpenedPage;
  let page: Page;

  beforeAll(async () => {
    [browser, demo] = await Promise.all([launch(path), openDemo(name, 3)]);
    opened = await openPage(browser, { url: demo.url });
    page = opened.page;
    await statusLine(page).getByText('3 of 3 nodes in sync').waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    await goTo(page, 'Overview');
  });

  const control = () => demo.demo.balancer.control;
  const state = (node: string, text: string) =>
    nodeCard(page, node).getByText(text, { exact: true }).waitFor();
  const actAndConfirm = async (node: string, action: RegExp): Promise<void> => {
    await act(page, node, action);
    await confirmAction(page, node);
  };

  test('drains, disables and enables a node', extended, async () => {
    for (const action of [/^Drain/, /^Disable/]) {
      await actAndConfirm('mysql2', action);
      await state('mysql2', 'DISABLED');
      await statusLine(page).getByText('mysql2 is DISABLED').waitFor();
      await act(page, 'mysql2', /^Enable/);
      await state('mysql2', 'UP');
    }
    await statusLine(page).getByText('All well').waitFor();
  });

  test('a server that is paused is out until it goes on', extended, async () => {
    await actAndConfirm('mysql3', /^Pause/);
    await state('mysql3', 'DOWN');
    await state('mysql3', 'server paused');
    await statusLine(page).getByText('the server does not answer').waitFor();
    await act(page, 'mysql3', /^Resume/);
    await state('mysql3', 'UP');
  });

  test('a replay shows how far it is, how fast, and how long it takes', extended, async () => {
    await control().settings.change({ 'apply.batch_entries_max': batch }, 'local');
    await actAndConfirm('mysql2', /^Stop/);
    await state('mysql2', 'DOWN');
    const client = await connectTo({ port: demo.port }, { database: 'app' });
    for (let count = 0; count < missed; count += 1) {
      await client.query('UPDATE users SET name = ? WHERE id = 1', [`name ${count}`]);
    }
    await client.end();
    await nodeCard(page, 'mysql2').getByText(`${missed} commands pending for mysql2`).waitFor();
    let goOn = (): void => {};
    const seen = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let batches = 0;
    const disarm = faultPoints.arm(async (point, node) => {
      if (point !== 'follower.sent' || node !== 'mysql2') return;
      batches += 1;
      // The first is seen to begin, the fourth is held until it was seen how far the others came.
      if (batches === 1) await nodeCard(page, 'mysql2').getByText('0 of 60 replayed').waitFor();
      if (batches === 4) await seen;
    });
    await act(page, 'mysql2', /^Start/);
    await nodeCard(page, 'mysql2')
      .getByText(/^15 of 60 replayed, [\d.]+\/s, .+ left$/)
      .waitFor();
    goOn();
    await state('mysql2', 'UP');
    disarm();
    expect(await nodeCard(page, 'mysql2').getByRole('progressbar').count()).toBe(0);
    await expectEqualNodes(demo.demo.servers);
  });

  test('an event leads to its moment in the charts', extended, async () => {
    await goTo(page, 'Timeline');
    await page.getByRole('combobox', { name: 'Kind of event' }).selectOption('Settings');
    await page.getByText(`apply.batch_entries_max from 512 to ${batch} (by local)`).waitFor();
    await page.getByRole('combobox', { name: 'Node' }).selectOption('mysql2');
    await page.getByRole('combobox', { name: 'Kind of event' }).selectOption('Nodes');
    const line = page.getByRole('listitem').filter({ hasText: 'mysql2 is DOWN' }).first();
    const time = (await line.getByRole('link').textContent()) ?? '';
    await line.getByRole('link').click();
    const charts = page.getByRole('region', { name: 'Last hour' });
    await charts.getByText(`at ${time}, mysql2 is DOWN`).waitFor();
    const inSight = async () => (await charts.boundingBox())?.y ?? Number.POSITIVE_INFINITY;
    await expect.poll(inSight).toBeLessThan(300);
    await charts.getByText('1 h', { exact: true }).click();
    expect(await charts.getByRole('radio', { name: '1 h' }).isChecked()).toBe(true);
    await page.reload();
    await charts.getByText(`at ${time}, mysql2 is DOWN`).waitFor();
    await charts.getByRole('img', { name: 'Pending commands by node, now: mysql1 0' }).waitFor();
    await charts.getByRole('link', { name: 'back' }).click();
    await charts.getByText(`at ${time}`).waitFor({ state: 'detached' });
  });

  test('makes a node a copy of the others', extended, async () => {
    const odd = await connectTo({ port: demo.demo.servers[2]?.port ?? 0 }, { user: 'root' });
    await odd.query("UPDATE app.users SET name = 'G. Hopper' WHERE id = 2");
    await odd.end();
    await actAndConfirm('mysql3', /^Disable/);
    await state('mysql3', 'DISABLED');
    let goOn = (): void => {};
    const seen = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const disarm = faultPoints.arm(async (point) => {
      if (point === 'resync.table') await seen;
    });
    await actAndConfirm('mysql3', /^Resync/);
    await state('mysql3', 'RESYNCING');
    await nodeCard(page, 'mysql3')
      .getByText(/table \d of \d from mysql\d, \d rows/)
      .waitFor();
    goOn();
    await state('mysql3', 'UP');
    disarm();
    await expectEqualNodes(demo.demo.servers);
  });

  test('removes a node, and leaves its server alone', extended, async () => {
    await actAndConfirm('mysql3', /^Disable/);
    await state('mysql3', 'DISABLED');
    await actAndConfirm('mysql3', /^Remove/);
    await nodeCard(page, 'mysql3').waitFor({ state: 'detached' });
    await statusLine(page).getByText('2 of 2 nodes in sync').waitFor();
    const left = await connectTo({ port: demo.demo.servers[2]?.port ?? 0 }, { user: 'root' });
    const [rows] = await left.query('SELECT COUNT(*) AS count FROM app.users');
    await left.end();
    expect(rows).toEqual([{ count: 3 }]);
    expect(opened.faults).toEqual([]);
  });
});

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '../support/cluster.ts';
import { act, confirmAction, goTo, nodeCard, runSql, statusLine } from './acts.ts';
import { browsers, launch, type OpenedPage, openPage } from './browser.ts';
import { openDemo, type OpenDemo } from './open-demo.ts';

// One engine: to the page they are the same, and the scenario runs on both.
const cases = browsers().flatMap((path) =>
  engines()
    .slice(0, 1)
    .map(({ name }) => ({ path, name })),
);

describe.each(cases)('the page before $name', ({ path, name }) => {
  let browser: Browser;
  let demo: OpenDemo;
  let opened: OpenedPage;

  beforeAll(async () => {
    [browser, demo] = await Promise.all([launch(path), openDemo(name, 2)]);
    opened = await openPage(browser, { url: demo.url });
  });

  afterAll(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  test('says at the top how things are, and shows every node', async () => {
    const { page } = opened;
    await statusLine(page).getByText('2 of 2 nodes in sync, nothing pending').waitFor();
    await statusLine(page).getByText('All well').waitFor();
    for (const node of ['mysql1', 'mysql2']) await nodeCard(page, node).getByText('UP').waitFor();
  });

  test('asks before a node is drained, and leaves it when the answer is no', async () => {
    const { page } = opened;
    await act(page, 'mysql2', /^Drain/);
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText('mysql2 finishes the reads it has').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(demo.demo.balancer.control.node('mysql2').state).toBe('UP');
    await act(page, 'mysql2', /^Drain/);
    await confirmAction(page, 'mysql2');
    await nodeCard(page, 'mysql2').getByText('DISABLED').waitFor();
    await act(page, 'mysql2', /^Enable/);
    await nodeCard(page, 'mysql2').getByText('UP').waitFor();
  });

  test('runs SQL, shows the rows and the node, and what is wrong with a statement', async () => {
    const { page } = opened;
    await goTo(page, 'SQL console');
    await runSql(page, 'SELECT id, name FROM users ORDER BY id');
    const result = page.getByRole('region', { name: 'Result' });
    await result.getByRole('cell', { name: 'Ada Lovelace' }).waitFor();
    expect(await result.textContent()).toMatch(/3 rows from mysql[12]/);
    await runSql(page, 'SELECT nothing FROM users');
    await page.getByRole('alert').getByText('Error 1054').waitFor();
  });

  test('nothing in it went wrong', () => {
    expect(opened.faults).toEqual([]);
  });
});

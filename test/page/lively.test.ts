import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';
import { type BalancerProcess, prepareBalancerProcess } from '../support/balancer-process.ts';
import { extended } from '../support/extended.ts';
import { goTo, runSql, statusLine } from './acts.ts';
import { browsers, launch, openPage } from './browser.ts';

const cases = browsers().flatMap((path) =>
  engines()
    .slice(0, 1)
    .map((engine) => ({ path, engine })),
);

/** Run in the page: what kept it from drawing for more than 50 ms. */
const watchLongTasks = `
  globalThis.tasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tasks.push(duration);
  }).observe({ type: 'longtask' });
`;

const tenThousandRows =
  'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) ' +
  "SELECT (a.i - 1) * 100 + b.i AS number, CONCAT('row ', (a.i - 1) * 100 + b.i) AS word " +
  'FROM n a JOIN n b ORDER BY 1';

describe.each(cases)('the page beside a balancer of its own', ({ path, engine }) => {
  let browser: Browser;
  let servers: TestServers;
  let balancer: BalancerProcess;

  beforeAll(async () => {
    [browser, servers] = await Promise.all([launch(path), startServers({ engine, count: 2 })]);
    balancer = await prepareBalancerProcess(servers);
    await balancer.start();
  });

  afterAll(async () => {
    await browser?.close();
    await balancer?.close();
    await servers?.close();
  });

  const url = () => `http://127.0.0.1:${balancer.httpPort}`;

  test('says that the balancer is away, and is back by itself with it', extended, async () => {
    await using opened = await openPage(browser, { url: url() });
    const { page } = opened;
    await statusLine(page).getByText('All well').waitFor();
    await balancer.kill();
    await statusLine(page).getByText('No connection').waitFor();
    await page.getByText('Reconnecting').waitFor();
    await balancer.start();
    await statusLine(page).getByText('All well').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await goTo(page, 'Timeline');
    await expect.poll(() => page.getByText('Balancer started').count()).toBe(2);
    expect(opened.faults).toEqual([]);
  });

  test('stays quick while fifty events come every second', extended, async () => {
    await using opened = await openPage(browser, { url: `${url()}/#/events` });
    const { page } = opened;
    await statusLine(page).getByText('All well').waitFor();
    await page.evaluate(watchLongTasks);
    const client = await connectTo({ port: balancer.port }, { database: 'app' });
    await client.query('CREATE TABLE IF NOT EXISTS seen (id INT PRIMARY KEY)');
    const seconds = 5;
    const startedMs = performance.now();
    for (let count = 0; count < 50 * seconds; count += 1) {
      await client.query('XA START ?', [`x${count}`]).catch(() => {});
      const dueMs = startedMs + count * 20;
      await page.waitForTimeout(Math.max(0, dueMs - performance.now()));
    }
    await client.end();
    await page.getByText('Statement refused').first().waitFor();
    const tasks = await page.evaluate<number[]>('tasks');
    const busyMs = tasks.reduce((sum, duration) => sum + duration, 0);
    const tookMs = performance.now() - startedMs;
    const figures = `${tasks.length} long tasks, ${Math.round(busyMs)} of ${Math.round(tookMs)} ms`;
    expect(busyMs / tookMs, figures).toBeLessThan(0.2);
  });

  test('ten thousand rows scroll as forty do', extended, async () => {
    await using opened = await openPage(browser, { url: `${url()}/#/console` });
    const { page } = opened;
    await page.getByRole('combobox', { name: 'Rows' }).selectOption('10,000');
    await runSql(page, tenThousandRows);
    const grid = page.getByRole('table', { name: 'Result' });
    await grid.waitFor();
    await expect.poll(() => grid.getByRole('row').count()).toBeLessThan(80);
    await grid.evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await grid.getByRole('cell', { name: 'row 10000' }).waitFor();
    expect(await grid.getByRole('row').count()).toBeLessThan(80);
  });
});

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

const burst = 300;

interface Drawn {
  readonly drawings: number;
  readonly frames: number;
  /** The most that there were at once. */
  readonly rows: number;
}

/** Run in the page: how often its list of events is drawn anew, beside the browser's frames. */
const countDrawings = `
  globalThis.drawn = { drawings: 0, frames: 0, rows: 0 };
  const list = document.querySelector('.rows-box ol');
  new MutationObserver(() => {
    drawn.drawings += 1;
    drawn.rows = Math.max(drawn.rows, list.children.length);
  }).observe(list, { childList: true, subtree: true, characterData: true });
  requestAnimationFrame(function next() {
    drawn.frames += 1;
    requestAnimationFrame(next);
  });
`;

interface ChartsDrawn {
  readonly drawings: number;
  /** How often the figures came. */
  readonly answers: number;
  readonly charts: number;
}

/** Run in the page: each drawing of a chart begins by clearing its canvas. */
const countChartDrawings = `
  performance.clearResourceTimings();
  let drawings = 0;
  const { clearRect } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function (...place) {
    drawings += 1;
    return clearRect.apply(this, place);
  };
  globalThis.chartsDrawn = () => ({
    drawings,
    answers: performance
      .getEntriesByType('resource')
      .filter(({ name }) => name.includes('/history')).length,
    charts: document.querySelectorAll('.chart').length,
  });
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

  /** Statements that are refused, each of which is an event. */
  const refused = async (times: number): Promise<void> => {
    const client = await connectTo({ port: balancer.port }, { database: 'app' });
    for (let count = 1; count <= times; count += 1) {
      await client.query(`XA START 'x${count}x'`).catch(() => {});
    }
    await client.end();
  };

  test('says that the balancer is away, and is back by itself with it', extended, async () => {
    await using opened = await openPage(browser, { url: url() });
    const { page } = opened;
    await statusLine(page).getByText('All well').waitFor();
    // The status may be there before the first events are.
    await goTo(page, 'Timeline');
    await page.getByText('Balancer started').waitFor();
    await balancer.kill();
    await statusLine(page).getByText('No connection').waitFor();
    await page.getByText('Reconnecting').waitFor();
    await balancer.start();
    await statusLine(page).getByText('All well').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText('Balancer started').nth(1).waitFor();
    expect(opened.faults).toEqual([]);
  });

  test('draws events at most once a frame, and only those that are seen', extended, async () => {
    await using opened = await openPage(browser, { url: `${url()}/#/events` });
    const { page } = opened;
    await page.locator('.rows-box ol').waitFor();
    await page.evaluate(countDrawings);
    await refused(burst);
    await page.getByText(`XA START 'x${burst}x'`).first().waitFor();
    const { drawings, frames, rows } = await page.evaluate<Drawn>('drawn');
    expect(drawings).toBeGreaterThan(0);
    expect(drawings).toBeLessThanOrEqual(frames);
    expect(rows).toBeLessThan(80);
  });

  test('charts are drawn when there are new figures, not for every event', extended, async () => {
    await using opened = await openPage(browser, { url: url() });
    const { page } = opened;
    await page.getByRole('heading', { name: 'Errors per second' }).waitFor();
    await page.evaluate(countChartDrawings);
    await refused(burst);
    await page.getByText(`XA START 'x${burst}x'`).first().waitFor();
    const { drawings, answers, charts } = await page.evaluate<ChartsDrawn>('chartsDrawn()');
    expect(charts).toBe(6);
    // One for what was under way, and one for the answer that was read but not drawn yet.
    expect(drawings).toBeLessThanOrEqual(charts * (answers + 2));
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

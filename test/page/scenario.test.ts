import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectTo, engines, expectEqualNodes } from '../support/cluster.ts';
import { extended } from '../support/extended.ts';
import { act, confirmAction, goTo, nodeCard, runSql, statusLine } from './acts.ts';
import { browsers, launch, type OpenedPage, openPage } from './browser.ts';
import { openDemo, type OpenDemo } from './open-demo.ts';

const cases = browsers().flatMap((path) => engines().map(({ name }) => ({ path, name })));
const writes = 30;

describe.each(cases)('a node that is away, watched from the page, $name', ({ path, name }) => {
  let browser: Browser;
  let demo: OpenDemo;
  let opened: OpenedPage;

  beforeAll(async () => {
    [browser, demo] = await Promise.all([launch(path), openDemo(name, 5)]);
    opened = await openPage(browser, { url: demo.url });
  });

  afterAll(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  const pendingIn = async (page: Page): Promise<number> => {
    const line = page.getByRole('status').filter({ hasText: 'pending for mysql2' });
    return Number.parseInt((await line.textContent()) ?? '', 10);
  };

  test.each(['Stop', 'Kill'])(
    '%s: commands pile up, drain, and are gone',
    extended,
    async (how) => {
      const { page } = opened;
      await goTo(page, 'Overview');
      await statusLine(page).getByText('5 of 5 nodes in sync, nothing pending').waitFor();
      await act(page, 'mysql2', new RegExp(`^${how} server`));
      await confirmAction(page, 'mysql2');
      await nodeCard(page, 'mysql2').getByText('DOWN').waitFor();
      await statusLine(page).getByText('Degraded').waitFor();

      await goTo(page, 'SQL console');
      const email = `${how.toLowerCase()}@example.org`;
      await runSql(page, `INSERT INTO users (name, email) VALUES ('${how}', '${email}')`);
      const result = page.getByRole('region', { name: 'Result' });
      await result.getByText('1 row affected').waitFor();
      const client = await connectTo({ port: demo.port }, { database: 'app' });
      for (let count = 1; count < writes; count += 1) {
        await client.query('UPDATE users SET name = CONCAT(LEFT(name, 40), ?) WHERE id = 1', [
          count,
        ]);
      }
      await client.end();

      await goTo(page, 'Command log');
      await page.getByRole('navigation', { name: 'Command log of' }).getByText('mysql2').click();
      const log = page.getByRole('table', { name: 'Command log of mysql2' });
      await log.getByRole('row').filter({ hasText: email }).waitFor();
      await expect.poll(() => pendingIn(page)).toBe(writes);
      await page.getByRole('searchbox').fill(email);
      expect(await log.getByRole('row').count()).toBe(2);
      await page.getByRole('searchbox').fill('');

      await goTo(page, 'Overview');
      await act(page, 'mysql2', /^Start server/);
      await goTo(page, 'Command log');
      await page.getByRole('navigation', { name: 'Command log of' }).getByText('mysql2').click();
      await page.getByText('mysql2 has every entry').waitFor();
      expect(await pendingIn(page)).toBe(0);
      await statusLine(page).getByText('All well').waitFor();
      await goTo(page, 'Timeline');
      await page.getByText('mysql2 has caught up').first().waitFor();
      await expectEqualNodes(demo.demo.servers);
    },
  );

  test('a strategy that is chosen moves the shares', extended, async () => {
    const { page } = opened;
    await goTo(page, 'Strategy');
    await page.getByRole('radio', { name: /^Weighted round robin/ }).check();
    const weight = page.getByRole('textbox', { name: 'Weight of mysql3' });
    await weight.fill('9');
    await weight.press('Enter');
    await expect.poll(() => demo.demo.balancer.control.node('mysql3').weight).toBe(9);
    expect(demo.demo.balancer.control.strategy().name).toBe('weighted_round_robin');
    const client = await connectTo({ port: demo.port }, { database: 'app' });
    const row = page.getByRole('row').filter({ hasText: 'mysql3' });
    await expect
      .poll(async () => {
        for (let count = 0; count < 20; count += 1) await client.query('SELECT 1');
        return Number.parseInt((await row.getByText(/%$/).textContent()) ?? '', 10);
      })
      .toBeGreaterThan(50);
    await client.end();
    expect(opened.faults).toEqual([]);
  });
});

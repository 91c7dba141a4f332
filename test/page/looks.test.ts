import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectTo, engines } from '../support/cluster.ts';
import { extended } from '../support/extended.ts';
import { act, goTo, runSql, sqlEditor, statusLine, views, violations } from './acts.ts';
import { browsers, launch, openPage } from './browser.ts';
import { openDemo, type OpenDemo } from './open-demo.ts';

const cases = browsers().flatMap((path) =>
  engines()
    .slice(0, 1)
    .map(({ name }) => ({ path, name })),
);

/** Run in the page: by how much it, or its main part, is wider than what is seen of it. */
const pixelsBeyond = `
  [document.documentElement, document.querySelector('main')].map(
    (one) => one.scrollWidth - one.clientWidth,
  )
`;

/** Run in the page, and within the editor's root if the focus is there. */
const nameOfFocused = `
  (() => {
    const host = document.activeElement;
    const element = host.shadowRoot?.activeElement ?? host;
    return element.getAttribute('aria-label') ?? element.textContent ?? '';
  })()
`;

describe.each(cases)('how the page looks and is reached', ({ path, name }) => {
  let browser: Browser;
  let demo: OpenDemo;

  beforeAll(async () => {
    [browser, demo] = await Promise.all([launch(path), openDemo(name, 3)]);
    // One node is made to differ, so that there is something to show of a comparison.
    const odd = await connectTo({ port: demo.demo.servers[2]?.port ?? 0 }, { user: 'root' });
    await odd.query("UPDATE app.users SET name = 'G. Hopper' WHERE id = 2");
    await odd.end();
    await demo.demo.balancer.control.verify({ rows: true });
  });

  afterAll(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  test.each(['light', 'dark'] as const)(
    'axe finds nothing in any view, %s',
    extended,
    async (theme) => {
      await using opened = await openPage(browser, { url: demo.url, theme });
      const { page } = opened;
      const found: string[] = [];
      for (const view of views) {
        await goTo(page, view);
        if (view === 'SQL console') {
          await runSql(page, 'SELECT * FROM users');
          await page.getByRole('cell', { name: 'Ada Lovelace' }).waitFor();
        }
        if (view === 'Verify') await page.getByRole('cell', { name: 'G. Hopper' }).waitFor();
        found.push(...(await violations(page)).map((one) => `${view}: ${one}`));
      }
      await goTo(page, 'Overview');
      await page.getByRole('button', { name: 'Actions for mysql2' }).click();
      await page.getByRole('menuitem', { name: /^Kill/ }).waitFor();
      found.push(...(await violations(page)).map((one) => `menu: ${one}`));
      await page.keyboard.press('Escape');
      await act(page, 'mysql2', /^Kill/);
      await page.getByRole('alertdialog').waitFor();
      found.push(...(await violations(page)).map((one) => `dialog: ${one}`));
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Add a node' }).click();
      await page.getByRole('button', { name: 'Add node' }).click();
      await page.getByRole('alert').first().waitFor();
      found.push(...(await violations(page)).map((one) => `form: ${one}`));
      expect(found).toEqual([]);
      expect(opened.faults).toEqual([]);
    },
  );

  test.each([375, 768, 2560])('no view is wider than %i px', extended, async (width) => {
    await using opened = await openPage(browser, { url: demo.url, width });
    const { page } = opened;
    await statusLine(page).getByText('Needs you').waitFor();
    const wide: string[] = [];
    for (const view of views) {
      if (width < 800) await page.getByRole('button', { name: 'Menu' }).click();
      await goTo(page, view);
      if (view === 'Verify') await page.getByRole('cell', { name: 'G. Hopper' }).waitFor();
      const beyond = await page.evaluate<number[]>(pixelsBeyond);
      if (beyond.some((pixels) => pixels > 0)) wide.push(`${view}: ${beyond.join(', ')}`);
    }
    if (width < 800) await page.getByRole('button', { name: 'Menu' }).click();
    await goTo(page, 'Overview');
    await page.getByRole('button', { name: 'Add a node' }).click();
    const form = page.getByRole('dialog', { name: 'Add a node' });
    await form.waitFor();
    const box = await form.boundingBox();
    expect(box?.x).toBeGreaterThanOrEqual(0);
    expect((box?.x ?? 0) + (box?.width ?? width + 1)).toBeLessThanOrEqual(width);
    expect(wide).toEqual([]);
  });

  test('everything can be done by the keyboard alone', extended, async () => {
    await using opened = await openPage(browser, { url: demo.url });
    const { page } = opened;
    await statusLine(page).getByText('Needs you').waitFor();
    const press = async (key: string, times = 1): Promise<void> => {
      for (let count = 0; count < times; count += 1) await page.keyboard.press(key);
    };
    const tabTo = async (label: string): Promise<void> => {
      const reached: string[] = [];
      while (reached.length < 60) {
        await press('Tab');
        const focused = (await page.evaluate<string>(nameOfFocused)).trim();
        if (focused === label) return;
        reached.push(focused);
      }
      throw new Error(`the tabulator does not reach ${label}, but ${reached.join(', ')}`);
    };
    await tabTo('Actions for mysql2');
    await press('Enter');
    await page.getByRole('menuitem', { name: /^Drain/ }).waitFor();
    await press('Home');
    await press('Enter');
    const dialog = page.getByRole('alertdialog');
    await dialog.waitFor();
    await press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await tabTo('Add a node');
    await press('Enter');
    await page.getByRole('dialog', { name: 'Add a node' }).waitFor();
    await page.keyboard.type('mysql9');
    await tabTo('Add node');
    await press('Enter');
    await page.getByRole('alert').first().waitFor();
    expect(await page.getByLabel('Host').evaluate((one) => one.matches(':focus'))).toBe(true);
    await press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect((await page.evaluate<string>(nameOfFocused)).trim()).toBe('Add a node');
    await tabTo('SQL console');
    await press('Enter');
    await page.getByRole('heading', { level: 1, name: 'SQL console' }).waitFor();
    // The editor comes behind its page.
    await sqlEditor(page).waitFor();
    await tabTo('SQL');
    await press('ControlOrMeta+A');
    await page.keyboard.insertText('SELECT 41 + 1 AS answer');
    await press('ControlOrMeta+Enter');
    await page.getByRole('cell', { name: '42' }).waitFor();
    // The editor lets the tabulator go on.
    await tabTo('Copy');
    expect(demo.demo.balancer.control.node('mysql2').state).toBe('UP');
  });
});

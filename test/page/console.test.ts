import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectTo, engines } from '../support/cluster.ts';
import { extended, extendedIf } from '../support/extended.ts';
import { goTo, runOn, runSql, sqlEditor, sqlResult, writeSql } from './acts.ts';
import { browsers, launch, openPage, type OpenedPage } from './browser.ts';
import { openDemo, type OpenDemo } from './open-demo.ts';

const cases = browsers().flatMap((path) =>
  engines().map(({ name }, index) => ({ path, name, later: index > 0 })),
);

const numbersTo = (last: number): string =>
  `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${last}) ` +
  'SELECT i FROM n';

describe.each(cases)('the SQL console, $name', ({ path, name, later }) => {
  const own = extendedIf(later);
  let browser: Browser;
  let demo: OpenDemo;
  let opened: OpenedPage;
  let page: Page;

  beforeAll(async () => {
    [browser, demo] = await Promise.all([launch(path), openDemo(name, 3)]);
    opened = await openPage(browser, { url: `${demo.url}/#/console` });
    page = opened.page;
    await sqlEditor(page).waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  const column = (header: string) => sqlResult(page).getByRole('columnheader', { name: header });
  const cell = (text: string) => sqlResult(page).getByRole('cell', { name: text, exact: true });
  const answerOf = (node: string) => page.getByRole('region', { name: `Answer of ${node}` });
  const fault = () => page.locator('.cm-fault');
  /** At a node itself, as nobody should. */
  const behindTheBack = async (node: number, sql: string): Promise<void> => {
    const port = demo.demo.servers[node - 1]?.port ?? 0;
    const connection = await connectTo({ port }, { user: 'root', database: 'app' });
    await connection.query(sql);
    await connection.end();
  };

  test('runs the statement at the cursor, or what is selected', own, async () => {
    await writeSql(page, 'SELECT 1 AS one;\nSELECT 2 AS two;');
    await page.keyboard.press('ControlOrMeta+Enter');
    await column('two').waitFor();
    await page.keyboard.press('ControlOrMeta+Home');
    await page.keyboard.press('ControlOrMeta+Enter');
    await column('one').waitFor();
    for (let count = 0; count < 'SELECT 1'.length; count += 1) {
      await page.keyboard.press('Shift+ArrowRight');
    }
    await page.keyboard.press('ControlOrMeta+Enter');
    await column('1').waitFor();
    expect(await column('one').count()).toBe(0);
  });

  test('explains a statement on the node that was chosen', own, async () => {
    await runOn(page, 'On mysql2 alone');
    await writeSql(page, 'SELECT name FROM users WHERE id = 1;');
    await page.getByRole('button', { name: 'Explain' }).click();
    // A row a table, or a text of several lines, as the server likes.
    await sqlResult(page)
      .getByText(/possible_keys|Rows fetched before execution/)
      .waitFor();
    expect(await sqlResult(page).textContent()).toMatch(/1 row from mysql2 at entry \d+ in [\d.]+/);
    await writeSql(page, 'SELECT 1;\n\nSELECT nothing FROM users');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByRole('alert').waitFor();
    expect(await fault().allTextContents()).toEqual(['nothing']);
    await runSql(page, 'DELETE FROM users');
    await page.getByRole('alert').getByText('read').first().waitFor();
    await runOn(page, 'Through the balancer');
  });

  test('asks all nodes side by side, and says which answers otherwise', own, async () => {
    await behindTheBack(3, "UPDATE users SET name = 'G. Hopper' WHERE id = 2");
    await runOn(page, 'All nodes, side by side');
    await runSql(page, 'SELECT id, name FROM users WHERE id < 4 ORDER BY id');
    for (const node of ['mysql1', 'mysql2']) {
      await answerOf(node).getByText('same').waitFor();
      await answerOf(node).getByRole('cell', { name: 'Grace Hopper' }).waitFor();
    }
    await answerOf('mysql3').getByText('differs').waitFor();
    await answerOf('mysql3').getByRole('cell', { name: 'G. Hopper' }).waitFor();
    await behindTheBack(3, "UPDATE users SET name = 'Grace Hopper' WHERE id = 2");
    await page.keyboard.press('ControlOrMeta+Enter');
    await answerOf('mysql3').getByText('same').waitFor();
    await behindTheBack(3, 'CREATE TABLE strange (id INT PRIMARY KEY)');
    await runSql(page, 'SELECT * FROM strange');
    await answerOf('mysql3').getByText('differs').waitFor();
    await answerOf('mysql1').getByText('same').waitFor();
    expect(await fault().allTextContents()).toEqual(['strange']);
    await behindTheBack(3, 'DROP TABLE strange');
    await runOn(page, 'Through the balancer');
  });

  test('shows so many rows, and fetches more when asked to', own, async () => {
    await page.getByRole('combobox', { name: 'Rows' }).selectOption('100');
    await runSql(page, numbersTo(250));
    await sqlResult(page).getByText('The first 100 rows from').waitFor();
    await page.getByRole('button', { name: 'Fetch more' }).click();
    await sqlResult(page).getByText('250 rows from').waitFor();
    expect(await page.getByRole('button', { name: 'Fetch more' }).count()).toBe(0);
    expect(await page.getByRole('combobox', { name: 'Rows' }).inputValue()).toBe('1000');
  });

  test('ten thousand rows are fetched, and as many drawn as are seen', extended, async () => {
    await page.getByRole('combobox', { name: 'Rows' }).selectOption('1,000');
    await runSql(page, `WITH a AS (${numbersTo(100)}) SELECT x.i, y.i FROM a x JOIN a y`);
    await sqlResult(page).getByText('The first 1,000 rows from').waitFor();
    await page.getByRole('button', { name: 'Fetch more' }).click();
    await sqlResult(page).getByText('10,000 rows from').waitFor();
    const grid = page.getByRole('table', { name: 'Result' });
    await grid.evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await grid.locator('[aria-rowindex="10001"]').waitFor();
    expect(await grid.getByRole('row').count()).toBeLessThan(80);
    await page.getByRole('combobox', { name: 'Rows' }).selectOption('1,000');
  });

  test('completes tables, columns and keywords', extended, async () => {
    const list = page.getByRole('listbox');
    const complete = async (typed: string, last: string) => {
      await writeSql(page, typed);
      await page.keyboard.type(last);
      await list.waitFor();
    };
    const text = () => sqlEditor(page).textContent();
    await complete('SELECT * FROM us', 'e');
    await list.getByRole('option', { name: 'users' }).click();
    expect(await text()).toBe('SELECT * FROM users');
    await complete('SELECT id FROM users WHERE em', 'a');
    await list.getByRole('option').filter({ hasText: 'email' }).click();
    expect(await text()).toBe('SELECT id FROM users WHERE email');
    await complete('SELECT u.id FROM users u WHERE u.cre', 'a');
    await list.getByRole('option', { name: 'created_at' }).click();
    expect(await text()).toBe('SELECT u.id FROM users u WHERE u.created_at');
    await complete('SELECT id FROM users ORD', 'E');
    await list.getByRole('option', { name: 'ORDER' }).click();
    expect(await text()).toBe('SELECT id FROM users ORDER');
  });

  test('a table that was just made is completed too', extended, async () => {
    await runSql(page, 'CREATE TABLE planets (moons INT PRIMARY KEY)');
    await sqlResult(page).getByText('entry').waitFor();
    const option = page.getByRole('option', { name: 'planets' });
    await expect
      .poll(async () => {
        await writeSql(page, 'SELECT * FROM pla');
        await page.keyboard.type('n');
        await page.getByRole('listbox').waitFor();
        return await option.count();
      })
      .toBe(1);
    await runSql(page, 'DROP TABLE planets');
    await sqlResult(page).getByText('0 rows affected').waitFor();
  });

  test('marks an error at its place in the editor', own, async () => {
    await runSql(page, 'SELECT 1;\nSELECT id,\n  nothing\nFROM users;');
    await page.getByRole('alert').getByText('Error 1054 (42S22)').waitFor();
    expect(await fault().allTextContents()).toEqual(['nothing']);
    await page.keyboard.press('ControlOrMeta+End');
    await page.keyboard.type(' ');
    expect(await fault().count()).toBe(0);
    await runSql(page, 'SELECT id name FORM users');
    await page.getByRole('alert').getByText('Error 1064 (42000)').waitFor();
    expect(await fault().allTextContents()).toEqual(['FORM']);
    await runSql(page, "XA START 'x'");
    await page.getByRole('alert').getByText('XA transactions are not supported').waitFor();
  });

  test('has SELECT, INSERT, UPDATE and DELETE ready for the demo', extended, async () => {
    const ready = async (kind: string) => {
      await page.getByRole('button', { name: kind, exact: true }).click();
      await page.keyboard.press('ControlOrMeta+Enter');
    };
    const names = async () => {
      const rows = await (await fetch(`${demo.url}/users`)).json();
      return (rows as { name: string }[]).map((row) => row.name).toSorted();
    };
    await ready('SELECT');
    await cell('Ada Lovelace').waitFor();
    await ready('INSERT');
    await sqlResult(page).getByText('insert id').waitFor();
    expect(await names()).toEqual(['Ada', 'Ada Lovelace', 'Edsger Dijkstra', 'Grace Hopper']);
    await ready('UPDATE');
    await expect.poll(names).toContain('Ada Lovelace!');
    await ready('DELETE');
    await expect.poll(names).not.toContain('Grace Hopper');
  });

  test('tells where a write was applied, as which entry, and its warnings', own, async () => {
    await runSql(page, "UPDATE users SET name = 'Countess' WHERE id = 1");
    const { control } = demo.demo.balancer;
    await sqlResult(page).getByText('on every node').waitFor();
    const { lastSeq, leader } = control.status();
    expect(await sqlResult(page).textContent()).toMatch(
      new RegExp(
        `1 row affected, executed first on ${leader}, entry ${lastSeq} on .* in [\\d.]+ ms`,
      ),
    );
    await sqlResult(page)
      .getByRole('link', { name: `entry ${lastSeq}` })
      .click();
    const entries = page.getByRole('table', { name: 'Command log' }).getByRole('row');
    // The first one is the head.
    await entries.nth(1).getByText('Countess').waitFor();
    await goTo(page, 'SQL console');
    await runSql(page, `INSERT IGNORE INTO users (id, name, email) VALUES (1, 'twice', 'a')`);
    const warnings = page.getByRole('list', { name: 'Warnings' });
    await warnings.getByText(/Warning 1062: Duplicate entry '1'/).waitFor();
    await runSql(page, "SELECT CAST('12abc' AS SIGNED) AS number");
    await warnings.getByText(/Warning 1292: Truncated incorrect/).waitFor();
    await cell('12').waitFor();
  });

  test('while a node is away, says for which one a write is pending', extended, async () => {
    const { control } = demo.demo.balancer;
    await control.disable('mysql3');
    await runSql(page, "UPDATE users SET name = 'Lady' WHERE id = 1");
    await sqlResult(page).getByText('still pending for mysql3').waitFor();
    await control.enable('mysql3');
    await sqlResult(page).getByText('on every node').waitFor();
  });

  test('remembers what was run, also behind a reload', extended, async () => {
    await runSql(page, 'SELECT 41 + 1 AS answer');
    await cell('42').waitFor();
    await runSql(page, 'SELECT 41 + AS answer');
    await page.getByRole('alert').waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'History' }).click();
    const history = page.getByRole('dialog', { name: 'History' });
    await history.getByRole('searchbox').fill('41 +');
    const kept = history.getByRole('listitem');
    expect(await kept.allTextContents()).toEqual([
      expect.stringMatching(/SELECT 41 \+ AS answer.*failed/),
      expect.stringMatching(/SELECT 41 \+ 1 AS answer$/),
    ]);
    await kept.nth(1).getByRole('button').click();
    await history.waitFor({ state: 'detached' });
    await page.keyboard.press('ControlOrMeta+Enter');
    await cell('42').waitFor();
  });

  test('copies the rows for a spreadsheet', extended, async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await runSql(page, "SELECT 1 AS id, 'a\tb' AS word UNION ALL SELECT 2, NULL ORDER BY 1");
    await cell('2').waitFor();
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByText('2 rows copied').waitFor();
    const copied = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(copied).toBe('id\tword\n1\ta b\n2\tNULL');
  });

  test('slow statements and refused ones are told, with what was run', extended, async () => {
    const set = { 'telemetry.slow_query': '250ms', 'telemetry.slow_query_log': false };
    await demo.demo.balancer.control.settings.change(set, 'local');
    const client = await connectTo({ port: demo.port }, { database: 'app' });
    await client.query("SELECT SLEEP(0.3), 'as it was' AS text");
    for (let count = 0; count < 2; count += 1) {
      await client.query("UPDATE users SET name = 'x' WHERE SLEEP(1)").catch(() => {});
    }
    await client.end();
    await goTo(page, 'Queries');
    const tab = async (title: string, table: string) => {
      await page.getByRole('link', { name: title, exact: true }).click();
      return page.getByRole('table', { name: table }).getByRole('row');
    };
    const slow = (await tab('Slow', 'Slow statements')).filter({ hasText: "'as it was' AS text" });
    await slow.waitFor();
    expect(await slow.textContent()).toMatch(/[3-9]\d\d ms.*mysql\d.*app@127.0.0.1/);
    const refused = (await tab('Refused', 'Refused statements')).filter({ hasText: 'SLEEP(1)' });
    await refused.getByText('would make every node wait').waitFor();
    expect(await refused.getByRole('cell').nth(1).textContent()).toBe('2');
    const forms = await tab('Digests', 'Statements by form');
    await forms
      .filter({ hasText: 'SELECT SLEEP' })
      .getByText(/mysql\d 1/)
      .waitFor();
  });

  test('the command log is searched, and leafed through', extended, async () => {
    const client = await connectTo({ port: demo.port }, { database: 'app' });
    await client.query("UPDATE users SET name = 'needle' WHERE id = 1");
    const { lastSeq: seq } = demo.demo.balancer.control.status();
    for (let count = 0; count < 205; count += 1) {
      await client.query('UPDATE users SET name = ? WHERE id = 3', [`straw ${count}`]);
    }
    await client.end();
    await goTo(page, 'Command log');
    const rows = page.getByRole('table', { name: 'Command log' }).getByRole('row');
    const needle = rows.filter({ hasText: 'needle' });
    await rows.filter({ hasText: 'straw 204' }).waitFor();
    expect(await rows.count()).toBe(201);
    expect(await needle.count()).toBe(0);
    const search = page.getByRole('searchbox');
    await search.fill('NEEDLE');
    await needle.waitFor();
    expect(await rows.count()).toBe(2);
    await needle.getByText('pin').click();
    await needle.getByText('timestamp').waitFor();
    await search.fill(String(seq + 1));
    await rows.filter({ hasText: 'straw 0' }).waitFor();
    await search.fill('nowhere');
    await page.getByText(/Entries \d+ to \d+ were searched/).waitFor();
    await search.fill('');
    await page.getByRole('link', { name: 'Older' }).click();
    await needle.waitFor();
    await page.getByRole('link', { name: 'Newest' }).click();
    await rows.filter({ hasText: 'straw 204' }).waitFor();
  });

  test('nothing in it went wrong', own, () => {
    expect(opened.faults).toEqual([]);
  });
});

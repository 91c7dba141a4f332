import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalServer } from '../../src/demo/local-server.ts';
import { connectTo, engines, expectEqualNodes } from '../support/cluster.ts';
import { extended, extendedIf } from '../support/extended.ts';
import {
  act,
  confirmAction,
  exported,
  goTo,
  logIn,
  nodeCard,
  runSql,
  statusLine,
  violations,
} from './acts.ts';
import { browsers, launch, openPage, type OpenedPage } from './browser.ts';
import { accounts, type GuardedCluster, startGuardedCluster } from './guarded-cluster.ts';

const cases = browsers().flatMap((path) =>
  engines().map((engine, index) => ({ path, engine, name: engine.name, later: index > 0 })),
);

/** Straight to a server, as nobody should. */
async function behindTheBack(server: LocalServer, ...statements: string[]): Promise<void> {
  const connection = await connectTo(server, { user: 'root' });
  for (const statement of statements) await connection.query(statement);
  await connection.end();
}

describe.each(cases)('what an operator does at the page, $name', ({ path, engine, later }) => {
  const own = extendedIf(later);
  let browser: Browser;
  let cluster: GuardedCluster;
  let opened: OpenedPage;
  let page: Page;

  beforeAll(async () => {
    [browser, cluster] = await Promise.all([launch(path), startGuardedCluster(engine)]);
    const client = await connectTo(cluster.lockstep, { database: 'app' });
    await client.query(
      'CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(40), amount DECIMAL(9,2))',
    );
    await client.query(
      "INSERT INTO t VALUES (1, 'plain', 1.50), (2, 'a \"b\", c', NULL), " +
        "(3, NULL, 3), (4, 'ü\\n→', 0)",
    );
    await client.end();
    opened = await openPage(browser, { url: cluster.url });
    page = opened.page;
    await logIn(page, 'ada', accounts.ada);
    await statusLine(page).getByText('3 of 3 nodes in sync').waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    await cluster?.[Symbol.asyncDispose]();
  });

  const control = () => cluster.lockstep.balancer.control;
  const fault = () => page.getByRole('alert');

  test('logs in: a wrong password is told, a right one opens the page', own, async () => {
    await using other = await openPage(browser, { url: cluster.url });
    const seen = other.page;
    await logIn(seen, 'ada', 'wrong horse');
    await seen
      .getByRole('alert')
      .getByText(/password is wrong/)
      .waitFor();
    await logIn(seen, 'ada', accounts.ada);
    await statusLine(seen).getByText('3 of 3 nodes in sync').waitFor();
    await seen.getByRole('button', { name: 'Log out' }).click();
    await seen.getByRole('form', { name: 'Log in to Lockstep' }).waitFor();
    await seen.reload();
    await seen.getByRole('form', { name: 'Log in to Lockstep' }).waitFor();
    expect(other.faults).toEqual([]);
  });

  test('a viewer reads everything and is offered nothing else', extended, async () => {
    await using looking = await openPage(browser, { url: cluster.url });
    const seen = looking.page;
    await logIn(seen, 'vic', accounts.vic);
    await seen.getByText('viewer, read only').waitFor();
    await nodeCard(seen, 'mysql1').getByText('UP').waitFor();
    expect(await seen.getByRole('button', { name: /^Actions|^Add a node/ }).count()).toBe(0);
    const weight = seen.getByRole('textbox', { name: 'Weight of mysql1' });
    expect(await weight.isDisabled()).toBe(true);
    expect(await weight.getAttribute('title')).toContain('may look only');
    await goTo(seen, 'Strategy');
    await seen.getByText('may look only').waitFor();
    for (const radio of await seen.getByRole('radiogroup', { name: 'Strategy' }).all()) {
      expect(await radio.getByRole('radio').first().isDisabled()).toBe(true);
    }
    await goTo(seen, 'Verify');
    await seen.getByText('begun by an administrator').waitFor();
    await goTo(seen, 'Settings');
    await seen.getByText('health.interval').waitFor();
    expect(await seen.getByRole('button', { name: /^Change/ }).count()).toBe(0);
    expect(looking.faults).toEqual([]);
  });

  test('changes a setting, and is told at the field what cannot be', own, async () => {
    await goTo(page, 'Settings');
    const change = async (value: string) => {
      await page.getByRole('textbox', { name: 'telemetry.slow_query', exact: true }).fill(value);
      await page.getByRole('button', { name: 'Change', exact: true }).click();
      await page.getByRole('alertdialog').getByText(`to ${value}`).waitFor();
      await confirmAction(page, 'telemetry.slow_query');
    };
    await page.getByRole('button', { name: 'Change telemetry.slow_query', exact: true }).click();
    await change('soon');
    await fault().getByText('telemetry.slow_query').waitFor();
    await change('250ms');
    await page.getByText('telemetry.slow_query is 250ms').waitFor();
    const { settings } = control().settings.status();
    expect(settings.find((one) => one.path === 'telemetry.slow_query')).toMatchObject({
      value: '250ms',
      source: 'run-time',
    });
  });

  test('changes a weight, and no nonsense is taken for one', extended, async () => {
    await goTo(page, 'Overview');
    const weight = page.getByRole('textbox', { name: 'Weight of mysql2' });
    await weight.fill('7');
    await weight.press('Enter');
    await page.getByText('mysql2: weight is 7').waitFor();
    expect(control().node('mysql2').weight).toBe(7);
    await weight.fill('many');
    await weight.press('Enter');
    await page.getByText('a weight is a whole number').waitFor();
    expect(await weight.inputValue()).toBe('7');
  });

  test('kills a session', own, async () => {
    const victim = await connectTo(cluster.lockstep, { database: 'app' });
    await victim.query('BEGIN');
    await victim.query("UPDATE t SET word = 'half done' WHERE id = 1");
    const ended = new Promise((resolve) => victim.once('error', resolve));
    const { threadId: id } = victim;
    await goTo(page, 'Sessions');
    const row = page.getByRole('table', { name: 'Sessions' }).getByRole('row').last();
    await row.getByText(/an open transaction on mysql\d, with 1 write so far/).waitFor();
    await page.getByRole('button', { name: `Kill session ${id}` }).click();
    await page.getByRole('alertdialog').getByText('is rolled back').waitFor();
    await confirmAction(page, `session ${id}`);
    await ended;
    await page.getByRole('button', { name: `Kill session ${id}` }).waitFor({ state: 'detached' });
  });

  test('takes the rows of the console away as CSV and as JSON', own, async () => {
    await goTo(page, 'SQL console');
    await logIn(page, 'app', 'app');
    await runSql(page, 'SELECT id, word, amount, id AS id FROM t ORDER BY id');
    await page.getByRole('cell', { name: 'plain' }).waitFor();
    expect(await exported(page, 'CSV')).toBe(
      'id,word,amount,id\r\n1,plain,1.50,1\r\n2,"a ""b"", c",,2\r\n' +
        '3,,3.00,3\r\n4,"ü\n→",0.00,4\r\n',
    );
    expect(JSON.parse(await exported(page, 'JSON'))).toEqual([
      { id: 1, word: 'plain', amount: '1.50', id_2: 1 },
      { id: 2, word: 'a "b", c', amount: null, id_2: 2 },
      { id: 3, word: null, amount: '3.00', id_2: 3 },
      { id: 4, word: 'ü\n→', amount: '0.00', id_2: 4 },
    ]);
  });

  test('finds what differs, sees which row, and repairs it', extended, async () => {
    const odd = cluster.members[1] as LocalServer;
    await behindTheBack(odd, "UPDATE app.t SET word = 'bent' WHERE id = 1");
    await goTo(page, 'Verify');
    await page.getByText('have not been compared yet').waitFor();
    await page.getByRole('textbox', { name: 'Tables' }).fill('t');
    await page.getByRole('button', { name: 'Compare now' }).click();
    await fault().getByText('not of the form schema.table').waitFor();
    await page.getByRole('textbox', { name: 'Tables' }).fill('');
    await page.getByRole('button', { name: 'Compare now' }).click();
    await page.getByRole('heading', { name: 'The nodes differ in 1 table' }).waitFor();
    const rows = page.getByRole('table', { name: 'Differing rows' });
    await rows.getByRole('cell', { name: 'bent' }).waitFor();
    await page.getByText('mysql2 differs from most in one table').waitFor();
    await statusLine(page).getByText('Needs you').waitFor();
    await statusLine(page).getByText('mysql2 holds other data than most').waitFor();
    await page.getByRole('button', { name: 'Repair mysql2' }).click();
    await confirmAction(page, 'mysql2');
    await page.getByRole('heading', { name: '1 table differed and was repaired' }).waitFor();
    await statusLine(page).getByText('All well').waitFor();
    await expectEqualNodes(cluster.members);
    await page.getByRole('button', { name: 'Compare now' }).click();
    await page.getByRole('heading', { name: 'All nodes are equal' }).waitFor();
  });

  test('adds a node, and is told at the field what is in its way', own, async () => {
    const { spare } = cluster;
    await behindTheBack(spare, 'CREATE TABLE app.precious (id INT PRIMARY KEY)');
    await goTo(page, 'Overview');
    await page.getByRole('button', { name: 'Add a node' }).click();
    const form = page.getByRole('dialog', { name: 'Add a node' });
    const field = (name: string) => form.getByLabel(name, { exact: true });
    const fill = async (values: Readonly<Record<string, string>>) => {
      for (const [name, value] of Object.entries(values)) await field(name).fill(value);
      await form.getByRole('button', { name: /^Add node/ }).click();
    };
    const wrongWith = async (name: string, text: RegExp) => {
      await form.getByRole('alert').getByText(text).first().waitFor();
      expect(await field(name).getAttribute('aria-invalid')).toBe('true');
    };
    const member = String(cluster.members[0]?.port);
    await fill({ Name: 'mysql1', Host: '127.0.0.1', Port: member, User: 'root' });
    await wrongWith('Name', /there is a node named mysql1 already/i);
    await fill({ Name: 'mysql4', Host: 'localhost', Password: 'root' });
    await wrongWith('Host', /is the server of mysql1/);
    await fill({ Port: String(spare.port), Password: 'wrong' });
    await wrongWith('Password', /denied/);
    await fill({ Password: 'root' });
    const resync = 'Delete what it holds, and fill it with a copy';
    await wrongWith(resync, /holds data of its own/);
    await form.getByText('app.precious').waitFor();
    await field(resync).check();
    await fill({});
    await form.waitFor({ state: 'detached' });
    await nodeCard(page, 'mysql4').getByText('UP').waitFor();
    await expectEqualNodes([...cluster.members, spare]);
  });

  test('replaces a node by another server', extended, async () => {
    const isMember = ({ name }: { name: string }): boolean => name === 'mysql4';
    if (control().nodes().some(isMember)) await control().removeNode('mysql4', {});
    await goTo(page, 'Overview');
    await nodeCard(page, 'mysql4').waitFor({ state: 'detached' });
    await act(page, 'mysql3', /^Replace/);
    const form = page.getByRole('dialog', { name: 'Replace mysql3' });
    await form.getByLabel('Host').fill('127.0.0.1');
    await form.getByLabel('Port').fill(String(cluster.spare.port));
    await form.getByLabel('User').fill('root');
    await form.getByLabel('Password').fill('root');
    expect(await form.getByLabel('Weight').inputValue()).toBe('3');
    await form.getByRole('button', { name: 'Replace node' }).click();
    await form.waitFor({ state: 'detached' });
    await nodeCard(page, 'mysql3').getByText(`:${cluster.spare.port}`).waitFor();
    await nodeCard(page, 'mysql3').getByText('UP').waitFor();
    expect(opened.faults).toEqual([]);
  });

  test('after some wrong passwords nothing is tried for a while', extended, async () => {
    await using stranger = await openPage(browser, { url: cluster.url });
    const button = stranger.page.getByRole('button', { name: 'Log in' });
    await expect
      .poll(
        async () => {
          if (await button.isEnabled()) await logIn(stranger.page, 'ada', 'guess');
          return await stranger.page.getByRole('alert').textContent();
        },
        { timeout: 30_000 },
      )
      .toMatch(/Try again in \d+ s/);
    expect(await button.isDisabled()).toBe(true);
    expect(await violations(stranger.page)).toEqual([]);
  });
});

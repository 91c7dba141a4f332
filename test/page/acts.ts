import { readFile } from 'node:fs/promises';
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** The line at the top that says how things are. */
export const statusLine = (page: Page) => page.getByRole('status').first();

/** Opens a view by the navigation, as a user would. */
export async function goTo(page: Page, view: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: view }).click();
  await page.getByRole('heading', { level: 1, name: view }).waitFor();
}

export const nodeCard = (page: Page, node: string) =>
  page.getByRole('article', { name: node, exact: true });

/** Chooses an action of a node, and answers the question that it asks. */
export async function act(page: Page, node: string, action: RegExp): Promise<void> {
  await page.getByRole('button', { name: `Actions for ${node}` }).click();
  await page.getByRole('menuitem', { name: action }).click();
}

export async function confirmAction(page: Page, node: string): Promise<void> {
  const dialog = page.getByRole('alertdialog');
  await dialog.getByText(node).first().waitFor();
  await dialog.getByRole('button').last().click();
  await dialog.waitFor({ state: 'detached' });
}

export const sqlEditor = (page: Page) => page.getByRole('textbox', { name: 'SQL', exact: true });

/** Replaces what is in the editor. */
export async function writeSql(page: Page, sql: string): Promise<void> {
  await sqlEditor(page).click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(sql);
}

/** Replaces what is in the editor, and runs it. */
export async function runSql(page: Page, sql: string): Promise<void> {
  await writeSql(page, sql);
  await page.keyboard.press('ControlOrMeta+Enter');
}

/** What came of the statement that was run last. */
export const sqlResult = (page: Page) => page.getByRole('region', { name: 'Result' });

/** Where statements of the console run from now on: as its list names it. */
export async function runOn(page: Page, where: string): Promise<void> {
  await page.getByRole('combobox', { name: 'Where it runs' }).selectOption({ label: where });
}

export async function logIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** The console's result as a file, by the name of its button. */
export async function exported(page: Page, kind: 'CSV' | 'JSON'): Promise<string> {
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: kind }).click();
  return await readFile(await (await coming).path(), 'utf8');
}

/** As the navigation names them. */
export const views = [
  'Overview',
  'SQL console',
  'Command log',
  'Timeline',
  'Queries',
  'Sessions',
  'Verify',
  'Strategy',
  'Settings',
];

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** What axe objects to in what is shown now. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const results = await page.evaluate<AxeResults>('axe.run(document, { resultTypes: [] })');
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`),
  );
}

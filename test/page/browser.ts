import { type Browser, chromium, type Page } from 'playwright-core';
import { test } from 'vitest';
import { findBrowser } from '../../scripts/install-browser.mjs';

const missing =
  'there is no Chromium here; as root, `node scripts/install-browser.mjs` installs it';

/**
 * The browser that is here, for `describe.each(browsers())('…', (path) => …)`. A missing one is an
 * error where it is required (in CI), elsewhere one skipped test that says why.
 */
export function browsers(): string[] {
  const path: string | undefined = findBrowser();
  if (path !== undefined) return [path];
  if (process.env['CI']) throw new Error(missing);
  test('in Chromium', (context) => context.skip(missing));
  return [];
}

export async function launch(path: string): Promise<Browser> {
  // As root, as in containers, Chromium has no sandbox to offer.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return await chromium.launch({ executablePath: path, args });
}

export interface OpenPageOptions {
  readonly url: string;
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
}

export interface OpenedPage extends AsyncDisposable {
  readonly page: Page;
  /** What went wrong in the page: errors nobody caught, and violations of its policy. */
  readonly faults: readonly string[];
}

/** A window of its own, with nothing remembered. */
export async function openPage(browser: Browser, options: OpenPageOptions): Promise<OpenedPage> {
  const { url, width = 1440, height = 900, theme = 'light' } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // Typing over highlighted text, Chromium itself puts a style on it, which the policy forbids.
    const isOfTyping = message.text().startsWith('Applying inline style');
    const isOfPolicy = /Content Security Policy/.test(message.text());
    if (isOfPolicy && !isOfTyping) faults.push(message.text());
  });
  await page.goto(url);
  return { page, faults, [Symbol.asyncDispose]: () => context.close() };
}

#!/usr/bin/env node
// Makes the browser present that the tests of the page and the screenshots drive:
//   node scripts/install-browser.mjs [--required]
// Chromium, as the system's own package. Plain JavaScript: it runs before `npm ci`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { aptInstall, findProgram, isRoot } from './install-engines.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Path of a browser that runs, or undefined. */
export function findBrowser() {
  return names
    .map(findProgram)
    .find((path) => path && spawnSync(path, ['--version'], { stdio: 'ignore' }).status === 0);
}

/** Installs it when it is missing. Throws an Error that says why not, and what to run. */
export function ensureBrowser(say = (line) => console.log(line)) {
  const found = findBrowser();
  if (found !== undefined) return found;
  if (findProgram('apt-get') === undefined) {
    throw new Error("no apt-get here: install Chromium with your system's package manager");
  }
  if (!isRoot) {
    throw new Error('installing it needs root; run: sudo node scripts/install-browser.mjs');
  }
  say('installing chromium …');
  aptInstall(['chromium']);
  const installed = findBrowser();
  if (installed === undefined) throw new Error('installed, but chromium does not run');
  return installed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(`${ensureBrowser()}: present`);
  } catch (error) {
    console.error(`chromium: ${error.message}`);
    process.exitCode = process.argv.includes('--required') ? 1 : 0;
  }
}

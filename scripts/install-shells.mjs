#!/usr/bin/env node
// Makes the shells present in which completion is tried:
//   node scripts/install-shells.mjs
// As the system's own packages. Without them those tests are skips that say so. Plain JavaScript:
// it runs before `npm ci`.
import { fileURLToPath } from 'node:url';
import { aptInstall, findProgram, isRoot } from './install-engines.mjs';

const shells = ['bash', 'fish', 'zsh'];

/** Installs those that are missing. Throws an Error that says why not, and what to run. */
export function ensureShells(say = (line) => console.log(line)) {
  const missing = shells.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return;
  if (findProgram('apt-get') === undefined) {
    throw new Error("no apt-get here: install them with your system's package manager");
  }
  if (!isRoot) {
    throw new Error('installing them needs root; run: sudo node scripts/install-shells.mjs');
  }
  say(`installing ${missing.join(', ')} …`);
  aptInstall(missing);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    ensureShells();
    console.log(`${shells.join(', ')}: present`);
  } catch (error) {
    console.error(`${shells.join(', ')}: ${error.message}`);
  }
}

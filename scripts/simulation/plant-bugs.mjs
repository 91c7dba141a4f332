import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileSimulation } from './compile.mjs';

const copied = ['src', 'test/simulation', 'tsconfig.json', 'package.json'];

/**
 * Plants each bug in a copy of the sources and runs seeds on it until one fails. Prints which
 * seed found it, and returns the names of those that no seed found.
 */
export function plantBugs({ root, mutations, seedsMax }) {
  const missed = [];
  for (const mutation of mutations) {
    const found = runMutated({ root, mutation, seedsMax });
    console.log(`${found ?? 'NOT FOUND'} | ${mutation.name} | ${mutation.file}`);
    if (found === undefined) missed.push(mutation.name);
  }
  return missed;
}

function runMutated({ root, mutation, seedsMax }) {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-mutation-'));
  try {
    for (const path of copied) cpSync(join(root, path), join(folder, path), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    plant(folder, mutation);
    const main = compileSimulation({ root, source: folder, target: join(folder, 'built') });
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [main, '--seeds', String(seedsMax), '--until-failure'],
      { encoding: 'utf8' },
    );
    if (!/^\d+ seeds, /m.test(stdout)) throw new Error(`the seeds did not run:\n${stderr}`);
    return /^seed \d+: .*/m.exec(stdout)?.[0];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Throws when the place is not there, or not only once: then the mutation is out of date. */
export function plant(source, { name, file, from, to }) {
  const path = join(source, file);
  const text = readFileSync(path, 'utf8');
  const parts = text.split(from);
  if (parts.length !== 2) {
    throw new Error(`${file} has ${parts.length - 1} places for the bug "${name}", not 1`);
  }
  writeFileSync(path, parts.join(to));
}

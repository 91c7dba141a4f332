import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileSimulation } from './compile.mjs';

const copied = ['src', 'test/simulation', 'tsconfig.json', 'package.json', 'vitest.config.ts'];

/**
 * Plants each bug in a copy of the sources and runs seeds on it until one fails, or the scenario
 * that it names. Prints what found it, and returns the names of those that nothing found.
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
    if (mutation.scenario !== undefined) return runScenario(folder, mutation.scenario);
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

/** The scenario's test must be there, and fail. */
function runScenario(folder, name) {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(folder, 'node_modules/vitest/vitest.mjs'),
      ...['run', '--project', 'unit', 'test/simulation/traps', '--reporter', 'json'],
      ...['--testNamePattern', name.replaceAll(/[^\w ]/g, '.')],
    ],
    { cwd: folder, encoding: 'utf8' },
  );
  const at = stdout.indexOf('{"numTotal');
  if (at < 0) throw new Error(`the scenario did not run:\n${stderr}`);
  const { numPassedTests, numFailedTests } = JSON.parse(stdout.slice(at));
  if (numPassedTests + numFailedTests === 0) throw new Error(`there is no scenario "${name}"`);
  return numFailedTests > 0 ? `scenario: ${name}` : undefined;
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

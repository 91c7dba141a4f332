#!/usr/bin/env node
// `npm run demo`: makes everything ready, then is `lockstep demo` with the same arguments.
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { engineNames, ensureEngines, findEngine } from './install-engines.mjs';
import { prepare, projectFolder } from './prepare.mjs';

/** The engine named by --engine, else any that is here, else MariaDB. */
function wantedEngine(argv) {
  const index = argv.findIndex((argument) => /^--engine(=|$)/.test(argument));
  if (index === -1) return engineNames.find((name) => findEngine(name) !== undefined) ?? 'mariadb';
  const named = argv[index].split('=')[1] ?? argv[index + 1];
  // The command itself explains what is wrong with another name.
  return engineNames.includes(named) ? named : undefined;
}

async function main(argv) {
  try {
    prepare();
    const engine = argv.includes('--help') ? undefined : wantedEngine(argv);
    const { missing } = ensureEngines(engine === undefined ? [] : [engine]);
    const reason = Object.values(missing)[0];
    if (reason !== undefined) throw new Error(`the demo needs a database server: ${reason}`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
    return;
  }
  // In this very process: ctrl-C and signals reach the demo once and directly, its exit code
  // is this one's, and nothing is left between it and whoever started it.
  const command = join(projectFolder, 'dist', 'cli', 'main.js');
  process.argv = [process.execPath, command, 'demo', ...argv];
  await import(pathToFileURL(command).href);
}

await main(process.argv.slice(2));

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineName } from '../../../src/demo/engine.ts';
import { toolFamiliesFor, toolOf } from '../frame/client-tools.ts';
import { programFile } from '../frame/run-program.ts';
import { addressOf, runSteps, succeed, type Step } from '../frame/run-steps.ts';
import type { Suite, Target } from '../frame/suite.ts';
import { checkTransfers, duringTransfers, transferTables } from '../frame/transfers.ts';

// What is loaded of a dump is dumped again and must be the same; so must the dump of a server and
// the one through Lockstep. All that is loaded stays, for the nodes to be compared by it.
const dumpedDirectly = new Map<string, string>();

const programs = ['--routines', '--triggers', '--events'];
const ways: Readonly<Record<string, readonly string[]>> = {
  'in a transaction': ['--single-transaction', ...programs],
  'behind locks of tables': programs,
  'behind a global lock': ['--lock-all-tables', ...programs],
  'as it is by default': [],
  'without locks, a row a statement': ['--skip-lock-tables', '--skip-extended-insert'],
  'in hex, by primary key, with names': ['--hex-blob', '--order-by-primary', '-c'],
  'as whole databases': ['--single-transaction', '--databases', ...programs],
};

export const suite: Suite = {
  name: 'dumps',
  packages: ['mariadb-client'],
  run(target) {
    const steps: Step[] = [{ name: 'fills a database', run: () => fill(target) }];
    for (const family of toolFamiliesFor(target)) {
      for (const [index, [how, options]] of Object.entries(ways).entries()) {
        const name = `${family}> dumps and loads ${how}`;
        const loaded = `${family}_${index}`;
        steps.push({ name, run: () => dumpAndLoad({ target, family, options }, name, loaded) });
      }
      for (const options of [['--single-transaction'], ['--lock-all-tables']]) {
        const name = `${family}> dumps one moment, ${options.join()}`;
        const loaded = `${family}_moving${options.join().replaceAll('-', '_')}`;
        steps.push({ name, run: () => dumpWhileMoving({ target, family, options }, loaded) });
      }
      const all = ['--all-databases', '--single-transaction', ...programs];
      const everything = { target, family, options: all };
      steps.push({ name: `${family}> dumps all databases`, run: () => dumpAll(everything) });
    }
    return runSteps(steps);
  },
};

async function run(target: Target, text: string | Buffer, database: string): Promise<string> {
  const argv = [...addressOf(target), '--default-character-set=utf8mb4', '--batch', database];
  return (await succeed({ ...toolOf('mariadb', '', argv), input: text })).stdout;
}

async function fill(target: Target): Promise<void> {
  const text = await readFile(programFile('dumped.sql'), 'utf8');
  await run(target, `${text} CREATE DATABASE moving; USE moving; ${transferTables}`, 'app');
}

interface Dump {
  readonly target: Target;
  readonly family: EngineName;
  readonly options: readonly string[];
}

async function dumpOf({ target, family, options }: Dump, ...names: string[]): Promise<string> {
  const common = ['--default-character-set=utf8mb4', '--skip-dump-date'];
  // The transactions that a server has had are no business of another.
  const more = family === 'mysql' ? ['--set-gtid-purged=OFF'] : [];
  const file = join(target.folder, 'dump.sql');
  const argv = [...addressOf(target), ...common, ...more, ...options, `--result-file=${file}`];
  await succeed(toolOf(family, 'dump', [...argv, ...names]));
  // Byte by byte, for binary columns are in it as they are.
  return readFile(file, 'latin1');
}

async function load(target: Target, dump: string, database: string): Promise<void> {
  const text = `CREATE DATABASE ${database}; USE ${database}; ${dump}`;
  await run(target, Buffer.from(text, 'latin1'), 'app');
}

async function dumpAndLoad(dump: Dump, name: string, loaded: string): Promise<void> {
  const { target, options } = dump;
  const first = comparable(await dumpOf(dump, 'dumped'));
  const key = `${target.engine} ${name}`;
  if (target.place === 'direct') dumpedDirectly.set(key, first);
  else assertSame(first, dumpedDirectly.get(key) ?? first, 'the dump and that of a server');
  const text = options.includes('--databases')
    ? first.replaceAll('`dumped`', `\`${loaded}\``)
    : first;
  await load(target, text, loaded);
  const second = comparable(await dumpOf(dump, loaded)).replaceAll(loaded, 'dumped');
  assertSame(second, first, 'the dump of what was loaded and the first');
}

async function dumpWhileMoving(dump: Dump, loaded: string): Promise<void> {
  const { target } = dump;
  await duringTransfers(target, 'moving', async () => {
    const text = await dumpOf(dump, 'moving');
    await load(target, text, loaded);
  });
  await checkTransfers(target, loaded);
}

/** The servers' own are in it, so it is not loaded again. */
async function dumpAll(dump: Dump): Promise<void> {
  const text = await dumpOf(dump);
  for (const name of ['dumped', 'moving', 'mysql']) {
    if (!text.includes(`\nUSE \`${name}\`;\n`)) throw new Error(`${name} is not in the dump`);
  }
}

/** Without what tells servers apart. */
function comparable(dump: string): string {
  return dump
    .replaceAll(/^-- (?:Host|Server version|MySQL dump|MariaDB dump).*$/gm, '')
    .replaceAll(/(?<=\) ENGINE=\w+) AUTO_INCREMENT=\d+/g, '');
}

function assertSame(found: string, expected: string, what: string): void {
  if (found === expected) return;
  const [here, there] = [found.split('\n'), expected.split('\n')];
  const at = here.findIndex((line, index) => line !== there[index]);
  const shown = (line: string | undefined): string => (line ?? 'nothing').slice(0, 300);
  throw new Error(`${what} differ in line ${at + 1}: ${shown(here[at])}\n  ${shown(there[at])}`);
}

import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { findProgram } from '../scripts/install-engines.mjs';
import { mysqlRouterVersion } from './mysql-router.mjs';

/** Debian's packages that may stand beside Lockstep, or drive the load. */
const packages = ['sysbench', 'haproxy', 'galera-4'];

/** Everything that was measured, with where and how: what `page` makes docs/PERFORMANCE.md from. */
export async function saveFigures({ json, rounds, seconds }, { kind, engine, cells }) {
  if (!json) return;
  const figures = {
    kind,
    command: command(process.argv.slice(2)),
    engine: `${engine.name} ${engine.version}`,
    node: process.version,
    cores: cpus().length,
    model: cpus()[0]?.model,
    memoryBytes: totalmem(),
    system: `Linux ${release().split('-')[0]}, ${fileSystem()}`,
    programs: [...packages.flatMap(versionOf), ...mysqlRouterVersion()],
    day: new Date().toISOString().slice(0, 10),
    rounds: Number(rounds),
    seconds: Number(seconds),
    cells,
  };
  await writeFile(json, `${JSON.stringify(figures, undefined, 2)}\n`);
}

/** Without where its figures went. */
function command(argv) {
  const at = argv.findIndex((word) => word.startsWith('--json'));
  if (at < 0) return argv.join(' ');
  return argv.toSpliced(at, argv[at] === '--json' ? 2 : 1).join(' ');
}

const told = (program, argv) => spawnSync(program, argv, { encoding: 'utf8' }).stdout ?? '';

/** Of the logs and the data: what a flush costs depends on it. */
const fileSystem = () => told('df', ['--output=fstype', tmpdir()]).trim().split('\n').at(-1);

function versionOf(name) {
  if (!findProgram('dpkg-query')) return [];
  const version = told('dpkg-query', ['-W', '-f', '${Version}', name]);
  return version === '' ? [] : [`${name} ${version}`];
}

#!/usr/bin/env node
// Makes the database servers present that the demo, the tests and the benchmarks run:
//   node scripts/install-engines.mjs [--engine mariadb|mysql|all] [--required]
// MariaDB is the system's own package, its service not started. MySQL, which Debian's stable
// suites lack, goes into a root folder of its own in the cache and touches nothing else.
// Plain JavaScript without dependencies: it runs before `npm ci`.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const engineNames = ['mariadb', 'mysql'];

const systemCache = '/var/cache/lockstep';
export const isRoot = process.getuid?.() === 0;
const aptOptions = ['-y', '-qq', '-o', 'DPkg::Lock::Timeout=300'];

/** Where `src/demo/engine.ts` looks too. */
export function cacheFolder() {
  if (process.env.LOCKSTEP_CACHE) return process.env.LOCKSTEP_CACHE;
  return isRoot ? systemCache : join(homedir(), '.cache', 'lockstep');
}

/** The version of the engine that is present, or undefined. */
export function findEngine(name) {
  const programs = name === 'mariadb' ? ['mariadbd', 'mysqld'] : ['mysqld'];
  for (const program of programs) {
    const path = findProgram(program);
    const version = path && versionOf(name, path, ['--no-defaults', '--version']);
    if (version) return version;
  }
  if (name === 'mariadb') return undefined;
  for (const cache of new Set([cacheFolder(), systemCache])) {
    const version = mysqlRootVersion(join(cache, 'mysql-root'));
    if (version) return version;
  }
  return undefined;
}

/**
 * Installs what is missing of `names`. Returns {present: {name: version}, missing: {name: reason}};
 * a reason says what to run. `say` gets lines of progress.
 */
export function ensureEngines(names, say = (line) => console.log(line)) {
  const result = { present: {}, missing: {} };
  for (const name of names) {
    let version = findEngine(name);
    if (version === undefined) {
      try {
        install(name, say);
        version = findEngine(name);
        if (version === undefined) throw new Error(`installed, but ${name} does not run`);
      } catch (error) {
        result.missing[name] = error.message;
        continue;
      }
    }
    result.present[name] = version;
  }
  return result;
}

function install(name, say) {
  const command = `sudo node scripts/install-engines.mjs --engine ${name}`;
  if (findProgram('apt-get') === undefined) {
    const wanted = name === 'mariadb' ? 'MariaDB (mariadbd)' : 'MySQL (mysqld)';
    throw new Error(`no apt-get here: install ${wanted} with your system's package manager`);
  }
  if (!isRoot) throw new Error(`installing ${name} needs root; run: ${command}`);
  if (name === 'mariadb') installMariadb(say);
  else installMysqlRoot(say);
}

function installMariadb(say) {
  say('installing mariadb-server (its service will not be started) …');
  withoutServiceStart(() => aptInstall(['mariadb-server']));
}

/** Programs that others need, their services not started. */
export function installPackages(packages, say) {
  if (findProgram('apt-get') === undefined || !isRoot) {
    throw new Error(`${packages.join(', ')}: to be installed by hand`);
  }
  say(`installing ${packages.join(', ')} …`);
  withoutServiceStart(() => aptInstall(packages));
}

export function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], env);
  run('apt-get', ['install', ...aptOptions, '--no-install-recommends', ...packages], env);
}

/**
 * Debian's packages ask this script before they start a service; 101 means "forbidden".
 * https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
 */
const policyFile = '/usr/sbin/policy-rc.d';
const policy = '#!/bin/sh\n# Put here by lockstep while it installs packages.\nexit 101\n';

function withoutServiceStart(action) {
  // One that equals ours is what an interrupted run of this script left behind.
  const existing = existsSync(policyFile) ? readFileSync(policyFile, 'utf8') : undefined;
  if (existing !== undefined && existing !== policy) {
    if (spawnSync(policyFile, ['mariadb', 'start'], { stdio: 'ignore' }).status !== 101) {
      throw new Error(
        `${policyFile} exists and lets services start; ` +
          'run "apt-get install mariadb-server" yourself',
      );
    }
    return action();
  }
  // With a handler, a signal waits until apt, which gets ctrl-C too, has ended: then the file goes.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const wait = () => {};
  for (const signal of signals) process.on(signal, wait);
  writeFileSync(policyFile, policy, { mode: 0o755 });
  try {
    return action();
  } finally {
    rmSync(policyFile, { force: true });
    for (const signal of signals) process.off(signal, wait);
  }
}

function installMysqlRoot(say) {
  const root = join(cacheFolder(), 'mysql-root');
  const { suite, packages, mirror } = mysqlSource();
  if (findProgram('debootstrap') === undefined) {
    say('installing debootstrap …');
    aptInstall(['debootstrap']);
  }
  say(`unpacking MySQL (${suite}) into ${root}, about 480 MB …`);
  mkdirSync(cacheFolder(), { recursive: true });
  // Made aside and renamed, so that a root that exists is whole.
  const aside = `${root}.building-${process.pid}`;
  try {
    const include = `--include=${packages.join(',')}`;
    run('debootstrap', ['--variant=minbase', include, suite, aside, mirror], process.env);
    for (const folder of ['var/cache/apt/archives', 'var/lib/apt/lists', 'usr/share/doc']) {
      rmSync(join(aside, folder), { recursive: true, force: true });
    }
    if (mysqlRootVersion(aside) === undefined) {
      throw new Error(`the mysqld in ${aside} does not run on this system`);
    }
    rmSync(root, { recursive: true, force: true });
    renameSync(aside, root);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Debian has MySQL in its unstable suite only, Ubuntu in each, under numbered names. */
function mysqlSource() {
  const release = readFileSync('/etc/os-release', 'utf8');
  const field = (name) => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(release)?.[1] ?? '';
  const mirror = archiveMirror(readAptSources());
  if (mirror === undefined) {
    throw new Error('the apt sources of this machine name no Debian or Ubuntu archive');
  }
  if (field('ID') !== 'ubuntu') {
    return { suite: 'sid', packages: ['mysql-server-core', 'mysql-client-core'], mirror };
  }
  const names = run('apt-cache', ['pkgnames', 'mysql-server-core-'], process.env);
  const newest = names.trim().split('\n').sort().at(-1);
  if (!newest) throw new Error('no package mysql-server-core-* in the apt sources');
  const packages = [newest, newest.replace('server', 'client')];
  return { suite: field('VERSION_CODENAME'), packages, mirror };
}

function readAptSources() {
  const folder = '/etc/apt/sources.list.d';
  const files = existsSync(folder) ? readdirSync(folder).map((file) => join(folder, file)) : [];
  return ['/etc/apt/sources.list', ...files]
    .filter((file) => /\.(list|sources)$/.test(file) && existsSync(file))
    .map((file) => readFileSync(file, 'utf8'));
}

/**
 * The mirror of the distribution's own archive in the texts of apt's source files, which may be
 * in the one-line or the deb822 format (sources.list(5)): of all that offer the component
 * `main`, the first that is neither for security updates nor a third party's.
 */
export function archiveMirror(texts) {
  const uris = texts.flatMap((text) => [...oneLineSources(text), ...deb822Sources(text)]);
  return uris.find((uri) => /\/(debian|ubuntu|ubuntu-ports)\/?$/.test(uri))?.replace(/\/$/, '');
}

function oneLineSources(text) {
  const pattern = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+\S+\s+.*\bmain\b/gm;
  return [...text.matchAll(pattern)].map((match) => match[1]);
}

function deb822Sources(text) {
  const uncommented = text.replace(/^#.*\n/gm, '');
  return uncommented.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name) => new RegExp(`^${name}:\\s*(.*)`, 'im').exec(stanza)?.[1] ?? '';
    const wanted =
      /\bdeb\b/.test(field('Types').replace('deb-src', '')) &&
      /\bmain\b/.test(field('Components')) &&
      !/^no$/i.test(field('Enabled').trim());
    return wanted ? field('URIs').trim().split(/\s+/) : [];
  });
}

function mysqlRootVersion(root) {
  for (const [triple, loader] of [
    ['x86_64-linux-gnu', 'ld-linux-x86-64.so.2'],
    ['aarch64-linux-gnu', 'ld-linux-aarch64.so.1'],
  ]) {
    const folder = join(root, 'usr/lib', triple);
    const program = join(root, 'usr/sbin/mysqld');
    if (!existsSync(join(folder, loader)) || !existsSync(program)) continue;
    const path = `${folder}:${join(root, 'usr/lib')}`;
    const argv = ['--library-path', path, program, '--no-defaults', '--version'];
    return versionOf('mysql', join(folder, loader), argv);
  }
  return undefined;
}

function versionOf(name, file, argv) {
  const { stdout, status } = spawnSync(file, argv, { encoding: 'utf8', timeout: 10_000 });
  if (status !== 0 || /mariadb/i.test(stdout) !== (name === 'mariadb')) return undefined;
  return /\bVer (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
}

export function findProgram(name) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const system = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/usr/libexec'];
  for (const folder of [...folders, ...system, '/usr/local/mysql/bin']) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not here; the next folder may have it.
    }
  }
  return undefined;
}

const outputLinesShown = 15;

function run(file, argv, env) {
  const { status, stdout, stderr, error } = spawnSync(file, argv, {
    encoding: 'utf8',
    env,
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error !== undefined) throw error;
  if (status === 0) return stdout;
  const tail = `${stdout}${stderr}`.trimEnd().split('\n').slice(-outputLinesShown).join('\n');
  throw new Error(`${file} ${argv.join(' ')} failed:\n${tail}`);
}

function main(argv) {
  let names = engineNames;
  let required = false;
  for (let index = 0; index < argv.length; index += 1) {
    const [option, inline] = argv[index].split('=');
    if (option === '--required') {
      required = true;
    } else if (option === '--engine') {
      const value = inline ?? argv[(index += 1)];
      if (value !== 'all' && !engineNames.includes(value)) {
        console.error(`--engine is one of: ${engineNames.join(', ')}, all`);
        return 2;
      }
      names = value === 'all' ? engineNames : [value];
    } else {
      console.error('usage: install-engines.mjs [--engine mariadb|mysql|all] [--required]');
      return 2;
    }
  }
  const { present, missing } = ensureEngines(names);
  for (const [name, version] of Object.entries(present)) console.log(`${name} ${version}: present`);
  for (const [name, reason] of Object.entries(missing)) console.error(`${name}: ${reason}`);
  return required && Object.keys(missing).length > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = main(process.argv.slice(2));
}

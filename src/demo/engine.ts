import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { LockstepError } from '../base/errors.ts';
import { findLoader, loaderCommand, type Loader } from './engine-loader.ts';

export const engineNames = ['mariadb', 'mysql'] as const;
export type EngineName = (typeof engineNames)[number];

/** A program and its arguments, ready for `spawn(file, argv)`. */
export interface ProgramCommand {
  readonly file: string;
  readonly argv: readonly string[];
}

/** A database server that can be run on this machine without any privilege. */
export interface Engine {
  readonly name: EngineName;
  /** As the server says it, e.g. `10.11.19` or `9.7.4`. */
  readonly version: string;
  /** The server program itself, for messages. */
  readonly program: string;
  /** How to run the server with these arguments. */
  command(argv: readonly string[]): ProgramCommand;
  /** How to run another program of the same installation, e.g. `mysql`; undefined if absent. */
  tool(name: string, argv: readonly string[]): ProgramCommand | undefined;
}

const systemCache = '/var/cache/lockstep';

/**
 * The folder for what is costly to make and the same for all: initialised data folders and
 * the MySQL root. `LOCKSTEP_CACHE` overrides it.
 */
export function cacheFolder(): string {
  const chosen = process.env['LOCKSTEP_CACHE'];
  if (chosen !== undefined && chosen !== '') return chosen;
  if (process.getuid?.() === 0) return systemCache;
  return join(homedir(), '.cache', 'lockstep');
}

/** Where a MySQL root may be: our own cache, then the one that root made for everybody. */
function mysqlRoots(): string[] {
  return [...new Set([cacheFolder(), systemCache])].map((folder) => join(folder, 'mysql-root'));
}

const found = new Map<EngineName, Engine>();

/** The engine, if this machine has it. A positive answer is kept for the life of the process. */
export function findEngine(name: EngineName): Engine | undefined {
  const known = found.get(name);
  if (known !== undefined) return known;
  const engine =
    name === 'mariadb'
      ? installedEngine('mariadb', ['mariadbd', 'mysqld'])
      : (installedEngine('mysql', ['mysqld']) ?? rootEngine());
  if (engine !== undefined) found.set(name, engine);
  return engine;
}

/** As `findEngine`; throws LockstepError('not_found') that says how to install it. */
export function requireEngine(name: EngineName): Engine {
  const engine = findEngine(name);
  if (engine === undefined) throw new LockstepError('not_found', engineMissingMessage(name));
  return engine;
}

/** Whichever is found, MariaDB first; throws as `requireEngine` when none is. */
export function findAnyEngine(): Engine {
  const engine = engineNames.map((name) => findEngine(name)).find((one) => one !== undefined);
  return engine ?? requireEngine('mariadb');
}

export function engineMissingMessage(name: EngineName): string {
  const wanted = name === 'mariadb' ? 'MariaDB server (mariadbd)' : 'MySQL server (mysqld)';
  const command = `sudo node scripts/install-engines.mjs --engine ${name}`;
  return `no ${wanted} found; install it with: ${command}`;
}

function installedEngine(name: EngineName, programs: readonly string[]): Engine | undefined {
  for (const program of programs) {
    const path = findProgram(program);
    if (path === undefined) continue;
    const command = confined(path) ? viaSystemLoader(path) : plain(path);
    const version = versionOf(name, command(['--no-defaults', '--version']));
    if (version === undefined) continue;
    return {
      name,
      version,
      program: path,
      command,
      tool(tool, argv) {
        const file = findProgram(tool);
        return file === undefined ? undefined : { file, argv };
      },
    };
  }
  return undefined;
}

/**
 * MySQL out of a Debian root that holds nothing but the server's packages. Its programs run
 * straight from this system, each through the root's own loader and libraries, so that no
 * chroot, no privilege and no data folder inside the root are needed.
 */
function rootEngine(): Engine | undefined {
  for (const root of mysqlRoots()) {
    const loader = findLoader(root);
    const program = join(root, 'usr/sbin/mysqld');
    if (loader === undefined || !existsSync(program)) continue;
    const share = join(root, 'usr/share/mysql');
    const folders = [
      `--basedir=${join(root, 'usr')}`,
      `--lc-messages-dir=${share}`,
      `--character-sets-dir=${join(share, 'charsets')}`,
      `--plugin-dir=${join(root, 'usr/lib/mysql/plugin')}`,
    ];
    const command = (argv: readonly string[]): ProgramCommand =>
      loaderCommand(loader, program, afterNoDefaults(argv, folders));
    const version = versionOf('mysql', loaderCommand(loader, program, ['--version']));
    if (version === undefined) continue;
    return {
      name: 'mysql',
      version,
      program,
      command,
      tool(tool, argv) {
        const file = join(root, 'usr/bin', tool);
        return existsSync(file) ? loaderCommand(loader, file, argv) : undefined;
      },
    };
  }
  return undefined;
}

/** `--no-defaults` counts only as the very first argument, so others go behind it. */
function afterNoDefaults(argv: readonly string[], added: readonly string[]): string[] {
  const [first, ...rest] = argv;
  return first === '--no-defaults' ? [first, ...added, ...rest] : [...added, ...argv];
}

function versionOf(name: EngineName, command: ProgramCommand): string | undefined {
  let text: string;
  try {
    text = execFileSync(command.file, command.argv, {
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return undefined;
  }
  // Debian's `mysqld` may be a link to MariaDB: only what the program says of itself counts.
  if (/mariadb/i.test(text) !== (name === 'mariadb')) return undefined;
  return /\bVer (\d+\.\d+\.\d+)/.exec(text)?.[1];
}

function plain(file: string): Engine['command'] {
  return (argv) => ({ file, argv });
}

/**
 * Ubuntu's profile for mysqld lets it touch nothing outside /var/lib/mysql. Profiles attach by
 * the path that is executed, so the same program run by the loader may use our folders.
 */
function confined(path: string): boolean {
  try {
    const profile = readFileSync(`/etc/apparmor.d/${path.slice(1).replaceAll('/', '.')}`, 'utf8');
    return profile.split('\n').some((line) => line.trim() !== '' && !line.startsWith('#'));
  } catch {
    return false;
  }
}

function viaSystemLoader(path: string): Engine['command'] {
  const loader: Loader | undefined = findLoader('/');
  if (loader === undefined) return plain(path);
  return (argv) => loaderCommand(loader, path, argv);
}

/** Searches PATH and the folders for system programs, which ordinary users' PATHs leave out. */
function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const system = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/usr/libexec'];
  for (const folder of new Set([...folders, ...system, '/usr/local/mysql/bin'])) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here; the next folder may have it.
    }
  }
  return undefined;
}

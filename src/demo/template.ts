import { createHash, randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { cp, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LockstepError } from '../base/errors.ts';
import { cacheFolder, type Engine, type ProgramCommand } from './engine.ts';
import { asRoot, baseArguments } from './engine-arguments.ts';
import { identify } from './engine-process.ts';

/** The accounts of every local server: `root` for Lockstep, `app` for applications. */
const accounts = `
CREATE SCHEMA IF NOT EXISTS app;
${['localhost', '127.0.0.1', '::1'].map(rootAccount).join('')}
CREATE USER 'app'@'%' IDENTIFIED BY 'app';
GRANT ALL PRIVILEGES ON app.* TO 'app'@'%';
`;

/** Bootstrap mode starts without grant tables; account statements work after the reload. */
const mariadbPreparation = `
DELETE FROM mysql.global_priv WHERE User = '' OR Host NOT IN ('localhost', '127.0.0.1', '::1');
DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost';
FLUSH PRIVILEGES;
`;

function rootAccount(host: string): string {
  return `
CREATE USER IF NOT EXISTS 'root'@'${host}';
ALTER USER 'root'@'${host}' IDENTIFIED BY 'root';
GRANT ALL PRIVILEGES ON *.* TO 'root'@'${host}' WITH GRANT OPTION;
`;
}

const asideMark = '.building-';

const building = new Map<string, Promise<string>>();

/**
 * The folder of an initialised data folder for this engine, made when it is missing.
 * Several processes may ask at once: each builds aside, the first to rename wins.
 */
export function templateFolder(engine: Engine): Promise<string> {
  const recipe = JSON.stringify([engine.version, baseArguments(engine, ''), accounts]);
  const hash = createHash('sha256').update(recipe).digest('hex').slice(0, 12);
  const folder = join(cacheFolder(), 'templates', `${engine.name}-${engine.version}-${hash}`);
  const known = building.get(folder);
  if (known !== undefined) return known;
  const promise = ensureTemplate(engine, folder);
  building.set(folder, promise);
  promise.catch(() => building.delete(folder));
  return promise;
}

async function ensureTemplate(engine: Engine, folder: string): Promise<string> {
  if (await exists(folder)) return folder;
  await removeAbandoned(dirname(folder));
  const aside = `${folder}${asideMark}${process.pid}-${randomBytes(6).toString('hex')}`;
  await mkdir(aside, { recursive: true });
  try {
    await initialise(engine, join(aside, 'data'), join(aside, 'accounts.sql'));
    await rm(join(aside, 'accounts.sql'), { force: true });
    await rename(aside, folder);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    if (!(await exists(folder))) throw error;
  }
  return folder;
}

/** Removes what processes left behind that were killed while they built a template. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const entry of await readdir(folder).catch(() => [])) {
    const builder = Number.parseInt(entry.split(asideMark)[1] ?? '', 10);
    if (Number.isNaN(builder) || identify(builder) !== undefined) continue;
    await rm(join(folder, entry), { recursive: true, force: true });
  }
}

/** Makes `dataFolder`, which must not exist, a copy of the engine's template. */
export async function copyTemplate(engine: Engine, dataFolder: string): Promise<void> {
  const source = join(await templateFolder(engine), 'data');
  if (process.platform === 'linux') {
    // Shares the blocks where the file system can, and leaves the empty parts of logs empty.
    const argv = ['-a', '--reflink=auto', '--sparse=always', source, dataFolder];
    await run({ file: 'cp', argv }, 'copying the initialised data folder');
  } else {
    await cp(source, dataFolder, { recursive: true });
  }
}

async function initialise(engine: Engine, data: string, sqlFile: string): Promise<void> {
  if (engine.name === 'mysql') {
    await writeFile(sqlFile, oneStatementALine(accounts));
    const argv = [...baseArguments(engine, data), '--initialize-insecure'];
    await run(engine.command([...argv, `--init-file=${sqlFile}`]), 'mysqld --initialize-insecure');
    // The server's UUID: each copy makes its own.
    await rm(join(data, 'auto.cnf'), { force: true });
    return;
  }
  const install =
    engine.tool('mariadb-install-db', installArguments(data)) ??
    engine.tool('mysql_install_db', installArguments(data));
  if (install === undefined) {
    throw new LockstepError('not_found', `no mariadb-install-db beside ${engine.program}`);
  }
  await run(install, 'mariadb-install-db');
  const bootstrap = engine.command([...baseArguments(engine, data), '--bootstrap']);
  await run(bootstrap, 'mariadbd --bootstrap', oneStatementALine(mariadbPreparation + accounts));
}

function installArguments(data: string): string[] {
  return [
    '--no-defaults',
    `--datadir=${data}`,
    ...asRoot(),
    '--innodb-log-file-size=96M',
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
  ];
}

/** Both bootstrap mode and init files read statements line by line. */
function oneStatementALine(sql: string): string {
  return `${sql
    .split(';')
    .map((statement) => statement.replaceAll('\n', ' ').trim())
    .filter((statement) => statement !== '')
    .join(';\n')};\n`;
}

const outputCharactersMax = 4_000;

function run(command: ProgramCommand, what: string, input = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command.file, command.argv, { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-outputCharactersMax);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.stdin.on('error', () => {
      // The program ended without reading; its exit code tells the rest.
    });
    child.stdin.end(input);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new LockstepError('conflict', `${what} failed (${signal ?? code}):\n${output}`));
    });
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

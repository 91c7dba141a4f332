import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, isRoot } from '../scripts/install-engines.mjs';
import { findLoader, loaderCommand } from '../dist/demo/engine-loader.js';

const root = () => join(cacheFolder(), 'mysql-root');
const program = () => join(root(), 'usr/bin/mysqlrouter');

/** Where Debian's package keeps them. */
export const pluginFolder = () => join(root(), 'usr/lib/mysqlrouter/plugin');

/** Puts Debian's mysql-router into the root that holds MySQL; throws an Error that says why not. */
export function ensureMysqlRouter(say) {
  if (existsSync(program())) return;
  if (!isRoot) throw new Error('installing mysql-router needs root');
  if (!existsSync(root())) throw new Error(`there is no MySQL in ${root()}`);
  say('installing mysql-router …');
  // The root's suite is unstable: a mirror of it may be older than its own date of expiry.
  const apt = 'DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Check-Valid-Until=false';
  const install = `${apt} update && ${apt} install -y --no-install-recommends mysql-router`;
  const clean = 'rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb';
  const shell = ['sh', '-c', `${install} && ${clean}`];
  const { status, stderr } = spawnSync('chroot', [root(), ...shell], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mysql-router was not installed:\n${stderr.slice(-1000)}`);
}

/** File and arguments, run by the root's own loader and libraries. */
export function mysqlRouterCommand(argv) {
  const loader = findLoader(root());
  const own = join(root(), 'usr/lib/mysql-router');
  const libraryFolders = [...loader.libraryFolders, own, join(own, 'private')];
  const command = loaderCommand({ ...loader, libraryFolders }, program(), argv);
  return [command.file, ...command.argv];
}

/** Its name and version, if it is here. */
export function mysqlRouterVersion() {
  if (!existsSync(program())) return [];
  const [file, ...argv] = mysqlRouterCommand(['--version']);
  const { stdout } = spawnSync(file, argv, { encoding: 'utf8' });
  const version = /Ver (\S+)/.exec(stdout ?? '')?.[1];
  return version === undefined ? [] : [`mysql-router ${version}`];
}

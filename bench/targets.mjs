import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { dyingWithParent } from '../dist/demo/engine-process.js';
import { freePorts } from '../dist/demo/free-port.js';
import { LocalServer } from '../dist/demo/local-server.js';
import { findProgram, installPackages } from '../scripts/install-engines.mjs';
import { ensureMysqlRouter, mysqlRouterCommand, pluginFolder } from './mysql-router.mjs';
import { makeTables } from './sysbench.mjs';

const programIn = (project) => join(project, 'dist/cli/main.js');
const forwarderFile = fileURLToPath(new URL('forwarder.mjs', import.meta.url));
const ownProject = fileURLToPath(new URL('..', import.meta.url));

/** What can stand between the load and the node, by the names that the tables show. */
const targets = {
  direct: { start: ({ node }) => ({ port: node.port, pids: [], stop() {} }) },
  haproxy: { need: needHaproxy, start: ({ node, folder }) => haproxy(node, folder) },
  mysql_router: {
    need: ensureMysqlRouter,
    start: ({ node, folder }) => mysqlRouter(node, folder),
  },
  // The least that a proxy in Node.js takes.
  node_forwarder: { start: ({ node, folder }) => forwarder(node, folder) },
  proxysql_1: { need: needProxysql, start: ({ node, folder }) => proxysql(node, folder, 1) },
  proxysql_2: { need: needProxysql, start: ({ node, folder }) => proxysql(node, folder, 2) },
  proxysql_4: { need: needProxysql, start: ({ node, folder }) => proxysql(node, folder, 4) },
  lockstep: { start: ({ node, folder }) => startLockstep([node], folder) },
  // Its answers are kept: with a node of its own, whose every write it sees.
  lockstep_cached: { start: (place) => besideNode(place, ownProject, keepAll) },
  lockstep_2_workers: { start: (place) => besideNode(place, ownProject, { workers: 2 }) },
  // Another revision, to see what a change is worth.
  lockstep_other: {
    need: needOther,
    start: (place) => besideNode(place, process.env.LOCKSTEP_OTHER),
  },
};

export const targetNames = Object.keys(targets);

/** Those that are here or could be installed; of the others it is said why not. */
export function availableTargets(names, say) {
  if (!findProgram('sysbench')) installPackages(['sysbench'], say);
  return names.filter((name) => {
    const target = targets[name];
    if (!target) throw new Error(`no target "${name}"; there are: ${targetNames.join(', ')}`);
    try {
      target.need?.(say);
      return true;
    } catch (error) {
      say(`${name}: skipped, ${error.message}`);
      return false;
    }
  });
}

/** Starts each with a folder of its own and puts it into `running`, with how to stop it. */
export async function startTargets(names, { node, folder }, running) {
  for (const name of names) {
    running[name] = await targets[name].start({ node, folder: join(folder, name) });
  }
}

function needHaproxy(say) {
  if (!findProgram('haproxy')) installPackages(['haproxy'], say);
}

function needProxysql() {
  const path = process.env.PROXYSQL_BIN;
  if (!path) throw new Error('PROXYSQL_BIN names no program');
  accessSync(path, constants.X_OK);
}

function needOther() {
  const project = process.env.LOCKSTEP_OTHER;
  if (!project) throw new Error('LOCKSTEP_OTHER names no folder where Lockstep is built');
  accessSync(programIn(project));
}

const keepAll = { cache: { bytes: '256MB', rules: [{ tables: 'app.*' }] } };

/** With a node of its own: no node obeys two of them. */
async function besideNode({ node, folder }, project, settings = {}) {
  const own = await startNode({ engine: node.engine, folder: join(folder, 'node') });
  try {
    const { stop, ...target } = await startLockstep([own], folder, { project, settings });
    const stopBoth = async () => {
      await stop();
      await own.kill();
    };
    return { ...target, stop: stopBoth };
  } catch (error) {
    await own.kill();
    throw error;
  }
}

/** A server with the tables of the workloads. */
export async function startNode({ engine, folder }) {
  const [port] = await freePorts(1);
  const node = await LocalServer.create({ engine, name: 'mysql1', port, folder });
  try {
    await node.start();
    await makeTables(port);
    return node;
  } catch (error) {
    await node.kill();
    throw error;
  }
}

async function haproxy(node, folder) {
  const [port] = await freePorts(1);
  const file = join(folder, 'haproxy.cfg');
  const config = `global
  nbthread 2
  maxconn 9000
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen mysql
  bind 127.0.0.1:${port}
  server node 127.0.0.1:${node.port}
`;
  return program({ folder, file, config, port, command: ['haproxy', '-db', '-f', file] });
}

async function forwarder(node, folder) {
  const [port] = await freePorts(1);
  const command = [process.execPath, forwarderFile, String(port), String(node.port)];
  return program({ folder, file: join(folder, 'none'), config: '', port, command });
}

async function mysqlRouter(node, folder) {
  const [port] = await freePorts(1);
  const file = join(folder, 'mysqlrouter.conf');
  const config = `[DEFAULT]
plugin_folder=${pluginFolder()}
logging_folder=${folder}
runtime_folder=${folder}
data_folder=${folder}
max_total_connections=9000
[logger]
level=WARNING
[routing:node]
bind_address=127.0.0.1
bind_port=${port}
destinations=127.0.0.1:${node.port}
routing_strategy=first-available
protocol=classic
max_connections=9000
client_ssl_mode=DISABLED
server_ssl_mode=DISABLED
`;
  return program({ folder, file, config, port, command: mysqlRouterCommand(['-c', file]) });
}

async function proxysql(node, folder, threads) {
  const [port, adminPort] = await freePorts(2);
  const file = join(folder, 'proxysql.cnf');
  const config = `datadir="${folder}"
admin_variables={ mysql_ifaces="127.0.0.1:${adminPort}" }
mysql_variables={ threads=${threads} max_connections=9000 interfaces="127.0.0.1:${port}"
  default_schema="app" monitor_username="root" monitor_password="root" server_version="8.0.30" }
mysql_servers=({ address="127.0.0.1" port=${node.port} hostgroup=0 max_connections=400 })
mysql_users=({ username="app" password="app" default_hostgroup=0 })
`;
  const command = [process.env.PROXYSQL_BIN, '-f', '-c', file, '-D', folder];
  return program({ folder, file, config, port, command });
}

/** Lockstep of the project in that folder before these nodes; `settings` beside the usual ones. */
export async function startLockstep(nodes, folder, { project = ownProject, settings = {} } = {}) {
  const [port] = await freePorts(1);
  const file = join(folder, 'lockstep.yaml');
  const config = stringify({
    mysql: { port },
    http: { port: 0 },
    log: { folder: join(folder, 'log') },
    log_level: 'warn',
    limits: { sessions: 9000 },
    users: [{ name: 'app', password: 'app' }],
    nodes: nodes.map(({ name, port: nodePort }) => ({
      name,
      host: '127.0.0.1',
      port: nodePort,
      user: 'root',
      password: 'root',
    })),
    ...settings,
  });
  const command = [process.execPath, programIn(project), 'serve', '--config', file];
  return program({ folder, file, config, port, command });
}

/** Starts it with its configuration and waits until its port answers. */
async function program({ folder, file, config, port, command: [path, ...argv] }) {
  await mkdir(folder, { recursive: true });
  await writeFile(file, config, { mode: 0o600 });
  const dying = dyingWithParent({ file: path, argv });
  const child = spawn(dying.file, dying.argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-4000);
    });
  }
  const exited = new Promise((resolve) => {
    child.once('error', resolve);
    child.once('exit', resolve);
  });
  let gone = false;
  void exited.then(() => {
    gone = true;
  });
  const deadlineMs = performance.now() + 30_000;
  while (!(await greets(port))) {
    if (gone || performance.now() > deadlineMs) {
      child.kill('SIGKILL');
      throw new Error(`${path} does not answer on port ${port}:\n${output}`);
    }
    await delay(10);
  }
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(timer);
  };
  return { port, pids: [child.pid], stop };
}

/** A server, or a proxy with one behind it, speaks first. */
function greets(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}

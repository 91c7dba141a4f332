import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { dyingWithParent } from '../dist/demo/engine-process.js';
import { freePorts } from '../dist/demo/free-port.js';
import { mysqlRouterCommand, pluginFolder } from './mysql-router.mjs';

const lockstepProgram = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** What stands between the load and the nodes, each by the name that the tables show. */
export function targets(wanted, { node, nodes, folder }) {
  const all = {
    direct: () => ({ port: node.port, pids: [], stop() {} }),
    haproxy: () => haproxy(node, join(folder, 'haproxy')),
    mysql_router: () => mysqlRouter(node, join(folder, 'mysql-router')),
    proxysql_1: () => proxysql(node, join(folder, 'proxysql-1'), 1),
    proxysql_2: () => proxysql(node, join(folder, 'proxysql-2'), 2),
    proxysql_4: () => proxysql(node, join(folder, 'proxysql-4'), 4),
    lockstep: () => lockstep(nodes, join(folder, 'lockstep')),
  };
  return Object.fromEntries(wanted.map((name) => [name, all[name]]));
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

async function lockstep(nodes, folder) {
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
  });
  const command = [process.execPath, lockstepProgram, 'serve', '--config', file];
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
    await delay(50);
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

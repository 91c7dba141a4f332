import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { freePorts } from '../dist/demo/free-port.js';
import { LocalServer } from '../dist/demo/local-server.js';
import { installPackages } from '../scripts/install-engines.mjs';

const provider = '/usr/lib/galera/libgalera_smm.so';

export function needGalera(say) {
  if (!existsSync(provider)) installPackages(['galera-4'], say);
}

/**
 * A Galera cluster of MariaDB servers that flush at each commit, so that what was acknowledged
 * survives the loss of power of all of them. `port` is its first node's, which clients use.
 */
export async function startGalera({ engine, count, folder }) {
  const ports = await freePorts(count * 3);
  const addresses = Array.from({ length: count }, (_, index) => ({
    port: ports[index * 3],
    group: `127.0.0.1:${ports[index * 3 + 1]}`,
    incremental: `127.0.0.1:${ports[index * 3 + 2]}`,
  }));
  const servers = await Promise.all(
    addresses.map((address, index) => {
      const others = addresses.map(({ group }) => group).join(',');
      const name = `galera${index + 1}`;
      return LocalServer.create({
        ...{ engine, name, port: address.port, folder: join(folder, name) },
        extraArguments: galeraArguments(address, index === 0 ? '' : others),
      });
    }),
  );
  const stop = () => Promise.all(servers.map((server) => server.kill()));
  try {
    // One after another: a cluster takes one that joins at a time.
    for (const server of servers) {
      await server.start();
      await untilReady(server);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { port: servers[0].port, pids: [], servers, stop };
}

/** One that joins greets before it has the data. */
async function untilReady(server) {
  const deadlineMs = performance.now() + 60_000;
  for (;;) {
    const ready = await isReady(server).catch(() => false);
    if (ready) return;
    if (performance.now() > deadlineMs) throw new Error(`${server.name} does not join its cluster`);
    await delay(100);
  }
}

async function isReady(server) {
  const connection = await mysql.createConnection(server.url);
  try {
    const [rows] = await connection.query("SHOW STATUS LIKE 'wsrep_ready'");
    return rows[0]?.Value === 'ON';
  } finally {
    await connection.end();
  }
}

/** A node that is told of no others begins a cluster. */
function galeraArguments({ port, group, incremental }, others) {
  return [
    '--innodb-flush-log-at-trx-commit=1',
    '--binlog-format=ROW',
    '--innodb-autoinc-lock-mode=2',
    '--wsrep-on=ON',
    `--wsrep-provider=${provider}`,
    `--wsrep-cluster-address=gcomm://${others}`,
    `--wsrep-node-address=${group}`,
    // Servers that run as root cannot use rsync: its daemon is somebody else.
    '--wsrep-sst-method=mysqldump',
    '--wsrep-sst-auth=root:root',
    `--wsrep-sst-receive-address=127.0.0.1:${port}`,
    '--wsrep-slave-threads=4',
    `--wsrep-provider-options=gmcast.listen_addr=tcp://${group};ist.recv_addr=${incremental}`,
  ];
}

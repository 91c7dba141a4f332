import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../dist/demo/free-port.js';
import { LocalServer } from '../dist/demo/local-server.js';
import { startLockstep } from './targets.mjs';

/** Its redo log reaches the disk before a commit is acknowledged. */
export const flushing = ['--innodb-flush-log-at-trx-commit=1'];

export async function startServers({ engine, folder }, count, extraArguments = []) {
  const ports = await freePorts(count);
  const servers = await Promise.all(
    ports.map((port, index) => {
      const name = `mysql${index + 1}`;
      return LocalServer.create({
        ...{ engine, name, port, folder: join(folder, name) },
        extraArguments,
      });
    }),
  );
  const stop = () => Promise.all(servers.map((server) => server.kill()));
  try {
    await Promise.all(servers.map((server) => server.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { servers, stop };
}

/** So many nodes and Lockstep before them; `settings` of its configuration beside the usual. */
export async function behindLockstep(making, count, { extraArguments, settings } = {}) {
  const nodes = await startServers(making, count, extraArguments);
  try {
    const balancer = await startLockstep(nodes.servers, making.folder, { settings });
    const stop = async () => {
      await balancer.stop();
      await nodes.stop();
    };
    return { ...balancer, servers: nodes.servers, stop };
  } catch (error) {
    await nodes.stop();
    throw error;
  }
}

/** What Lockstep's HTTP API says; a port for it is among the `settings`. */
export class Api {
  #base;

  constructor(port) {
    this.#base = `http://127.0.0.1:${port}`;
  }

  async get(path) {
    const response = await fetch(`${this.#base}${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  node(name) {
    return this.get(`/nodes/${name}`);
  }

  /** Resolves with the node as it is once `holds(node)`; asks every `everyMs`. */
  async untilNode(name, holds, { everyMs = 10, timeoutMs = 600_000 } = {}) {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const node = await this.node(name);
      if (holds(node)) return node;
      if (performance.now() > deadlineMs) {
        throw new Error(`${name} is ${node.state} with ${node.pending} pending for too long`);
      }
      await delay(everyMs);
    }
  }
}

export const isUp = ({ state, pending }) => state === 'UP' && pending === 0;

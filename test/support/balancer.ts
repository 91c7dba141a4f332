import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { type Balancer, createBalancer } from '../../src/balancer.ts';
import { nodeName } from '../../src/base/brands.ts';
import { type Config, defaultConfig } from '../../src/config/config.ts';
import type { NodeStatus } from '../../src/http/balancer-control.ts';
import type { TestServers } from './servers.ts';

/** Nodes that are reached by way of these, in the order of their servers. */
export const nodesBehind = (
  ways: readonly { readonly port: number }[],
  weightOf: (index: number) => number = () => 1,
): Config['nodes'] =>
  ways.map(({ port }, index) => ({
    name: nodeName(`mysql${index + 1}`),
    host: '127.0.0.1',
    port,
    user: 'root',
    password: 'root',
    weight: weightOf(index),
  }));

/** A balancer over real servers, on free ports, with a log folder of its own. */
export interface TestBalancer extends AsyncDisposable {
  readonly balancer: Balancer;
  readonly config: Config;
  readonly port: number;
  /** Closes the balancer but keeps its log, and starts it again on the same ports. */
  restart(): Promise<void>;
  /** As `restart`, under another configuration. */
  restartWith(change: (config: Config) => Config): Promise<void>;
  close(): Promise<void>;
}

export async function startBalancer(
  servers: TestServers,
  overrides: Partial<Config> = {},
): Promise<TestBalancer> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-log-'));
  const config: Config = {
    ...defaultConfig,
    mysql: { host: '127.0.0.1', port: 0 },
    http: { ...defaultConfig.http, port: 0 },
    // Five times as often as by default, so that nodes come back sooner.
    health: { ...defaultConfig.health, intervalMs: 1000 },
    // On a busy machine a node may be late without anything being wrong.
    syncTimeoutMs: 5000,
    logLevel: 'silent',
    log: { ...defaultConfig.log, folder },
    users: [{ name: 'app', password: 'app' }],
    nodes: nodesBehind(servers.servers, (index) => index + 1),
    ...overrides,
  };
  const workerProgram = new URL('../../dist/workers/main.js', import.meta.url).pathname;
  const create = (own: Config): Promise<Balancer> => createBalancer(own, { workerProgram });
  const forget = (): Promise<void> => rm(folder, { recursive: true, force: true });
  let balancer = await create(config).catch(async (error: unknown) => {
    await forget();
    throw error;
  });
  const close = async (): Promise<void> => {
    await balancer.close();
    await forget();
  };
  const restartWith = async (change: (config: Config) => Config): Promise<void> => {
    const { mysqlPort, httpPort } = balancer;
    await balancer.close();
    balancer = await create(
      change({
        ...config,
        mysql: { ...config.mysql, port: mysqlPort },
        http: { ...config.http, port: httpPort ?? 0 },
      }),
    );
  };
  return {
    get balancer() {
      return balancer;
    },
    config,
    get port() {
      return balancer.mysqlPort;
    },
    restart: () => restartWith((same) => same),
    restartWith,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Waits until every node is in sync and has nothing pending; fails after a minute. */
export async function untilAllUp({ balancer }: TestBalancer): Promise<void> {
  const isUp = ({ inSync, pending }: NodeStatus): boolean => inSync && pending === 0;
  await vi.waitUntil(() => balancer.control.nodes().every(isUp), 60_000);
}

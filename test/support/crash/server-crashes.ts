import { join } from 'node:path';
import { setImmediate as oneTurn } from 'node:timers/promises';
import { faultPoints } from '../../../src/base/fault-points.ts';
import type { NodeName } from '../../../src/base/brands.ts';
import { defaultConfig } from '../../../src/config/config.ts';
import type { Engine } from '../../../src/demo/engine.ts';
import type { LocalServer } from '../../../src/demo/local-server.ts';
import { nodesBehind, startBalancer, type TestBalancer } from '../balancer.ts';
import { FaultProxy } from '../fault-proxy.ts';
import { startServers, type TestServers } from '../servers.ts';
import { checkCell } from './check-cell.ts';
import { CrashLoad } from './crash-load.ts';
import {
  crashBatchEntries,
  crashHealth,
  crashNoNodeTimeoutMs,
  CrashPlace,
  crashSegmentBytes,
  crashSyncTimeoutMs,
  within,
} from './crash-place.ts';
import type { CrashCell } from './matrix.ts';

/** Three servers, each behind a proxy, and a balancer in this process whose points are ours. */
export class ServerCrashes implements AsyncDisposable {
  readonly #servers: TestServers;
  readonly #proxies: readonly FaultProxy[];
  readonly #lockstep: TestBalancer;
  readonly #place: CrashPlace;
  readonly #divergences: string[] = [];
  #cells = 0;

  private constructor(servers: TestServers, proxies: FaultProxy[], lockstep: TestBalancer) {
    this.#servers = servers;
    this.#proxies = proxies;
    this.#lockstep = lockstep;
    this.#place = new CrashPlace({
      http: () => lockstep.balancer.httpPort ?? 0,
      mysql: () => lockstep.port,
    });
    lockstep.balancer.control.events.subscribe((event) => {
      if (event.kind === 'divergence') this.#divergences.push(JSON.stringify(event));
    });
  }

  static async open(engine: Engine): Promise<ServerCrashes> {
    const servers = await startServers({ engine, count: 3 });
    const proxies: FaultProxy[] = [];
    for (const server of servers.servers) proxies.push(await FaultProxy.open(server.port));
    try {
      const lockstep = await startBalancer(servers, {
        health: crashHealth,
        syncTimeoutMs: crashSyncTimeoutMs,
        noNodeTimeoutMs: crashNoNodeTimeoutMs,
        nodes: nodesBehind(proxies),
        apply: { ...defaultConfig.apply, batchEntriesMax: crashBatchEntries },
        log: {
          ...defaultConfig.log,
          folder: join(servers.folder, 'log'),
          segmentBytes: crashSegmentBytes,
        },
      });
      return new ServerCrashes(servers, proxies, lockstep);
    } catch (error) {
      for (const proxy of proxies) await proxy.close();
      await servers.close();
      throw error;
    }
  }

  /** Throws an error that says what was wrong; otherwise what is worth telling. */
  async run(cell: CrashCell): Promise<string> {
    this.#divergences.length = 0;
    await this.#place.untilAllUp();
    await this.#place.clear();
    const port = this.#lockstep.port;
    const load = new CrashLoad({ port, cell: String(++this.#cells), work: cell.row.work });
    load.start();
    let disarm = (): void => {};
    try {
      await load.progress(2);
      let victim = -1;
      const { promise: hit, resolve } = withResolver<void>();
      const arm = (): void => {
        disarm = this.#arm(cell, async (node) => {
          victim = this.#victim(cell, node);
          await this.#inflict(cell, victim);
          resolve();
        });
      };
      await within(this.#place.begin(cell, load, arm), 'what leads there does not end');
      await within(hit, 'the point was not reached');
      await load.progress(2);
      await this.#repair(victim);
      const resynced = await this.#place.untilAllUp();
      await load.progress(2);
      await load.stop();
      // Somebody may have been found slow once more by the machine.
      await this.#place.untilAllUp();
      await checkCell(this.#servers.servers, load, this.#lockstep.config.log.folder);
      if (this.#divergences.length > 0) throw new Error(this.#divergences.join('; '));
      return resynced.length === 0 ? 'ok' : 'ok, by resync';
    } catch (error) {
      throw load.failures.length > 0 ? new Error(load.failures.join('; ')) : error;
    } finally {
      disarm();
      await load.stop();
    }
  }

  async close(): Promise<void> {
    await this.#lockstep.close();
    for (const proxy of this.#proxies) await proxy.close();
    await this.#servers.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** At the first time that the point is reached; for a recovery, in the middle of its replay. */
  #arm(
    { row: { point, after, begin } }: CrashCell,
    act: (node: NodeName | undefined) => Promise<void>,
  ): () => void {
    let counts = after === undefined;
    let left = begin === 'recovery' && point === 'follower.sent' ? 3 : 1;
    return faultPoints.arm(async (reached, node) => {
      if (reached === after) counts = true;
      if (!counts || reached !== point || left === 0) return;
      if (begin !== undefined && !this.#comesBack(node)) return;
      left--;
      if (left > 0) return;
      await act(node);
      await oneTurn();
    });
  }

  #comesBack(node: NodeName | undefined): boolean {
    if (node === undefined) return false;
    return this.#lockstep.balancer.control.node(node).state !== 'UP';
  }

  #victim(cell: CrashCell, node: NodeName | undefined): number {
    const { leader } = this.#lockstep.balancer.control.status();
    const led = this.#indexOf(leader);
    if (cell.fault.startsWith('leader')) return led;
    const told = this.#indexOf(node);
    if (told >= 0 && told !== led) return told;
    return this.#proxies.findIndex((_, index) => index !== led);
  }

  #indexOf(name: string | undefined): number {
    return this.#servers.servers.findIndex((server) => server.name === name);
  }

  async #inflict(cell: CrashCell, victim: number): Promise<void> {
    const proxy = this.#proxies[victim];
    const server = this.#server(victim);
    switch (cell.fault) {
      case 'leader killed':
      case 'follower killed':
        return server.kill();
      case 'leader cut':
      case 'follower cut':
        return proxy?.cut();
      case 'leader reset':
        return proxy?.reset();
      case 'leader half open':
      case 'follower half open':
        return proxy?.swallow('both');
      case 'leader answers lost':
        return proxy?.swallow('to_client');
      case 'balancer killed':
        throw new Error('this balancer lives in the process of the test');
    }
  }

  async #repair(victim: number): Promise<void> {
    this.#proxies[victim]?.heal();
    const server = this.#server(victim);
    if (!server.running) await server.start();
  }

  #server(index: number): LocalServer {
    const server = this.#servers.servers[index];
    if (!server) throw new Error('there is no leader to do it to');
    return server;
  }
}

function withResolver<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

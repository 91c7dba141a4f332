import type { FaultPointName } from '../../../src/base/fault-points.ts';
import type { Engine } from '../../../src/demo/engine.ts';
import { type BalancerProcess, prepareBalancerProcess } from '../balancer-process.ts';
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

/** Three servers and a balancer as a process of its own, which dies at the points. */
export class BalancerCrashes implements AsyncDisposable {
  readonly #servers: TestServers;
  readonly #balancer: BalancerProcess;
  readonly #place: CrashPlace;
  #cells = 0;

  private constructor(servers: TestServers, balancer: BalancerProcess) {
    this.#servers = servers;
    this.#balancer = balancer;
    this.#place = new CrashPlace({ http: () => balancer.httpPort, mysql: () => balancer.port });
  }

  static async open(engine: Engine): Promise<BalancerCrashes> {
    const servers = await startServers({ engine, count: 3 });
    const { intervalMs, timeoutMs, suspectAfterMs, rise, connectTimeoutMs } = crashHealth;
    try {
      const balancer = await prepareBalancerProcess(
        servers,
        [
          `health: { interval: ${intervalMs}ms, timeout: ${timeoutMs}ms, rise: ${rise}, ` +
            `suspect_after: ${suspectAfterMs}ms, connect_timeout: ${connectTimeoutMs}ms }`,
          `sync_timeout: ${crashSyncTimeoutMs}ms`,
          `no_node_timeout: ${crashNoNodeTimeoutMs}ms`,
          `apply: { batch_entries_max: ${crashBatchEntries} }`,
        ],
        [`segment_bytes: ${crashSegmentBytes / 1024}KB`],
      );
      await balancer.start();
      return new BalancerCrashes(servers, balancer);
    } catch (error) {
      await servers.close();
      throw error;
    }
  }

  /** Throws an error that says what was wrong. */
  async run(cell: CrashCell): Promise<string> {
    const { work } = cell.row;
    await this.#place.untilAllUp();
    await this.#place.clear();
    const { port, logFolder } = this.#balancer;
    const load = new CrashLoad({ port, cell: String(++this.#cells), work, alone: true });
    try {
      await this.#die(cell, load);
      await this.#balancer.start();
      const resynced = await this.#place.untilAllUp();
      await load.progress(2);
      load.mayLose(false);
      await load.progress(2);
      await load.stop();
      await this.#place.untilAllUp();
      await checkCell(this.#servers.servers, load, logFolder);
      return resynced.length === 0 ? 'ok' : 'ok, by resync';
    } catch (error) {
      throw load.failures.length > 0 ? new Error(load.failures.join('; ')) : error;
    } finally {
      load.mayLose(true);
      await load.stop();
    }
  }

  /** The process that is told to die begins when nobody writes, so its counts are known. */
  async #die(cell: CrashCell, load: CrashLoad): Promise<void> {
    const { point, begin, work } = cell.row;
    if (begin === 'recovery') {
      load.start();
      await this.#place.disableOne(load);
      load.mayLose(true);
      await this.#balancer.kill();
      // The third batch of the replay, or the second node.
      await this.#balancer.start(`${point}:${point === 'follower.sent' ? 3 : 2}`);
    } else {
      await this.#balancer.kill();
      await this.#balancer.start(
        `${point}:${work === 'ddl' || begin || isOfSegments(point) ? 1 : 3}`,
      );
      await this.#place.untilAllUp();
      load.mayLose(true);
      load.start();
      await this.#place.begin(cell, load, () => {});
    }
    await within(this.#balancer.ended(), 'the point was not reached');
  }

  async close(): Promise<void> {
    await this.#balancer.close();
    await this.#servers.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const isOfSegments = (point: FaultPointName): boolean =>
  point.startsWith('log.') && point !== 'log.written';

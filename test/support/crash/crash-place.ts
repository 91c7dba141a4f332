import { setTimeout as delay } from 'node:timers/promises';
import { connectTo } from '../../../src/demo/connect.ts';
import type { Config } from '../../../src/config/config.ts';
import { defaultConfig } from '../../../src/config/config.ts';
import type { BalancerStatus } from '../../../src/http/schemas.ts';
import type { CrashLoad } from './crash-load.ts';
import type { CrashCell } from './matrix.ts';

/** Nodes are found down and up again sooner than by default; small log segments. */
export const crashHealth: Config['health'] = {
  ...defaultConfig.health,
  intervalMs: 400,
  timeoutMs: 800,
  suspectAfterMs: 400,
  rise: 1,
  connectTimeoutMs: 1000,
};
export const crashSyncTimeoutMs = 500;
export const crashNoNodeTimeoutMs = 25_000;
/** So that a replay is several batches. */
export const crashBatchEntries = 4;
export const crashSegmentBytes = 64 * 1024;

const deadlineMs = 60_000;
const pollMs = 15;

/** A balancer as its HTTP interface shows it, in this process or another. */
export class CrashPlace {
  readonly #httpPort: () => number;
  readonly #port: () => number;

  constructor(ports: { readonly http: () => number; readonly mysql: () => number }) {
    this.#httpPort = ports.http;
    this.#port = ports.mysql;
  }

  async status(): Promise<BalancerStatus> {
    return (await this.#call('GET', '/status')) as BalancerStatus;
  }

  async post(path: string): Promise<void> {
    await this.#call('POST', path);
  }

  /**
   * Every node is up and has everything, and one leads. A node that waits for the operator is
   * resynchronised; which ones were.
   */
  async untilAllUp(): Promise<string[]> {
    const resynced = new Set<string>();
    let states = '';
    await this.#until(
      'not every node is up',
      async () => {
        // Its port for clients opens before the one for HTTP.
        const status = await this.status().catch(() => undefined);
        if (!status) return false;
        states = status.nodes.map((node) => `${node.name} ${node.state} ${node.reason}`).join('; ');
        for (const { name, state, reason = '' } of status.nodes) {
          if (state !== 'QUARANTINED' && state !== 'RESYNCING') continue;
          resynced.add(`${name} (${reason})`);
          if (state === 'QUARANTINED' && reason.includes('; run `lockstep')) {
            await this.post(`/nodes/${name}/resync`).catch(() => {});
          }
        }
        return status.leader !== undefined && status.nodes.every(({ state }) => state === 'UP');
      },
      () => states,
    );
    return [...resynced];
  }

  /** Rows of the cell before are gone, and the tables are there. */
  async clear(): Promise<void> {
    const client = await connectTo({ port: this.#port() }, { database: 'app' });
    try {
      await client.query(
        'CREATE TABLE IF NOT EXISTS marks ' +
          '(id INT AUTO_INCREMENT PRIMARY KEY, mark VARCHAR(40) NOT NULL, pad MEDIUMTEXT)',
      );
      await client.query(
        'CREATE TABLE IF NOT EXISTS counters (id INT PRIMARY KEY, n INT NOT NULL)',
      );
      await client.query('DELETE FROM marks');
      await client.query('REPLACE INTO counters VALUES (1, 0)');
      const [tables] = await client.query("SHOW TABLES LIKE 't\\_%'");
      for (const table of tables as Record<string, string>[]) {
        await client.query(`DROP TABLE ${Object.values(table)[0]}`);
      }
    } finally {
      client.destroy();
    }
  }

  /** What makes the point be reached, beside the load. */
  async begin(cell: CrashCell, load: CrashLoad, arm: () => void): Promise<void> {
    const { begin } = cell.row;
    const name = await this.#lastFollower();
    switch (begin) {
      case undefined:
        return arm();
      case 'recovery':
        await this.disableOne(load);
        arm();
        return this.post(`/nodes/${name}/enable`);
      case 'resync':
        arm();
        // The balancer may die under it.
        return this.post(`/nodes/${name}/resync`).catch(() => {});
    }
  }

  /** A follower misses something. */
  async disableOne(load: CrashLoad): Promise<void> {
    await this.post(`/nodes/${await this.#lastFollower()}/disable`);
    await load.progress(8);
  }

  async #lastFollower(): Promise<string> {
    const { nodes, leader } = await this.status();
    return nodes.findLast(({ name }) => name !== leader)?.name ?? '';
  }

  async #until(
    problem: string,
    condition: () => Promise<boolean>,
    detail: () => string = () => '',
  ): Promise<void> {
    const endMs = performance.now() + deadlineMs;
    while (!(await condition())) {
      if (performance.now() > endMs) throw new Error(`${problem}: ${detail()}`);
      await delay(pollMs);
    }
  }

  async #call(method: string, path: string): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.#httpPort()}${path}`, { method });
    const body = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(body)}`);
    return body;
  }
}

/** Rejects when `work` takes too long. */
export async function within<T>(work: Promise<T>, problem: string): Promise<T> {
  const late = new AbortController();
  const timeout = delay(deadlineMs, undefined, { signal: late.signal }).then(
    () => Promise.reject(new Error(problem)),
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([work, timeout]);
  } finally {
    late.abort();
  }
}

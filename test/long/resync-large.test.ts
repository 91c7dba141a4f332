import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { afterEach, describe, expect, test } from 'vitest';
import type { NodeStatus } from '../../src/http/balancer-control.ts';
import type { StampedEvent } from '../../src/telemetry/events.ts';
import { type BalancerProcess, prepareBalancerProcess } from '../support/balancer-process.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { type Load, until, workers } from '../support/load.ts';

const mebibyte = 1024 * 1024;
const rowsWanted = 2 ** 18;

/** Memory of a process, as far as it is resident. */
function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
}

/** When each write of a load was acknowledged: how long it took, and what came between. */
class WriteTimes {
  readonly #tookMs: number[] = [];
  #lastMs = performance.now();
  #longestGapMs = 0;

  async of(write: () => Promise<unknown>): Promise<void> {
    const begunMs = performance.now();
    await write();
    const nowMs = performance.now();
    this.#tookMs.push(nowMs - begunMs);
    this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }

  /** And begins anew. */
  take(): { writes: number; p50: number; p99: number; most: number; gap: number } {
    const sorted = this.#tookMs.splice(0).sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
    const gap = this.#longestGapMs;
    this.#longestGapMs = 0;
    return { writes: sorted.length, p50: at(0.5), p99: at(0.99), most: sorted.at(-1) ?? 0, gap };
  }
}

describe.each(engines())('a node of some hundred megabytes is filled anew, $name', (engine) => {
  let servers: TestServers;
  let lockstep: BalancerProcess;
  const clients: Connection[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  const client = async (port: number, user: string): Promise<Connection> => {
    const connection = await connectTo({ port }, { user, database: 'app' });
    connection.on('error', () => {});
    clients.push(connection);
    return connection;
  };
  const call = async <T>(path: string, method = 'GET'): Promise<T> => {
    const response = await fetch(`http://127.0.0.1:${lockstep.httpPort}${path}`, { method });
    return (await response.json()) as T;
  };
  const node = (name: string) => call<NodeStatus>(`/nodes/${name}`);
  const allUp = async (): Promise<boolean> =>
    (await call<NodeStatus[]>('/nodes')).every(({ state }) => state === 'UP');

  /** The same 256 MiB on every server, before the balancer looks at them. */
  const fill = async (port: number): Promise<void> => {
    const root = await client(port, 'root');
    await root.query('CREATE TABLE big (id INT PRIMARY KEY, n INT, pad VARCHAR(1100))');
    await root.query("INSERT INTO big VALUES (0, 0, REPEAT('0', 1024))");
    for (let rows = 1; rows < rowsWanted; rows *= 2) {
      const id = `id + ${rows}`;
      await root.query(`INSERT INTO big SELECT ${id}, 0, REPEAT(SHA2(${id}, 256), 16) FROM big`);
    }
    await root.query('CREATE TABLE small (id INT PRIMARY KEY, n INT)');
  };

  /** Eight clients: half of their writes go into the table that is being copied. */
  const load = async (times: WriteTimes): Promise<Load> => {
    const own = await Promise.all(Array.from({ length: 8 }, () => client(lockstep.port, 'app')));
    let next = 0;
    return workers(own.length, async (index) => {
      const id = next++;
      const sql =
        id % 2 === 0
          ? `INSERT INTO small VALUES (${id}, ${index})`
          : `UPDATE big SET n = n + 1 WHERE id = ${(id * 7919) % rowsWanted}`;
      await times.of(() => own[index]!.query(sql));
    });
  };

  /** Every event so far. */
  const events = async (): Promise<StampedEvent[]> => {
    const ended = new AbortController();
    const response = await fetch(`http://127.0.0.1:${lockstep.httpPort}/events`, {
      headers: { 'last-event-id': '0' },
      signal: ended.signal,
    });
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.includes('"resync_finished"')) break;
    }
    ended.abort();
    return text
      .split('\n')
      .filter((line) => line.startsWith('data:'))
      .flatMap((line) => {
        try {
          return [JSON.parse(line.slice(5)) as StampedEvent];
        } catch {
          return [];
        }
      });
  };

  test('in bounded memory, with progress, while writes wait for less than 100 ms', async () => {
    servers = await startServers({ engine, count: 3 });
    for (const { port } of servers.servers) await fill(port);
    lockstep = await prepareBalancerProcess(servers);
    await lockstep.start();
    await until(allUp);
    const times = new WriteTimes();
    const working = await load(times);
    await until(() => working.done > 2_000);
    const before = times.take();
    const memory = residentMiB(lockstep.pid ?? 0);
    const begunMs = performance.now();
    await call('/nodes/mysql3/resync', 'POST');
    const seen: number[] = [];
    const resident: number[] = [];
    for (let status = await node('mysql3'); status.state !== 'UP'; ) {
      expect(status.state, status.reason).toMatch(/RESYNCING|RECOVERING/);
      if (status.resync) seen.push(status.resync.bytes);
      resident.push(residentMiB(lockstep.pid ?? 0));
      await delay(50);
      status = await node('mysql3');
    }
    const tookMs = performance.now() - begunMs;
    const during = times.take();
    await working.stop();
    const all = await events();
    const started = all.find(({ kind }) => kind === 'resync_started');
    const half = Math.floor(resident.length / 2);
    const most = (from: number): number => Math.max(...resident.slice(from, from + half));
    const figures = {
      heldMs: started && 'heldMs' in started ? started.heldMs : Infinity,
      tookMs: Math.round(tookMs),
      mebibytes: Math.round(Math.max(...seen) / mebibyte),
      residentMiB: { before: memory, firstHalf: most(0), secondHalf: most(half) },
      before,
      during,
    };
    process.stdout.write(`${engine.name}: ${JSON.stringify(figures)}\n`);
    expect(figures.heldMs).toBeLessThan(100);
    expect(figures.mebibytes).toBeGreaterThan(200);
    // It does not grow with what has been copied.
    expect(Math.max(...resident) - memory).toBeLessThan(256);
    expect(most(half) - most(0)).toBeLessThan(64);
    expect(new Set(seen).size).toBeGreaterThan(10);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    await expectEqualNodes(servers.servers);
  });
});

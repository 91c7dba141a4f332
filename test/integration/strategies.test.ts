import mysql from 'mysql2/promise';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { strategyNames } from '../../src/config/strategy-name.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { startServers, type TestServers } from '../support/cluster.ts';
import { describeAlike, extended } from '../support/extended.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { until, workers } from '../support/load.ts';

const names = ['mysql1', 'mysql2', 'mysql3', 'mysql4', 'mysql5'];
const clientCount = 8;

describeAlike('reads are shared out', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let proxy: FaultProxy;
  let clients: mysql.Pool;

  beforeAll(async () => {
    servers = await startServers({ engine, count: names.length });
    proxy = await FaultProxy.open(servers.servers[4]?.port ?? 0);
    lockstep = await startBalancer(servers);
    await lockstep.restartWith((config) => ({
      ...config,
      nodes: config.nodes.map((node) =>
        node.name === names[4] ? { ...node, port: proxy.port } : node,
      ),
    }));
    await vi.waitUntil(
      () => lockstep.balancer.control.nodes().every(({ state }) => state === 'UP'),
      20_000,
    );
    clients = mysql.createPool({
      host: '127.0.0.1',
      port: lockstep.port,
      user: 'app',
      password: 'app',
      database: 'app',
      connectionLimit: clientCount,
    });
    await clients.query('CREATE TABLE t (id INT PRIMARY KEY)');
    await clients.query('INSERT INTO t VALUES (1), (2), (3)');
    // A client's first schema is looked up by a read of its own: let every client have had it.
    await sharesOf(50 * clientCount);
  });

  afterAll(async () => {
    await clients?.end();
    await lockstep?.close();
    await proxy?.close();
    await servers?.close();
  });

  /** How many of that many reads each node answered. */
  const sharesOf = async (count: number): Promise<number[]> => {
    const reads = (): number[] => lockstep.balancer.control.nodes().map((node) => node.reads);
    const before = reads();
    let left = count;
    const client = async (): Promise<void> => {
      while (left > 0) {
        left--;
        await clients.query('SELECT id FROM t WHERE id = 2');
      }
    };
    await Promise.all(Array.from({ length: clientCount }, client));
    return reads().map((now, index) => now - (before[index] ?? 0));
  };
  const use = (name: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${lockstep.balancer.httpPort}/strategy/${name}`, { method: 'POST' });
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

  test('round robin: 10,000 reads, within one read of each other', async () => {
    expect((await use('round_robin')).status).toBe(200);
    const shares = await sharesOf(10_000);
    expect(sum(shares)).toBe(10_000);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
  });

  test('weights 1 to 5: 10,000 reads, within 1 % of the weights', async () => {
    expect((await use('weighted_round_robin')).status).toBe(200);
    const shares = await sharesOf(10_000);
    for (const [index, share] of shares.entries()) {
      expect(Math.abs(share / 10_000 - (index + 1) / 15)).toBeLessThan(0.01);
    }
  });

  test(
    'least time: a node slowed by 20 ms gets under 5 %, and its share back',
    extended,
    async () => {
      const setWeights = (weightOf: (index: number) => number) => {
        const set = names.map((name, index) => [`nodes.${name}.weight`, weightOf(index)] as const);
        return lockstep.balancer.control.settings.change(Object.fromEntries(set), 'test');
      };
      await setWeights(() => 1);
      expect((await use('least_time')).status).toBe(200);
      await sharesOf(2_000);
      // The way by the proxy is longer, so this is less than a fifth on a machine with few cores.
      const fair = (await sharesOf(10_000))[4] ?? 0;
      proxy.delayMs = 20;
      const slowed = (await sharesOf(10_000))[4] ?? 0;
      proxy.delayMs = 0;
      expect(slowed).toBeGreaterThan(0);
      expect(slowed).toBeLessThan(Math.min(500, fair / 2));
      // Seen by the reads that it still gets; how soon depends on how many there are.
      await until(async () => ((await sharesOf(1_000))[4] ?? 0) * 10 > fair / 2);
      await setWeights((index) => index + 1);
    },
  );

  test('a strategy is swapped under load, and no query is lost', async () => {
    const load = workers(clientCount, async () => {
      const [rows] = await clients.query('SELECT id FROM t ORDER BY id');
      expect(rows).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    });
    for (let swap = 0; swap < 100; swap++) {
      const name = strategyNames[swap % strategyNames.length] ?? '';
      const doneBefore = load.done;
      expect((await use(name)).status).toBe(200);
      expect(lockstep.balancer.control.strategy().name).toBe(name);
      await until(() => load.done > doneBefore);
    }
    await load.stop();
  });

  test('an unknown strategy is refused with the names there are', async () => {
    const before = lockstep.balancer.control.strategy().name;
    const response = await use('nonsense');
    expect(response.status).toBe(400);
    const body = JSON.stringify(await response.json());
    for (const name of strategyNames) expect(body).toContain(name);
    expect(lockstep.balancer.control.strategy().name).toBe(before);
  });
});

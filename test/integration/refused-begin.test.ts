import { afterEach, describe, expect, test } from 'vitest';
import { nodesBehind, startBalancer, type TestBalancer } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { until } from '../support/load.ts';

describe.each(engines())('a BEGIN that the leader refuses, $name', (engine) => {
  let servers: TestServers | undefined;
  let lockstep: TestBalancer | undefined;
  const proxies: FaultProxy[] = [];

  afterEach(async () => {
    await lockstep?.close();
    for (const proxy of proxies.splice(0)) await proxy.close();
    await servers?.close();
  });

  test.each([
    ['known', 'INSERT INTO t VALUES (2)'],
    ['new', 'REPLACE INTO t VALUES (2)'],
  ])('a statement of a %s form that committed alone is undone by a resync', async (_, sql) => {
    servers = await startServers({ engine, count: 2 });
    for (const { port } of servers.servers) proxies.push(await FaultProxy.open(port));
    lockstep = await startBalancer(servers, {
      nodes: nodesBehind(proxies),
    });
    const { control } = lockstep.balancer;
    const client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE t (id INT PRIMARY KEY)');
    await client.query('INSERT INTO t VALUES (1)');
    const leader = control.status().leader;
    const garbled = { count: 0 };
    for (const proxy of proxies) {
      proxy.garble = (bytes) => {
        const text = bytes.toString('latin1');
        if (garbled.count > 0 || !text.includes('\u0003BEGIN')) return bytes;
        garbled.count++;
        return Buffer.from(text.replace('\u0003BEGIN', '\u0003BEGIX'), 'latin1');
      };
    }
    await expect(client.query(sql)).rejects.toThrow(/takes no effect/);
    expect(garbled.count).toBe(1);
    expect(control.status().leader).not.toBe(leader);
    await client.query('INSERT INTO t VALUES (3)');
    await until(() => control.nodes().every(({ state, inSync }) => state === 'UP' && inSync));
    await expectEqualNodes(servers.servers);
    const [rows] = await client.query('SELECT id FROM t ORDER BY id');
    expect(rows).toEqual([{ id: 1 }, { id: 3 }]);
    client.destroy();
  });
});

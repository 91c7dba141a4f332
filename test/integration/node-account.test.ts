import { describe, expect, test } from 'vitest';
import { nodeName } from '../../src/base/brands.ts';
import { startBalancer, untilAllUp } from '../support/balancer.ts';
import { connectTo, engines, expectEqualNodes, startServers } from '../support/cluster.ts';

describe.each(engines())('an account of Lockstep on the nodes, $name', (engine) => {
  test('with the rights of OPERATIONS.md is enough, also to fill a node', async () => {
    await using servers = await startServers({ engine, count: 2 });
    for (const server of servers.servers) {
      const root = await connectTo(server, { user: 'root' });
      await root.query("CREATE USER 'lockstep'@'%' IDENTIFIED BY 'secret'");
      await root.query("GRANT ALL PRIVILEGES ON *.* TO 'lockstep'@'%' WITH GRANT OPTION");
      root.destroy();
    }
    const account = { host: '127.0.0.1', user: 'lockstep', password: 'secret', weight: 1 };
    await using lockstep = await startBalancer(servers, {
      nodes: servers.servers.map(({ name, port }) => ({ ...account, name: nodeName(name), port })),
    });
    await untilAllUp(lockstep);
    const { control } = lockstep.balancer;
    const app = await connectTo(lockstep, { database: 'app' });
    await app.query('CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, n INT)');
    await app.query('INSERT INTO t (n) VALUES (1), (2)');
    const filled = control.nodes().find(({ name }) => name !== control.status().leader)?.name ?? '';
    await control.resync(filled);
    const finished = (): boolean =>
      control.events.since(0).some(({ kind }) => kind === 'resync_finished');
    await expect.poll(finished, { timeout: 30_000 }).toBe(true);
    await untilAllUp(lockstep);
    await app.query('UPDATE t SET n = n + 1');
    await expectEqualNodes(servers.servers);
    expect(await control.verify()).toMatchObject({ equal: true });
    // What it may not give is said, and keeps nobody from being a copy.
    const warnings = control.events.since(0).filter(({ kind }) => kind === 'resync_warning');
    expect(warnings).toEqual([
      expect.objectContaining({ node: filled, detail: expect.stringMatching(/^GRANT PROXY ON /) }),
    ]);
    app.destroy();
  });
});

import { appendFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import type { SettingsStatus } from '../../src/http/settings-control.ts';
import { prepareBalancerProcess } from '../support/balancer-process.ts';
import { connectTo, engines, startServers } from '../support/cluster.ts';
import { extendedIf } from '../support/extended.ts';

// What a signal does is the same before either server.
describe.each(engines())('a running balancer, $name', (engine) => {
  const only = extendedIf(engine.name === 'mysql');

  test('reads its file again on SIGHUP, and keeps its clients', only, async () => {
    await using servers = await startServers({ engine, count: 1 });
    await using lockstep = await prepareBalancerProcess(servers);
    await lockstep.start();
    const client = await connectTo(lockstep, { database: 'app' });
    const valueOf = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${lockstep.httpPort}/config`);
      const { settings } = (await response.json()) as SettingsStatus;
      return settings.find((one) => one.path === path)?.value;
    };
    expect(await valueOf('no_node_timeout')).toBe('5s');
    await appendFile(lockstep.file, 'no_node_timeout: 1s\n');
    process.kill(lockstep.pid ?? 0, 'SIGHUP');
    await vi.waitUntil(async () => (await valueOf('no_node_timeout')) === '1s', 20_000);
    await appendFile(lockstep.file, 'acks: nobody\n');
    process.kill(lockstep.pid ?? 0, 'SIGHUP');
    await client.query('SELECT 1');
    expect(await valueOf('acks')).toBe('all');
    await client.end();
  });
});

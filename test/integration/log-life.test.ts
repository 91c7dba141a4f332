import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { StampedEvent } from '../../src/telemetry/events.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';
import { describeAlike } from '../support/extended.ts';
import { until } from '../support/load.ts';

const kilobyte = 1024;
const body = 'x'.repeat(20 * kilobyte);

describeAlike('a node that stays away too long', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeEach(async () => {
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers);
    await lockstep.restartWith(small);
    await run('CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, body MEDIUMTEXT)');
  });

  afterEach(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  /** A log that is full after a dozen writes. */
  const small = (config: Config): Config => ({
    ...config,
    log: { ...config.log, segmentBytes: 64 * kilobyte, retentionBytes: 256 * kilobyte },
  });
  const control = () => lockstep.balancer.control;
  const run = async (sql: string): Promise<unknown> => {
    const client = await connectTo(lockstep, { database: 'app' });
    try {
      return (await client.query(sql))[0];
    } finally {
      client.destroy();
    }
  };
  const write = async (count: number): Promise<void> => {
    for (let left = count; left > 0; left--) await run(`INSERT INTO t (body) VALUES ('${body}')`);
  };
  const told = (kind: StampedEvent['kind']): StampedEvent[] =>
    control()
      .events.since(0)
      .filter((event) => event.kind === kind);

  test('loses its place, is known to need a resync, and gets it when it returns', async () => {
    const lost = servers.servers[2]!;
    await write(3);
    await until(() => control().node('mysql3').pending === 0);
    await lost.kill();
    await until(() => control().node('mysql3').state === 'DOWN');
    const { position } = control().node('mysql3');
    expect(control().node('mysql3').needsResync).toBe(false);
    await write(40);
    // What the others have is trusted to be on their disks after ten seconds.
    await until(() => told('place_given_up').length > 0);
    await until(() => control().status().log.sizeBytes <= 256 * kilobyte);
    const { log } = control().status();
    expect(told('place_given_up')).toMatchObject([
      { node: 'mysql3', from: position + 1, pending: 40, limit: 'log.retention_bytes: 256KB' },
    ]);
    expect(log.firstSeq).toBeGreaterThan(position + 1);
    const status = control().node('mysql3');
    expect(status).toMatchObject({ state: 'DOWN', needsResync: true, pending: 40 });
    expect(status.reason).toMatch(/place in the log was given up/);
    expect(control().status().summary).toContain('mysql3 is DOWN and needs a resync');

    await lockstep.restartWith(small);
    await until(() => control().node('mysql3').state === 'DOWN');
    expect(control().node('mysql3').needsResync).toBe(true);
    await write(2);

    await lost.start();
    await until(() => control().node('mysql3').state === 'UP');
    expect(told('resync_finished')).toMatchObject([{ node: 'mysql3' }]);
    const changes = told('node_state_changed').filter((event) =>
      JSON.stringify(event).includes('mysql3'),
    );
    expect(JSON.stringify(changes)).toMatch(
      // Servers killed under relaxed durability have lost their last entries too.
      /it needs entry \d, but the log begins at \d+; it will be resynchronised/,
    );
    expect(control().node('mysql3').needsResync).toBe(false);
    await write(2);
    await until(() =>
      control()
        .nodes()
        .every(({ inSync, pending }) => inSync && pending === 0),
    );
    expect(await run('SELECT COUNT(*) AS n FROM t')).toEqual([{ n: 47 }]);
    await expectEqualNodes(servers.servers);
  });
});

import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engines, expectEqualNodes } from '../support/cluster.ts';
import { Compared, fill } from '../support/compared.ts';
import { until } from '../support/load.ts';

describe.each(engines())('a repair that is broken off, $name', (engine) => {
  let cluster: Compared;

  beforeAll(async () => {
    cluster = await Compared.start(engine, { verify: { afterLeaderFailure: false, rate: 0 } });
  });

  beforeEach(() => cluster.untilAllUp());

  afterAll(() => cluster?.[Symbol.asyncDispose]());

  const repair = (table: string) =>
    cluster.control.verify({ tables: [`app.${table}`], repair: true });

  test('a node that dies meanwhile has all of it or nothing, and comes back', async () => {
    const writer = await cluster.client();
    await writer.query('CREATE TABLE broken (id INT PRIMARY KEY, n INT)');
    await fill(writer, 'broken', { rows: 20_000, row: (index) => `${index}, 0` });
    const odd = cluster.follower;
    await cluster.behind(odd, 'UPDATE broken SET n = 1');
    const under = repair('broken');
    await until(() => cluster.control.node(odd).state === 'RESYNCING');
    await cluster.server(odd).kill();
    const report = await under;
    await writer.query('INSERT INTO broken VALUES (50000, 5)');
    await cluster.server(odd).start();
    await cluster.untilUp(odd);
    const direct = await cluster.direct(odd);
    const [rows] = await direct.query<RowDataPacket[]>('SELECT DISTINCT n FROM app.broken');
    const left = rows.map((row) => Number(row['n'])).sort((a, b) => a - b);
    expect([
      [0, 5],
      [1, 5],
    ]).toContainEqual(left);
    if (report.repaired === true) expect(left).toEqual([0, 5]);
    await repair('broken');
    await expectEqualNodes(cluster.servers.servers);
  });

  test('a balancer that is closed meanwhile leaves the node a member', async () => {
    const writer = await cluster.client();
    const odd = cluster.follower;
    await cluster.behind(odd, 'UPDATE broken SET n = 7 WHERE id > 5');
    const under = repair('broken');
    await until(() => cluster.control.node(odd).state === 'RESYNCING');
    await Promise.all([under.catch(() => undefined), cluster.lockstep.restart()]);
    writer.destroy();
    await cluster.untilAllUp();
    await repair('broken');
    await expectEqualNodes(cluster.servers.servers);
  });
});

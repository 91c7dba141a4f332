import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { engines } from '../support/cluster.ts';
import { extended } from '../support/extended.ts';
import { talkNonsense, talkSense, type Told, writeAndRead } from '../support/evil-node.ts';
import { TrapLab } from '../support/trap-lab.ts';

describe.each(engines())('a node that sends nonsense, $name', (engine) => {
  const health = { ...defaultConfig.health, intervalMs: 500, suspectAfterMs: 200 };
  const lab = new TrapLab(engine, { health, syncTimeoutMs: 500, noNodeTimeoutMs: 10_000 });
  const seed = Math.trunc(Math.random() * 0x7fff_ffff);

  beforeAll(async () => {
    await lab.open();
    const one = await lab.client();
    await one.query('CREATE TABLE evil (token VARCHAR(40) PRIMARY KEY, who INT)');
    await lab.settled();
  });

  afterEach(async () => {
    for (const server of [lab.leader, ...lab.followers]) talkSense(lab.proxyOf(server));
    await lab.settled();
  });
  afterAll(() => lab.close());

  const nothingLost = async ({ acknowledged, errors }: Told): Promise<void> => {
    // What a node says that cannot be read is not blamed on the client.
    expect([...errors.keys()].filter((text) => /packet/i.test(text))).toEqual([]);
    await lab.equal();
    const one = await lab.client();
    const [rows] = await one.query<RowDataPacket[]>('SELECT token FROM evil');
    const there = new Set(rows.map((row) => row['token'] as string));
    expect(acknowledged.filter((token) => !there.has(token))).toEqual([]);
    one.destroy();
  };

  test.each([
    ['follower', seed],
    ['leader', seed + 1],
  ] as const)('the %s, from seed %i', extended, async (role, from) => {
    talkNonsense(lab.proxyOf(role === 'leader' ? lab.leader : lab.follower), from);
    const told = await writeAndRead(lab.port, from);
    for (const server of [lab.leader, ...lab.followers]) talkSense(lab.proxyOf(server));
    await nothingLost(told);
  });
});

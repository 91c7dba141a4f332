import type { Connection } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { startBalancer, untilAllUp } from '../support/balancer.ts';
import { connectTo, engines, startServers } from '../support/cluster.ts';
import { compareSets, type Twin } from '../support/random-sets.ts';

const rounds = 40;
const stepsEach = 400;
const sessions = 6;

test.each(engines())('random statements of sessions that set much, on $name', async (engine) => {
  await using servers = await startServers({ engine, count: 4 });
  const three = { ...servers, servers: servers.servers.slice(0, 3) };
  const limits = { ...defaultConfig.limits, connectionsPerNode: sessions };
  await using lockstep = await startBalancer(three, { limits });
  await untilAllUp(lockstep);
  const [, , , plain] = servers.servers;
  expect(plain).toBeDefined();
  const connect = (target: { readonly port: number }): Promise<Connection> =>
    connectTo(target, { database: 'app' });
  const first = Math.trunc(Math.random() * 0x7fff_ffff);
  for (let seed = first; seed < first + rounds; seed += 1) {
    console.log(`seed ${seed}`);
    const twin = async (): Promise<Twin> => ({
      direct: await connect(plain ?? { port: 0 }),
      through: await connect(lockstep),
    });
    const twins = await Promise.all(Array.from({ length: sessions }, twin));
    await compareSets(twins, seed, stepsEach);
    for (const { direct, through } of twins) {
      direct.destroy();
      through.destroy();
    }
  }
});

import { expect, test } from 'vitest';
import { engines } from '../support/cluster.ts';
import { Siege } from '../support/siege.ts';

const rounds = 25;
const assaultsPerRound = 400;
const grownBytesMax = 150 * 1024 * 1024;

test.each(engines())('ten thousand hostile clients, on $name', async (engine) => {
  await using siege = await Siege.begin(engine);
  const first = Math.trunc(Math.random() * 0x7fff_ffff);
  await siege.round(first, assaultsPerRound);
  const before = process.memoryUsage().rss;
  for (let seed = first + 1; seed < first + rounds; seed += 1) {
    console.log(`seed ${seed}`);
    await siege.round(seed, assaultsPerRound);
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(grownBytesMax);
  await siege.end();
});

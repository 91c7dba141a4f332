import { expect, test } from 'vitest';
import { connectTo, engines } from '../support/cluster.ts';
import { Siege } from '../support/siege.ts';

// The long form is `test/long/hostile-clients.test.ts`.
test.each(engines())('hostile clients leave nothing behind, on $name', async (engine) => {
  await using siege = await Siege.begin(engine);
  const seed = Math.trunc(Math.random() * 0x7fff_ffff);
  await siege.round(seed, 100);
  const wrong = Array.from({ length: 30 }, () =>
    connectTo(siege.lockstep, { password: 'wrong' }).catch((error: { errno: number }) => error),
  );
  // Denied, or sent away because too many are.
  for (const answer of await Promise.all(wrong)) {
    expect([1045, 1129]).toContain('errno' in answer ? answer.errno : 0);
  }
  await siege.round(seed + 1, 1);
  await siege.end();
});

import { test } from 'vitest';
import { engines } from '../support/cluster.ts';
import { rawAssault } from '../support/raw-commands/raw-assault.ts';

// The long form is `test/long/raw-commands.test.ts`.
test.each(engines())('commands as no driver sends them, on $name', async (engine) => {
  await rawAssault(engine, { seed: Math.trunc(Math.random() * 0x7fff_ffff), count: 300 });
});

import { test } from 'vitest';
import { engines } from '../support/cluster.ts';
import { rawAssault } from '../support/raw-commands/raw-assault.ts';

const seed = Number(process.env['LOCKSTEP_SEED'] ?? Math.trunc(Math.random() * 0x7fff_ffff));
const count = Number(process.env['LOCKSTEP_ROUNDS'] ?? 5000);

test.each(engines())('many commands as no driver sends them, on $name', async (engine) => {
  await rawAssault(engine, { seed, count });
});

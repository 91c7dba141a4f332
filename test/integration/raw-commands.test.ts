import { describe, test } from 'vitest';
import { engines } from '../support/cluster.ts';
import { rawAssault } from '../support/raw-commands/raw-assault.ts';

// From any seed it could meet what no reading of the servers has told yet: that is for the long
// form, `test/long/raw-commands.test.ts`.
describe.each(engines())('commands as no driver sends them, on $name', (engine) => {
  test.each([7, 286_841_392])('from seed %i', (seed) => rawAssault(engine, { seed, count: 300 }));
});

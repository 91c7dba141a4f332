import { describe, test } from 'vitest';
import { engines } from '../support/cluster.ts';
import { extended } from '../support/extended.ts';
import { rawAssault } from '../support/raw-commands/raw-assault.ts';

// From any seed it could meet what no reading of the servers has told yet: that is for the long
// form, `test/long/raw-commands.test.ts`.
describe.each(engines())('commands as no driver sends them, on $name', (engine) => {
  const assault = (seed: number): Promise<void> => rawAssault(engine, { seed, count: 300 });
  test('from seed 286841392', () => assault(286_841_392));
  test('from seed 7', extended, () => assault(7));
});

import { afterAll, beforeAll, describe, test } from 'vitest';
import { engines } from '../support/cluster.ts';
import { RandomRounds } from '../support/random-rounds.ts';

const rounds = Number(process.env['LOCKSTEP_ROUNDS'] ?? 30);
const firstSeed = Number(process.env['LOCKSTEP_SEED'] ?? 1);
const victims = [undefined, 'leader', undefined, 'follower'] as const;

describe.each(engines())('random transactions leave every node equal, $name', (engine) => {
  const random = new RandomRounds(engine);

  beforeAll(() => random.open());
  afterAll(() => random.close());

  test('round after round, with nodes that are killed and come back', async () => {
    let transactions = 0;
    for (let index = 0; index < rounds; index++) {
      const seed = firstSeed + index;
      try {
        transactions += await random.round({ seed, killed: victims[index % victims.length] });
      } catch (error) {
        throw new Error(`round ${index}, seed ${seed}`, { cause: error });
      }
      if ((index + 1) % 10 > 0 && index + 1 < rounds) continue;
      const soFar = `${index + 1} rounds, ${transactions} transactions acknowledged`;
      console.log(`${engine.name}: ${soFar}, zero divergence`);
    }
  });
});

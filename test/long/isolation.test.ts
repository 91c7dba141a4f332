import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '../support/cluster.ts';
import { IsolationLab, type Round, type Setting } from '../support/isolation/lab.ts';

/** Of every setting; each round is another seed, isolation level and victim. */
const rounds = Number(process.env['LOCKSTEP_ROUNDS'] ?? 6);
const firstSeed = Number(process.env['LOCKSTEP_SEED'] ?? 1);
const transactions = 1500;

const settings: readonly Setting[] = (['session', 'strong'] as const).flatMap((consistency) =>
  (['all', 'quorum', 'leader'] as const).map((acks) => ({ consistency, acks })),
);
const isolations = ['repeatable_read', 'serializable'] as const;
const victims = [undefined, 'leader', 'follower'] as const;

const roundOf = (index: number): Round => ({
  seed: firstSeed + index,
  isolation: isolations[index % isolations.length] ?? 'repeatable_read',
  killed: victims[Math.floor(index / isolations.length) % victims.length],
  transactions,
});

describe.each(engines())('what concurrent clients see contradicts nothing, $name', (engine) => {
  const lab = new IsolationLab(engine);
  const done = { rounds: 0, transactions: 0, lostConnections: 0 };

  beforeAll(() => lab.open({ consistency: 'session', acks: 'all' }));
  afterAll(() => lab.close());

  test.each(settings)('$consistency, acks $acks', async (setting) => {
    await lab.change(setting);
    for (let index = 0; index < rounds; index++) {
      const round = roundOf(index);
      const { anomalies, bankViolations, ...report } = await lab.round(round);
      const what = JSON.stringify({ engine: engine.name, ...setting, ...round });
      expect(anomalies, what).toEqual([]);
      expect(bankViolations, what).toEqual([]);
      await lab.expectEqualNodes();
      done.rounds++;
      done.transactions += report.transactions;
      done.lostConnections += report.lostConnections;
    }
    const soFar = `${done.rounds} rounds, ${done.transactions} transactions, zero divergence`;
    console.log(`${engine.name}: ${soFar}; ${done.lostConnections} connections lost`);
  });
});

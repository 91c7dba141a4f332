import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '../support/cluster.ts';
import { IsolationLab } from '../support/isolation/lab.ts';

const transactions = 500;

describe.each(engines())('what concurrent clients see contradicts nothing, $name', (engine) => {
  const lab = new IsolationLab(engine);

  beforeAll(() => lab.open({ consistency: 'session', acks: 'all' }));
  afterAll(() => lab.close());

  test.each([
    { consistency: 'session', acks: 'all', isolation: 'repeatable_read' },
    { consistency: 'session', acks: 'leader', isolation: 'serializable' },
    { consistency: 'strong', acks: 'quorum', isolation: 'repeatable_read' },
  ] as const)('$consistency, acks $acks, $isolation', async ({ isolation, ...setting }) => {
    await lab.change(setting);
    const report = await lab.round({ seed: 1, isolation, transactions });
    expect(report.anomalies).toEqual([]);
    expect(report.bankViolations).toEqual([]);
    expect(report.committed).toBeGreaterThan(transactions / 4);
    await lab.expectEqualNodes();
  });

  test('with the leader killed in the middle', async () => {
    const setting = { seed: 2, isolation: 'repeatable_read', killed: 'leader' } as const;
    const report = await lab.round({ ...setting, transactions });
    expect(report.anomalies).toEqual([]);
    expect(report.bankViolations).toEqual([]);
    await lab.expectEqualNodes();
  });
});

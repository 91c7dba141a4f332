import { expect, test } from 'vitest';
import { runSeed } from './run-seed.ts';

const seeds = Number(process.env['SIMULATION_SEEDS'] ?? 300);
const firstSeed = Number(process.env['SIMULATION_FROM'] ?? 1);

test('the core keeps its promises, whatever fails', async () => {
  let acknowledged = 0;
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const report = await runSeed(seed);
    acknowledged += report.acknowledged;
    const again = `npm run sim -- --seed ${seed}`;
    expect(report.violation, `${again}\n${report.notes.slice(-40).join('\n')}`).toBeUndefined();
  }
  // The promises would hold for a core that never acknowledges anything.
  expect(acknowledged).toBeGreaterThan(seeds * 20);
}, 180_000);

test('a seed describes its run to the last event', async () => {
  const [first, second] = [await runSeed(7), await runSeed(7)];
  expect(second.notes).toEqual(first.notes);
  expect(second.simulatedMs).toBe(first.simulatedMs);
});

import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { runScenario } from '../../src/demo/scenario/scenario.ts';
import type { ScenarioStep } from '../../src/demo/scenario/step-recorder.ts';
import { engines } from '../support/cluster.ts';
import { extendedIf } from '../support/extended.ts';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

describe.each(engines())('what Lockstep promises, $name', (engine) => {
  const options = { ...extendedIf(engine.name === 'mysql'), timeout: 300_000 };
  test('nodes and balancer die and return, and nothing is lost', options, async () => {
    const steps: ScenarioStep[] = [];
    const { failed } = await runScenario({
      engine: engine.name,
      program,
      report: (step) => steps.push(step),
      progress: () => {},
    });
    for (const { title, expected, found } of steps) expect.soft(found, title).toEqual(expected);
    expect(steps.length).toBeGreaterThan(30);
    expect(failed).toBe(0);
  });
});

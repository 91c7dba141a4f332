import { expect, test } from 'vitest';
import { type ScenarioStep, StepRecorder } from './step-recorder.ts';

const recorder = (signal?: AbortSignal) => {
  const steps: ScenarioStep[] = [];
  return { steps, recorder: new StepRecorder({ report: (step) => steps.push(step), signal }) };
};

test('a step passes when what is found equals what is expected, in depth', async () => {
  const { steps, recorder: one } = recorder();
  await one.check('equal', { a: [1] }, () => ({ a: [1] }));
  await one.check('other', { a: [1] }, () => ({ a: [2] }));
  expect(steps.map(({ title, passed }) => [title, passed])).toEqual([
    ['equal', true],
    ['other', false],
  ]);
  expect([one.passed, one.failed]).toEqual([1, 1]);
});

test('a step whose looking fails has the error as what was found', async () => {
  const { steps, recorder: one } = recorder();
  await one.check('broken', 'done', () => Promise.reject(new Error('no node')));
  expect(steps).toEqual([
    { title: 'broken', expected: 'done', found: 'error: no node', passed: false },
  ]);
});

test('a step that waits looks again until it is so', async () => {
  const { steps, recorder: one } = recorder();
  let looked = 0;
  await one.eventually('third time', 3, () => {
    looked += 1;
    return looked;
  });
  expect(steps).toMatchObject([{ found: 3, passed: true }]);
});

test('an abort ends it, and what was under way is not reported', async () => {
  const abort = new AbortController();
  const { steps, recorder: one } = recorder(abort.signal);
  const waiting = one.eventually('never', true, () => false);
  abort.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
  expect(steps).toEqual([]);
});

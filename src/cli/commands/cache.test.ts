import { expect, test } from 'vitest';
import { commandLineForEach } from '../../../test/support/command-line.ts';

const on = commandLineForEach();

test('shows hit ratio and memory, and lets go of what is kept', async () => {
  const figures = { on: true, bytesMax: 67_108_864, fills: 30, evictions: 2, invalidations: 5 };
  on.control.cache = () => ({
    ...{ ...figures, bytes: 2_097_152, answers: on.control.answersKept, hits: 950, misses: 50 },
  });
  expect((await on.line.run(['cache'])).said.split('\n')).toEqual([
    'cache 95.0 % hits (950 of 1000), 2.0 MB',
    '3 answers of at most 64.0 MB',
    '30 put in, 2 gave way, 5 found changed or too old',
  ]);
  expect((await on.line.run(['cache', 'clear'])).said).toBe('no answer is kept any more');
  const { said } = await on.line.run(['cache', '--json']);
  expect(JSON.parse(said)).toMatchObject({ answers: 0, hits: 950 });
});

test('says where nothing is kept', async () => {
  const none = { hits: 0, misses: 0, fills: 0, evictions: 0, invalidations: 0 };
  on.control.cache = () => ({ on: false, bytes: 0, bytesMax: 0, answers: 0, ...none });
  expect((await on.line.run(['cache'])).said).toBe('no answers are kept: cache.bytes is 0');
});

test('is a line of the status where answers are kept', async () => {
  const status = on.control.status();
  const cache = { hits: 1, misses: 2, bytes: 0, bytesMax: 1024 };
  on.control.status = () => ({ ...status, cache });
  expect((await on.line.run(['status'])).said).toContain('\ncache 33.3 % hits (1 of 3), ');
  on.control.status = () => status;
  expect((await on.line.run(['status'])).said).not.toContain('cache');
});

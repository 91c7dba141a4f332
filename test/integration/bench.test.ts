import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

// Whether they are fast is not for a test to say: machines are busy. That they run is.
test('the micro-benchmarks measure every part that the baseline has', async () => {
  const { stdout } = await run(process.execPath, ['bench/main.mjs', 'micro', '--ms', '20']);
  const baseline: unknown = JSON.parse(await readFile('bench/micro-baseline.json', 'utf8'));
  const measured = stdout.split('\n').slice(1, -1);
  expect(measured.map((line) => line.slice(0, 34).trim())).toEqual(Object.keys(baseline as object));
  for (const line of measured) expect(line).toMatch(/ [\d.]+ +\d+ B /);
});

test('a benchmark that is not there is told of, with those that are', async () => {
  const failed = run(process.execPath, ['bench/main.mjs', 'nonsense']);
  await expect(failed).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /no benchmark called "nonsense".*compare.*micro.*writes/,
    ) as string,
  });
});

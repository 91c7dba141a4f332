import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeAlike, extended } from '../support/extended.ts';

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
      /no benchmark called "nonsense".*compare.*failover.*micro.*pending.*replay.*writes/,
    ) as string,
  });
});

interface Figures {
  readonly kind: string;
  readonly cells: readonly { readonly figures: Readonly<Record<string, Measured[]>> }[];
}

type Measured = Readonly<Record<string, number>>;

describeAlike('benchmarks with nodes that die', ({ name: engine }) => {
  async function measure(...argv: string[]): Promise<Figures['cells'][0]['figures']> {
    const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-test-'));
    try {
      const json = join(folder, 'figures.json');
      const always = ['--engine', engine, '--rows', '1000', '--rounds', '1', '--json', json];
      await run(process.execPath, ['bench/main.mjs', ...argv, ...always]);
      const { cells } = JSON.parse(await readFile(json, 'utf8')) as Figures;
      expect(cells).toHaveLength(1);
      return cells[0]!.figures;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  test('no statement fails while a follower, and then the leader, is killed', async () => {
    const figures = await measure('failover', '--seconds', '1');
    expect(Object.keys(figures)).toEqual(['calm', 'follower_killed', 'leader_killed']);
    for (const window of Object.values(figures).flat()) {
      expect(window).toMatchObject({ failed: 0, errors: [] });
      expect(window['statements']).toBeGreaterThan(0);
    }
  });

  test('a node that was stopped replays what was written meanwhile', extended, async () => {
    const figures = await measure('replay', '--updates', '300');
    expect(Object.keys(figures)).toEqual(
      engine === 'mariadb' ? ['lockstep_3', 'replica'] : ['lockstep_3'],
    );
    for (const [round] of Object.values(figures)) {
      expect(round).toMatchObject({ missed: 300 });
      expect(round!['replayedPerSecond']).toBeGreaterThan(0);
    }
  });

  test(
    'a start with entries that a node missed is measured, and their replay',
    extended,
    async () => {
      const figures = await measure(
        'pending',
        '--entries',
        '3000',
        '--written',
        '100',
        '--settle',
        '0.2',
      );
      expect(figures['node_down']).toMatchObject([{ pending: 3000 }]);
      expect(figures['replay']).toMatchObject([{ pending: 3000 }]);
      expect(figures['replay']![0]!['replayedPerSecond']).toBeGreaterThan(0);
    },
  );
});

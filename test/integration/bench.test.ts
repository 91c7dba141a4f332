import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
      /no benchmark called "nonsense".*compare.*failover.*micro.*pending.*replay.*workers.*writes/,
    ) as string,
  });
});

test('the page judges by the figures, round for round where they disagree', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-test-'));
  const file = (name: string): string => join(folder, name);
  const rate = (perSecond: number, cpuUs = 30): object => ({
    ...{ perSecond, p95Ms: 1, cpuUs, serversCpuUs: 100, residentBytes: 2 ** 27 },
  });
  const write = async (name: string, kind: string, cell: object): Promise<void> => {
    const made = { node: 'v24.1.0', command: `${name} --rounds 3`, programs: ['haproxy 2.6'] };
    const system = 'Linux 6.1, ext4';
    const machine = { cores: 2, model: 'a processor', memoryBytes: 2 ** 34, day: '2026-01-01' };
    const facts = { kind, engine: 'mariadb 10.11', rounds: 3, seconds: 1, cells: [cell], system };
    await writeFile(file(name), JSON.stringify({ ...made, ...machine, ...facts }));
  };
  const [connections, share] = [32, 20];
  const slow = [rate(1000), rate(1000), rate(1000)];
  try {
    await write('compare', 'compare', {
      ...{ workload: 'point_select', connections },
      figures: { haproxy: slow, lockstep: [rate(1100, 20), rate(1300, 20), rate(1400, 20)] },
    });
    await write('workers', 'workers', {
      ...{ workload: 'point_select', connections, share },
      figures: { lockstep: slow, lockstep_2_workers: [rate(1500), rate(1900), rate(1800)] },
    });
    await write('writes', 'writes', {
      ...{ workload: 'insert', connections },
      figures: { galera_3: slow, lockstep_3: [rate(600), rate(500), rate(1400)] },
    });
    const files = ['compare', 'workers', 'writes'].map(file);
    await run(process.execPath, ['bench/main.mjs', 'page', '--out', file('page.md'), ...files]);
    const page = await readFile(file('page.md'), 'utf8');
    expect(page).not.toMatch(/undefined|NaN|Infinity/);
    for (const line of [
      "rate | 1.30 × HAProxy's | at least 1.2 × HAProxy's | met, in 2 of 3 rounds |",
      "32 connections: CPU | 0.67 × HAProxy's | at most 1.1 × HAProxy's | met |",
      "2 workers, cores to spare: rate | 1.80 × one process's | a gain | met |",
      "rate | 0.60 × Galera's | at least 1.3 × Galera's | missed, in 2 of 3 rounds |",
      'would reach, by these, 1.00 × for inserts at 32 connections.',
      '### One row by its key, as text, 32 connections, each process at most 20 % of a core',
      '| lockstep_2_workers | 1,800/s ± 11 % | 1.0 ms | 30.0 µs | 100 µs | 128 MiB |',
      'npm run bench -- writes --rounds 3   # with Node 24.1.0',
      'Beside Lockstep: haproxy 2.6.',
    ]) {
      expect(page).toContain(line);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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

  test(
    'no statement fails while a follower, and then the leader, is killed',
    extended,
    async () => {
      const figures = await measure('failover', '--seconds', '1');
      expect(Object.keys(figures)).toEqual([
        'calm',
        'follower_killed',
        'leader_killed',
        'node_returns',
      ]);
      for (const window of Object.values(figures).flat()) {
        expect(window).toMatchObject({ failed: 0, errors: [] });
        expect(window['statements']).toBeGreaterThan(0);
      }
    },
  );

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

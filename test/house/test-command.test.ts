import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addUp, countCheck, countTests, totalLine } from '../../scripts/testing/count.mjs';
import { choose, steps } from '../../scripts/testing/steps.mjs';
import { root } from './tracked-files.ts';

const well = { code: 0, signal: null, timedOut: false };
const badly = { code: 1, signal: null, timedOut: false };
const everything = { filtered: false };
const state = (name: string, is: string, more: object = {}) => ({
  file: 'x.test.ts',
  name,
  state: is,
  suiteFailed: false,
  extended: false,
  ...more,
});
const report = (tests: ReturnType<typeof state>[], errors: string[] = []) => ({
  reason: 'passed',
  tests,
  errors: errors.map((message) => ({ name: 'x.test.ts', message })),
});

describe('a step that is one check', () => {
  test.each([
    ['ended with 0', well, '1 passed, 0 failed'],
    ['ended with 1', badly, '0 passed, 1 failed'],
    ['was killed', { ...well, code: null, signal: 'SIGKILL' }, '0 passed, 1 failed'],
    ['took too long', { ...well, timedOut: true }, '0 passed, 1 failed'],
  ])('%s', (_, ending, line) => expect(totalLine(countCheck(ending))).toBe(line));
});

describe('a step of tests', () => {
  const line = (...args: Parameters<typeof countTests>): string => totalLine(countTests(...args));
  const passed = state('a', 'passed');

  test('counts what passed, failed, and was skipped, with the reason', () => {
    const tests = [passed, state('b', 'failed'), state('c', 'skipped', { note: 'no MySQL' })];
    const count = countTests(report(tests), badly, everything);
    expect(totalLine(count)).toBe('1 passed, 1 failed, 1 skipped');
    expect(count.skips).toEqual([{ name: 'x.test.ts > c', reason: 'no MySQL' }]);
    expect(count.problems).toEqual(['x.test.ts > b']);
  });

  test.each([
    ['an error outside of any test', report([passed], ['boom']), badly],
    ['a test that never finished', report([passed, state('b', 'pending')]), badly],
    ['a bad ending though every test passed', report([passed]), badly],
    ['a run that was ended', { ...report([passed]), reason: 'interrupted' }, well],
  ])('counts %s as a failure', (_, found, ending) => {
    expect(line(found, ending, everything)).toBe('1 passed, 1 failed');
  });

  test.each([
    ['no report', undefined],
    ['no test at all', report([])],
  ])('counts %s as a failure', (_, found) => {
    expect(line(found, well, everything)).toBe('0 passed, 1 failed');
  });

  test('does not count tests that a filter left out', () => {
    const tests = [passed, state('b', 'skipped')];
    expect(line(report(tests), well, { filtered: true })).toBe('1 passed, 0 failed');
    expect(line(report(tests), well, everything)).toBe('1 passed, 0 failed, 1 skipped');
  });

  test('does not count extended tests that were left out, and nothing else', () => {
    const tests = [passed, state('b', 'skipped', { extended: true }), state('c', 'skipped')];
    const leftOut = { filtered: false, extendedLeftOut: true };
    expect(line(report(tests), well, leftOut)).toBe('1 passed, 0 failed, 1 skipped');
    expect(line(report(tests), well, everything)).toBe('1 passed, 0 failed, 2 skipped');
    const failed = [passed, state('b', 'failed', { extended: true })];
    expect(line(report(failed), well, leftOut)).toBe('1 passed, 1 failed');
  });

  test('counts of several steps are added up', () => {
    const total = addUp([countCheck(well), countTests(report([passed]), well, everything)]);
    expect(totalLine(total)).toBe('2 passed, 0 failed');
  });
});

describe('what to run', () => {
  const chosen = (...args: string[]): string[] => {
    const { steps: found, vitestArgs } = choose(args);
    return [...found.map((step) => step.name), ...vitestArgs.map((arg) => `(${arg})`)];
  };

  test('everything, one step, a filter', () => {
    const usual = steps.filter((step) => !step.onlyNamed);
    expect(chosen()).toEqual(usual.map((step) => step.name));
    expect(chosen('long')).toEqual(['long']);
    expect(chosen('all')).toEqual(usual.map((step) => step.name));
    expect(chosen('unit')).toEqual(['unit']);
    expect(chosen('lint', 'unit', 'src/log')).toEqual(['lint', 'unit', '(src/log)']);
    expect(chosen('src/log', '-t', 'torn')).toEqual([
      'unit',
      'integration',
      'page',
      '(src/log)',
      '(-t)',
      '(torn)',
    ]);
  });
});

describe('the tests tagged `extended`', () => {
  const leftOutBy = (...args: string[]): string[] =>
    choose(args)
      .steps.filter((step) => step.args.includes('--tags-filter=!extended'))
      .map((step) => step.name);

  test('are left out when nothing is asked for, and then only', () => {
    expect(leftOutBy()).toEqual(['unit', 'integration', 'page']);
    expect(choose([]).extendedLeftOut).toBe(true);
    for (const args of [['all'], ['integration'], ['long'], ['src/log']]) {
      expect(leftOutBy(...args)).toEqual([]);
      expect(choose(args).extendedLeftOut).toBeUndefined();
    }
  });

  test('run in CI', () => {
    expect(readFileSync(join(root, '.ci/run'), 'utf8')).toMatch(/^exec npm test -- all$/m);
  });
});

describe('the command itself', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-command-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs it with steps that are small programs instead of its own. */
  function start(programs: Record<string, string>, timeoutMs = 20_000): ChildProcess {
    const plan = {
      preparation: [],
      vitestArgs: [],
      steps: Object.entries(programs).map(([name, program]) => {
        const file = join(folder, `${name}.mjs`);
        writeFileSync(file, program);
        const kind = name.startsWith('tests') ? 'vitest' : 'check';
        return { name, kind, command: process.execPath, args: [file], timeoutMs };
      }),
    };
    const driver = join(folder, 'driver.mjs');
    const module = JSON.stringify(join(root, 'scripts/testing/run-all.mjs'));
    const text = `import { runAll } from ${module};\nawait runAll(${JSON.stringify(plan)});\n`;
    writeFileSync(driver, text);
    return spawn(process.execPath, [driver], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  }

  async function finish(child: ChildProcess): Promise<{ code: number | null; lines: string[] }> {
    const chunks: string[] = [];
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
    const [code] = await once(child, 'close');
    return { code, lines: chunks.join('').trimEnd().split('\n') };
  }

  const writeReport = (content: string): string =>
    `import fs from 'node:fs';
     fs.writeFileSync(process.env.LOCKSTEP_TEST_REPORT, ${JSON.stringify(content)});`;

  test('goes on after a failed step, and ends with the total and exit code 1', async () => {
    const tests = [state('a', 'passed'), state('b', 'skipped', { note: 'no MySQL here' })];
    const programs = {
      first: 'process.exit(1);',
      second: '',
      tests: writeReport(JSON.stringify(report(tests))),
    };
    const { code, lines } = await finish(start(programs));
    expect(code).toBe(1);
    expect(lines.slice(-3)).toEqual([
      'skipped: x.test.ts > b: no MySQL here',
      'failed: first: it ended with code 1',
      '2 passed, 1 failed, 1 skipped',
    ]);
  });

  test('ends with exit code 0 when all is well', async () => {
    const { code, lines } = await finish(start({ only: '' }));
    expect([code, lines.at(-1)]).toEqual([0, '1 passed, 0 failed']);
  });

  test('ends a step that takes too long, and what that started', async () => {
    const { code, lines } = await finish(start({ slow: sleeper }, 5_000));
    expect([code, lines.at(-1)]).toEqual([1, '0 passed, 1 failed']);
    expect(isRunning(grandchild(lines))).toBe(false);
  });

  test('on SIGTERM ends what runs, down to what that started', async () => {
    const child = start({ slow: sleeper, never: `console.log('never');` });
    const finished = finish(child);
    child.stdout?.on('data', (chunk: string) => {
      if (chunk.includes('started')) child.kill('SIGTERM');
    });
    const { code, lines } = await finished;
    expect(code).toBe(143);
    expect(lines).not.toContain('never');
    expect(isRunning(grandchild(lines))).toBe(false);
  });
});

/** Sleeps, and so does a process that it started; says that one's id. */
const sleeper = `
import { spawn } from 'node:child_process';
const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
console.log('started ' + child.pid);
setTimeout(() => {}, 60_000);
`;

const grandchild = (lines: readonly string[]): number =>
  Number(lines.find((line) => line.startsWith('started '))?.slice('started '.length));

/** A process that has ended but was not yet asked about ("Z" in proc(5)) doesn't run. */
function isRunning(pid: number): boolean {
  expect(pid).toBeGreaterThan(0);
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

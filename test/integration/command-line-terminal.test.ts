import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { type HttpServer, startHttpServer } from '../../src/http/server.ts';
import { extended } from '../support/extended.ts';
import { MemoryControl } from '../support/memory-control.ts';
import { isInstalled, noTerminal, runOnTerminal } from '../support/pseudo-terminal.ts';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;
const command = [process.execPath, main];
const run = promisify(execFile);
const escape = '\u001B[';

let control: MemoryControl;
let server: HttpServer;
/** Holds `lockstep`, as a link to the built program. */
let folder: string;

beforeAll(async () => {
  control = new MemoryControl();
  server = await startHttpServer({ control, host: '127.0.0.1', port: 0, clock: systemClock });
  folder = await mkdtemp(join(tmpdir(), 'lockstep-shells-'));
  const script = `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`;
  await writeFile(join(folder, 'lockstep-script'), script, { mode: 0o755 });
  await symlink('lockstep-script', join(folder, 'lockstep'));
});

afterAll(async () => {
  await server?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const on = (columns: number, words: readonly string[], env: Record<string, string> = {}) =>
  runOnTerminal([...command, '--url', server.url, ...words], { columns, env });

describe('on a terminal', () => {
  beforeEach((context) => {
    const reason = noTerminal();
    if (reason !== undefined) context.skip(reason);
  });

  const tablesFit = async (columns: number): Promise<void> => {
    const reason = 'the server was stopped by its administrator, and nobody knows why '.repeat(3);
    control.put('mysql2', { state: 'DOWN', inSync: false, reason });
    const status = await on(columns, ['status']);
    const nodes = await on(columns, ['nodes']);
    for (const { output } of [status, nodes]) {
      expect(output).toContain(`${escape}31mDOWN`);
      for (const line of stripVTControlCharacters(output).split(/\r?\n/)) {
        expect(line.length).toBeLessThanOrEqual(columns);
      }
    }
    expect(status.exitCode).toBe(1);
    expect(nodes.exitCode).toBe(0);
    control.put('mysql2', { state: 'UP', inSync: true });
  };

  test('of 80 columns tables fit, in colours', () => tablesFit(80));

  test.each([60, 120])('of %d columns tables fit', extended, tablesFit);

  test('NO_COLOR and a dumb terminal get none', extended, async () => {
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      const { output } = await on(80, ['nodes'], env);
      expect(output).not.toContain(`${escape}3`);
      expect(output).toContain('mysql1 *');
    }
  });

  test('status --watch draws over itself, until ctrl-C', async () => {
    const words = ['--url', server.url, 'status', '--watch'];
    // Of the second drawing it is seen by then, and not its beginning alone.
    const typed = [
      ['strategy least_time', ''],
      ['strategy least_time', '\u0003'],
    ] as const;
    const { output, exitCode } = await runOnTerminal([...command, ...words], {
      columns: 80,
      typed,
    });
    expect(output.split('strategy least_time').length).toBeGreaterThan(2);
    expect(output).toContain(`${escape}J`);
    expect(exitCode).toBe(0);
  });

  test('a dangerous question is asked, and no is an answer', async () => {
    const sums = { mysql1: { rows: 1, checksum: 'aa' }, mysql2: { rows: 1, checksum: 'bb' } };
    const range = { key: ['id'], where: '`id` > 5', nodes: { mysql1: 1, mysql2: 1 } };
    const ranges = [{ ...range, differing: ['mysql2'] }];
    const table = { schema: 'app', table: 't', nodes: sums, equal: false, differing: ['mysql2'] };
    const report = { equal: false, seq: 7, rows: 1, durationMs: 1, missed: [] };
    control.report = { ...report, tables: [{ ...table, ranges }] };
    const words = ['--url', server.url, 'verify', '--repair'];
    const typed = [['[y/N]', 'n\r']] as const;
    const { output, exitCode } = await runOnTerminal([...command, ...words], {
      columns: 80,
      typed,
    });
    expect(output).toContain('Replace these rows');
    expect(exitCode).toBe(1);
    expect(control.verifications.some(({ repair }) => repair)).toBe(false);
    control.report = undefined;
  });
});

test('a pipe gets no colours and whole lines', async () => {
  const { stdout } = await run(process.execPath, [main, '--url', server.url, 'nodes']);
  expect(stdout).not.toContain('\u001B');
  expect(stdout).toContain('127.0.0.1:3307');
});

describe('completion in the real shell', () => {
  const environment = () => ({
    PATH: `${folder}:${process.env['PATH']}`,
    LOCKSTEP_URL: server.url,
  });
  const inShell = async (shell: string, args: readonly string[]): Promise<string> => {
    const env = { ...process.env, ...environment(), HOME: folder };
    return (await run(shell, args, { env, timeout: 60_000 })).stdout;
  };
  const shellOrSkip = (shell: string, skip: (reason: string) => void): void => {
    if (!isInstalled(shell)) skip(`${shell} is not installed (apt-get install ${shell})`);
  };

  test('bash offers commands, nodes and settings', async (context) => {
    shellOrSkip('bash', context.skip);
    const ask = (line: string): string =>
      `COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; _lockstep 2>/dev/null; ` +
      `echo "\${COMPREPLY[*]}"`;
    const script = [
      'eval "$(lockstep completion bash)"',
      ask('lockstep nodes dr'),
      ask('lockstep nodes drain '),
      ask('lockstep config set health.inter'),
      'complete -p lockstep',
    ].join('\n');
    expect((await inShell('bash', ['-c', script])).trim().split('\n')).toEqual([
      ...['drain', 'mysql1 mysql2 mysql3', 'health.interval='],
      'complete -o default -F _lockstep lockstep',
    ]);
  });

  test('fish offers commands, nodes and settings', extended, async (context) => {
    shellOrSkip('fish', context.skip);
    const script = [
      'lockstep completion fish | source',
      "complete -C 'lockstep nodes dr'",
      "complete -C 'lockstep nodes drain '",
      "complete -C 'lockstep config set health.inter'",
    ].join('\n');
    const lines = (await inShell('fish', ['-c', script])).trim().split('\n');
    expect(lines.map((line) => line.split('\t')[0])).toEqual([
      ...['drain', 'mysql1', 'mysql2', 'mysql3', 'health.interval='],
    ]);
    expect(lines[0]).toContain('let a node finish its reads');
  });

  test('zsh completes what is typed', extended, async (context) => {
    shellOrSkip('zsh', context.skip);
    const reason = noTerminal();
    if (reason !== undefined) context.skip(reason);
    const setup =
      'bindkey -e; autoload -Uz compinit; compinit -u -D; eval "$(lockstep completion zsh)"';
    // What the line has become is seen by having it echoed: ctrl-A goes to its beginning.
    const typed = [
      ['> ', `${setup}; echo re""ady\r`],
      ['ready', 'lockstep nodes drai\tmysql2\u0001echo \r'],
      ['nodes drain mysql2', 'exit\r'],
    ] as const;
    const env = { ...environment(), HOME: folder, PROMPT: '> ' };
    const { output } = await runOnTerminal(['zsh', '-f', '-i'], { columns: 120, env, typed });
    expect(stripVTControlCharacters(output)).toContain('lockstep nodes drain mysql2');
  });
});

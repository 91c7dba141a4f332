import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { dyingWithParent } from '../../../src/demo/engine-process.ts';
import type { FailedTest, SuiteResult, Target } from './suite.ts';

export interface Program {
  readonly file: string;
  readonly argv?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  /** Then it is killed, with what it started. Default: five minutes. */
  readonly timeoutMs?: number;
}

export interface Ended {
  /** Of stdout and stderr, in the order of arrival. */
  readonly output: string;
  readonly stdout: string;
  readonly stderr: string;
  /** null: it was killed. */
  readonly code: number | null;
}

/** Path of a file in `test/clients/programs/`. */
export function programFile(name: string): string {
  return fileURLToPath(new URL(`../programs/${name}`, import.meta.url));
}

/** What a program finds of its target in its environment. */
export function environmentOf(target: Target): Record<string, string> {
  return {
    CLIENT_HOST: target.host,
    CLIENT_PORT: String(target.port),
    CLIENT_USER: target.user,
    CLIENT_PASSWORD: target.password,
    CLIENT_DATABASE: target.database,
    CLIENT_ENGINE: target.engine,
    CLIENT_PLACE: target.place,
    CLIENT_FOLDER: target.folder,
  };
}

export function runProgram(program: Program): Promise<Ended> {
  const { file, argv = [], cwd, env = {}, input = '', timeoutMs = 300_000 } = program;
  return new Promise((resolve, reject) => {
    const command = dyingWithParent({ file, argv });
    const child = spawn(command.file, command.argv, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      detached: true,
    });
    const parts: { from: 'stdout' | 'stderr'; bytes: Buffer }[] = [];
    for (const from of ['stdout', 'stderr'] as const) {
      child[from].on('data', (bytes: Buffer) => parts.push({ from, bytes }));
    }
    const endAll = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    const timer = setTimeout(endAll, timeoutMs);
    const textOf = (from?: string): string =>
      Buffer.concat(
        parts.flatMap((part) => (from === undefined || part.from === from ? [part.bytes] : [])),
      ).toString();
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      const [stdout, stderr] = [textOf('stdout'), textOf('stderr')];
      resolve({ output: textOf(), stdout, stderr, code });
    });
    // It may have ended without reading.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/**
 * Runs a program that prints `ok name` and `not ok name: reason`, a line a test. One that dies, or
 * ends with another code than 0, or prints nothing of the kind, has failed a test `(program)`.
 */
export async function runTests(target: Target, program: Program): Promise<SuiteResult> {
  const env = { ...environmentOf(target), ...program.env };
  const ended = await runProgram({ ...program, env });
  const result = resultOf(ended.stdout);
  const count = result.passed.length + result.failed.length;
  if (ended.code === 0 && count > 0) return { ...result, passed: [...result.passed, '(program)'] };
  const how = ended.code === null ? 'was killed' : `ended with ${ended.code}`;
  const last = ended.output.trimEnd().split('\n').slice(-15).join('\n');
  return {
    ...result,
    failed: [...result.failed, { name: '(program)', reason: `${how}\n${last}` }],
  };
}

/** Reads such lines; a reason goes on over lines that begin with two spaces. */
export function resultOf(output: string): SuiteResult {
  const passed: string[] = [];
  const failed: FailedTest[] = [];
  for (const [, not, name = '', reason = ''] of output.matchAll(
    /^(not )?ok ([^\n:]+)(?::([^\n]*(?:\n {2}[^\n]*)*))?$/gm,
  )) {
    if (not === undefined) passed.push(name.trim());
    else failed.push({ name: name.trim(), reason: reason.trim() });
  }
  return { passed, failed };
}

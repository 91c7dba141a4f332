import { runProgram, type Ended, type Program } from './run-program.ts';
import type { FailedTest, SuiteResult, Target } from './suite.ts';

export interface Step {
  readonly name: string;
  /** What it throws is the reason of the failure. */
  readonly run: () => Promise<unknown>;
}

/** Runs them one after the other; one that fails stops none of the others. */
export async function runSteps(steps: Iterable<Step>): Promise<SuiteResult> {
  const passed: string[] = [];
  const failed: FailedTest[] = [];
  for (const { name, run } of steps) {
    try {
      await run();
      passed.push(name);
    } catch (error) {
      failed.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { passed, failed };
}

/** Runs a program that must end with 0; answers with what it printed. */
export async function succeed(program: Program): Promise<Ended> {
  const ended = await runProgram(program);
  if (ended.code === 0) return ended;
  const last = ended.output.trimEnd().split('\n').slice(-15).join('\n');
  throw new Error(`${program.argv?.join(' ')} ended with ${ended.code}\n${last}`);
}

/** How command-line tools are told where the server is. */
export function addressOf({ host, port, user, password }: Target): string[] {
  return [`--host=${host}`, `--port=${port}`, `--user=${user}`, `--password=${password}`];
}

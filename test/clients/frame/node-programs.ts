import { fileURLToPath } from 'node:url';
import { installPackages } from '../../support/install-packages.ts';
import { environmentOf, runProgram } from './run-program.ts';
import type { FailedTest, Suite, SuiteResult, Target } from './suite.ts';

/** Drivers and ORMs have packages of their own, so that Lockstep itself need not. */
export const nodeFolder = fileURLToPath(new URL('../node/', import.meta.url));

/** What the programs need, once. */
export const installNodePackages = (): Promise<void> => installPackages(nodeFolder);

/** A suite of programs in `test/clients/node/`, each in a process of its own. */
export function nodeSuite(name: string, programs: readonly string[]): Suite {
  return {
    name,
    packages: [],
    prepare: installNodePackages,
    async run(target) {
      const passed: string[] = [];
      const failed: FailedTest[] = [];
      for (const program of programs) {
        const result = await runChecks(target, program);
        passed.push(...result.passed);
        failed.push(...result.failed);
      }
      return { passed, failed };
    },
  };
}

async function runChecks(target: Target, program: string): Promise<SuiteResult> {
  const argv = [`${nodeFolder}${program}.mjs`];
  const env = environmentOf(target);
  const ended = await runProgram({ file: process.execPath, argv, env, timeoutMs: 600_000 });
  const passed: string[] = [];
  const failed: FailedTest[] = [];
  for (const line of ended.stdout.split('\n').filter((text) => text.startsWith('{'))) {
    const check: { name: string; reason?: string } = JSON.parse(line);
    const name = `${program}> ${check.name}`;
    if (check.reason === undefined) passed.push(name);
    else failed.push({ name, reason: check.reason });
  }
  const count = passed.length + failed.length;
  if (ended.code === 0 && count > 0) return { passed, failed };
  const how = ended.code === null ? 'was killed' : `ended with ${ended.code}`;
  const last = ended.output.trimEnd().split('\n').slice(-15).join('\n');
  return {
    passed,
    failed: [...failed, { name: `${program}> runs to its end`, reason: `${how}\n${last}` }],
  };
}

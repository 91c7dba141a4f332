import { fileURLToPath } from 'node:url';
import { type DemoOptions, DemoParts, startDemo } from '../demo/demo.ts';
import type { EngineName } from '../demo/engine.ts';
import { describeStep } from '../demo/scenario/describe-step.ts';
import { runScenario } from '../demo/scenario/scenario.ts';
import { exitCodes } from './cli-error.ts';
import { endOnSignal } from './end-on-signal.ts';
import type { Terminal } from './terminal.ts';

/** Serves until a signal asks for the end. */
export async function serveDemo(options: DemoOptions, terminal: Terminal): Promise<void> {
  const parts = new DemoParts();
  const ended = endOnSignal(() => parts.killNow());
  const starting = startDemo(options, { say: terminal.say, command: 'npx lockstep' }, parts);
  try {
    const demo = await Promise.race([starting, ended]);
    if (demo !== undefined) await ended;
    terminal.say('stopping …');
    // What is under way of the start would bring up more behind our back.
    if (demo === undefined) await starting.catch(() => {});
  } finally {
    await parts.close();
  }
  terminal.say('stopped');
}

/** Its servers are its own, on free ports in a temporary folder, gone afterwards. */
export async function playScenario(
  engine: EngineName | undefined,
  terminal: Terminal,
): Promise<void> {
  const abort = new AbortController();
  const stop = new Error('stopped');
  void endOnSignal(() => {}).then(() => abort.abort(stop));
  try {
    const { passed, failed } = await runScenario({
      engine,
      program: fileURLToPath(new URL('./main.js', import.meta.url)),
      report: (step) => terminal.say(describeStep(step)),
      progress: (line) => terminal.say(`\n${line}`),
      signal: abort.signal,
    });
    terminal.say(`\n${passed} passed, ${failed} failed`);
    terminal.setExitCode(failed === 0 ? exitCodes.ok : exitCodes.failed);
  } catch (error) {
    if (error !== stop) throw error;
    terminal.say('stopped');
    terminal.setExitCode(exitCodes.failed);
  }
}

import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import { demoActions, demoActionSummaries } from '../../demo/demo-control.ts';
import { type DemoOptions, DemoParts, startDemo } from '../../demo/demo.ts';
import { type EngineName, engineNames } from '../../demo/engine.ts';
import { describeStep } from '../../demo/scenario/describe-step.ts';
import { runScenario } from '../../demo/scenario/scenario.ts';
import { callApi } from '../call-api.ts';
import { exitCodes } from '../cli-error.ts';
import { endOnSignal } from '../end-on-signal.ts';
import { fixedPort, integerBetween } from '../parse-number.ts';
import type { Terminal } from '../terminal.ts';

/** A server that does not end in order within 30 s is killed. */
const actionDeadlineMs = 90_000;

export function addDemo(program: Command, terminal: Terminal, url: () => string): void {
  const demo = program
    .command('demo')
    .description('run real local servers and the balancer before them')
    .addOption(
      new Option('--engine <name>', 'database server (default: whichever is found)').choices([
        ...engineNames,
      ]),
    )
    .option('--nodes <count>', 'how many servers', integerBetween(1, 20), 5)
    .option('--base-port <port>', 'port of mysql1; the others follow', fixedPort, 3307)
    .option('--port <port>', 'port for MySQL clients', fixedPort, 3300)
    .option('--http-port <port>', 'port for HTTP', fixedPort, 8000)
    .option('--data <folder>', 'folder for everything the demo keeps', '.lockstep/demo')
    .option('--fresh', 'wipe that folder first', false)
    .option('--scenario', 'run the failover and recovery scenario instead, and say how it went')
    .action(({ scenario, ...options }: DemoOptions & { scenario?: true }) =>
      scenario ? playScenario(options.engine, terminal) : serveDemo(options, terminal),
    );
  for (const action of demoActions) {
    demo
      .command(`${action} <node>`)
      .description(demoActionSummaries[action])
      .action(async (node: string) => {
        const path = `/demo/nodes/${encodeURIComponent(node)}/${action}`;
        const { state } = await callApi<{ state: string }>(url(), {
          method: 'POST',
          path,
          deadlineMs: actionDeadlineMs,
        });
        terminal.say(`${node}: ${action} done, its server is ${state}`);
      });
  }
}

async function serveDemo(options: DemoOptions, terminal: Terminal): Promise<void> {
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
async function playScenario(engine: EngineName | undefined, terminal: Terminal): Promise<void> {
  const abort = new AbortController();
  const stop = new Error('stopped');
  void endOnSignal(() => {}).then(() => abort.abort(stop));
  try {
    const { passed, failed } = await runScenario({
      engine,
      program: fileURLToPath(new URL('../main.js', import.meta.url)),
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

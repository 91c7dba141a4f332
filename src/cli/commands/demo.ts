import { type Command, Option } from 'commander';
import type { DemoOptions } from '../../demo/demo.ts';
import { demoActions, demoActionSummaries } from '../../demo/demo-actions.ts';
import { engineNames } from '../../demo/engine.ts';
import { callApi } from '../call-api.ts';
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
    .action(async ({ scenario, ...options }: DemoOptions & { scenario?: true }) => {
      const { playScenario, serveDemo } = await import('../run-demo.ts');
      await (scenario ? playScenario(options.engine, terminal) : serveDemo(options, terminal));
    });
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

import type { Command } from 'commander';
import type { StrategyStatus } from '../../http/balancer-control.ts';
import { isStrategyName, strategyNames } from '../../config/strategy-name.ts';
import { callApi } from '../call-api.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import type { Terminal } from '../terminal.ts';

export function addStrategy(program: Command, terminal: Terminal, url: () => string): void {
  program
    .command('strategy [name]')
    .description('show how the node for a read is chosen, or choose another way')
    .option('--json', 'as JSON', false)
    .action(async (name: string | undefined, { json }: { json: boolean }) => {
      if (name !== undefined && !isStrategyName(name)) {
        const remedy = `Give one of ${strategyNames.join(', ')}.`;
        throw new CliError(`there is no strategy ${name}`, { remedy, exitCode: exitCodes.usage });
      }
      const path = name === undefined ? '/strategy' : `/strategy/${encodeURIComponent(name)}`;
      const method = name === undefined ? 'GET' : 'POST';
      const status = await callApi<StrategyStatus>(url(), { method, path });
      const lines = status.available.map((one) => `${one === status.name ? '*' : ' '} ${one}`);
      terminal.say(json ? JSON.stringify(status, null, 2) : lines.join('\n'));
    });
}

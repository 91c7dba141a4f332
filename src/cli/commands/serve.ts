import { type Command, InvalidArgumentError, Option } from 'commander';
import type { UserConfig } from '../../config/config.ts';
import type { GivenFlags } from '../given-config.ts';
import { listenPort } from '../parse-number.ts';
import type { Terminal } from '../terminal.ts';

export function addServe(program: Command, terminal: Terminal): void {
  program
    .command('serve')
    .description('serve as one MySQL server over the nodes')
    .option('-c, --config <file>', 'configuration in YAML')
    .addOption(
      new Option('--node <name=url>', 'a node: mysql1=mysql://user:password@host:3306/app?weight=2')
        .argParser<string[]>((value, list?: string[]) => [...(list ?? []), value])
        .conflicts('config'),
    )
    .addOption(
      new Option('--user <name:password>', "who may connect; default: the nodes' own accounts")
        .argParser<UserConfig[]>((value, list?: UserConfig[]) => [
          ...(list ?? []),
          parseUser(value),
        ])
        .conflicts('config'),
    )
    .option('--port <port>', 'port for MySQL clients (default 3300)', listenPort)
    .option('--http-port <port>', 'port for HTTP (default 8000)', listenPort)
    .option('--data <folder>', 'folder of the command log (default ./lockstep-data)')
    .option(
      '--source <node>',
      'first start: the node with the right data; the others become copies of it',
    )
    .action(async (options: GivenFlags) => {
      const { serveNodes } = await import('../serve-nodes.ts');
      await serveNodes(options, terminal);
    });
}

export function parseUser(text: string): UserConfig {
  const [, name, password] = /^([^:]+):(.*)$/s.exec(text) ?? [];
  if (name === undefined || password === undefined) {
    throw new InvalidArgumentError('expected name:password.');
  }
  return { name, password };
}

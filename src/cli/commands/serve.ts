import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { nodeName } from '../../base/brands.ts';
import { type Balancer, createBalancer } from '../../balancer.ts';
import type { Config, UserConfig } from '../../config/config.ts';
import { configFromNodes, loadConfig } from '../../config/load-config.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { endOnSignal } from '../end-on-signal.ts';
import { listenPort } from '../parse-number.ts';
import { killAtFaultPoint } from '../kill-at-fault-point.ts';
import type { Terminal } from '../terminal.ts';

interface ServeOptions {
  readonly config?: string;
  readonly node?: readonly string[];
  readonly user?: readonly UserConfig[];
  readonly port?: number;
  readonly httpPort?: number;
  readonly data?: string;
  readonly source?: string;
}

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
    .action((options: ServeOptions) => serve(options, terminal));
}

export function parseUser(text: string): UserConfig {
  const [, name, password] = /^([^:]+):(.*)$/s.exec(text) ?? [];
  if (name === undefined || password === undefined) {
    throw new InvalidArgumentError('expected name:password.');
  }
  return { name, password };
}

/** Serves until a signal asks for the end; a second one ends the process at once. */
async function serve(options: ServeOptions, terminal: Terminal): Promise<void> {
  killAtFaultPoint(process.env['LOCKSTEP_FAULT_POINT']);
  const config = configOf(options);
  const ended = endOnSignal(() => {});
  const starting = createBalancer(config);
  const balancer = await Promise.race([starting, ended]);
  if (balancer === undefined) {
    await (await starting).close();
    return;
  }
  terminal.say(listeningLine(config, balancer));
  await ended;
  terminal.say('stopping …');
  await balancer.close();
}

function listeningLine(config: Config, { control, mysqlPort, httpPort }: Balancer): string {
  const http = httpPort === undefined ? '' : `, http://${config.http.host}:${httpPort}/`;
  const count = control.nodes().length;
  return `serving mysql://${config.mysql.host}:${mysqlPort}${http}, ${count} nodes`;
}

/** The file or the nodes given, with what the other options override. */
export function configOf(options: ServeOptions): Config {
  const config = readConfig(options);
  const { source } = options;
  if (source !== undefined && !config.nodes.some(({ name }) => name === source)) {
    throw new CliError(`--source ${source}: no node has this name`, {
      exitCode: exitCodes.usage,
    });
  }
  return {
    ...config,
    ...(source === undefined ? {} : { initialSource: nodeName(source) }),
    ...(options.user === undefined ? {} : { users: [...options.user] }),
    mysql: { ...config.mysql, ...(options.port === undefined ? {} : { port: options.port }) },
    http: { ...config.http, ...(options.httpPort === undefined ? {} : { port: options.httpPort }) },
    log: { ...config.log, ...(options.data === undefined ? {} : { folder: options.data }) },
  };
}

function readConfig({ config, node }: ServeOptions): Config {
  if (config === undefined) {
    if (node !== undefined) return configFromNodes(node);
    throw new CliError('no nodes are given', {
      remedy: 'Give --config <file>, or --node <name=url> once for each node.',
      exitCode: exitCodes.usage,
    });
  }
  let text: string;
  try {
    text = readFileSync(config, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new CliError(`cannot read the configuration ${config} (${reason})`, {
      exitCode: exitCodes.usage,
      cause,
    });
  }
  return loadConfig(text, config);
}

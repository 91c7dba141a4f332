#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { LockstepError } from '../base/errors.ts';
import { version } from '../base/version.ts';
import { type Balancer, createBalancer } from '../balancer.ts';
import type { Config } from '../config/config.ts';
import { configFromNodes, loadConfig } from '../config/load-config.ts';
import { runDemo } from '../demo/demo.ts';
import { callApi } from './call-api.ts';
import { nodeTable } from './node-table.ts';

interface ServeOptions {
  readonly config?: string;
  readonly node: readonly string[];
  readonly port?: string;
  readonly httpPort?: string;
  readonly data?: string;
}

const collect = (value: string, list: readonly string[]): string[] => [...list, value];

function configOf(options: ServeOptions): Config {
  const config =
    options.config === undefined
      ? configFromNodes(options.node)
      : loadConfig(readFileSync(options.config, 'utf8'), options.config);
  return {
    ...config,
    mysql: { ...config.mysql, ...(options.port ? { port: Number(options.port) } : {}) },
    http: { ...config.http, ...(options.httpPort ? { port: Number(options.httpPort) } : {}) },
    log: { ...config.log, ...(options.data ? { folder: options.data } : {}) },
  };
}

/** Serves until SIGINT or SIGTERM; a second signal ends it at once. */
async function serve(options: ServeOptions): Promise<void> {
  const balancer: Balancer = await createBalancer(configOf(options));
  console.log(`MySQL on port ${balancer.mysqlPort}, HTTP on port ${balancer.httpPort ?? 'none'}`);
  await new Promise<void>((resolve) => {
    let asked = false;
    const stop = (): void => {
      if (asked) process.exit(1);
      asked = true;
      balancer.close().then(resolve, resolve);
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}

const program = new Command('lockstep').version(version);
program.option('--url <url>', 'where the balancer serves HTTP', 'http://127.0.0.1:8000');
const url = (): string => program.opts<{ url: string }>().url;

program
  .command('serve')
  .description('serve as one MySQL server over the nodes')
  .option('--config <file>', 'configuration in YAML')
  .option('--node <name=url>', 'a node, mysql1=mysql://user:password@host:port/schema', collect, [])
  .option('--port <port>', 'port for MySQL clients')
  .option('--http-port <port>', 'port for HTTP')
  .option('--data <folder>', 'folder of the command log')
  .action(serve);

program
  .command('demo')
  .description('five local servers and the balancer before them')
  .option('--engine <name>', 'mariadb or mysql; default: whichever is found')
  .option('--nodes <count>', 'how many servers', '5')
  .option('--base-port <port>', 'port of the first server', '3307')
  .option('--port <port>', 'port for MySQL clients', '3300')
  .option('--http-port <port>', 'port for HTTP', '8000')
  .option('--data <folder>', 'folder for everything the demo keeps', '.lockstep/demo')
  .option('--fresh', 'wipe that folder first', false)
  .action(runDemo);

program
  .command('status')
  .description('one line that says how things are, and the nodes')
  .option('--json', 'as JSON', false)
  .action(async ({ json }: { json: boolean }) => {
    const status = await callApi(url(), 'GET', '/status');
    console.log(json ? JSON.stringify(status, null, 2) : status['summary']);
    if (!json) console.log(nodeTable(status['nodes']));
  });

const nodes = program
  .command('nodes')
  .description('the nodes and their states')
  .option('--json', 'as JSON', false)
  .action(async ({ json }: { json: boolean }) => {
    const { nodes: listed } = await callApi(url(), 'GET', '/status');
    console.log(json ? JSON.stringify(listed, null, 2) : nodeTable(listed));
  });
for (const action of ['enable', 'disable', 'drain'] as const) {
  nodes
    .command(`${action} <name>`)
    .description(`${action} a node`)
    .action(async (name: string) => {
      await callApi(url(), 'POST', `/nodes/${encodeURIComponent(name)}/${action}`);
      console.log(`${name}: ${action} done`);
    });
}

program
  .command('log <node>')
  .description('the commands that a node has not applied yet')
  .option('--limit <count>', 'at most so many entries', '100')
  .action(async (node: string, { limit }: { limit: string }) => {
    const path = `/nodes/${encodeURIComponent(node)}/log?limit=${encodeURIComponent(limit)}`;
    console.log(JSON.stringify(await callApi(url(), 'GET', path), null, 2));
  });

program
  .command('strategy [name]')
  .description('show or choose how reads are spread')
  .action(async (name: string | undefined) => {
    if (name !== undefined) {
      await callApi(url(), 'POST', `/strategy/${encodeURIComponent(name)}`);
    }
    const strategy = await callApi(url(), 'GET', '/strategy');
    console.log(strategy['name'], 'of', strategy['available']);
  });

try {
  await program.parseAsync();
} catch (error) {
  const known = error instanceof LockstepError;
  console.error(known ? `${error.message}\n${error.remedy}` : error);
  process.exitCode = known && error.code === 'config_invalid' ? 2 : 1;
}

import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createBalancer } from '../balancer.ts';
import { nodeName } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import { type Config, defaultConfig } from '../config/config.ts';
import { engineNames, findEngine, type Engine } from './engine.ts';
import { isPortFree } from './free-port.ts';
import { LocalServer } from './local-server.ts';

/** As the command line gives them: text. */
export interface DemoOptions {
  readonly engine?: string;
  readonly nodes: string;
  readonly basePort: string;
  readonly port: string;
  readonly httpPort: string;
  readonly data: string;
  readonly fresh: boolean;
}

const createUsers =
  'CREATE TABLE IF NOT EXISTS users (id INT AUTO_INCREMENT PRIMARY KEY, ' +
  'name VARCHAR(100) NOT NULL, email VARCHAR(200) NOT NULL UNIQUE, ' +
  'created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)';

/** Starts local servers and the balancer before them; ends when asked to by a signal. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const engine = engineOf(options.engine);
  const folder = resolve(options.data);
  const ports = await portsOf(options);
  if (options.fresh) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const servers = await Promise.all(
    ports.map((port, index) => {
      const name = `mysql${index + 1}`;
      return LocalServer.create({ engine, name, port, folder: join(folder, name) });
    }),
  );
  const stopServers = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  console.log(`starting ${servers.length} ${engine.name} servers …`);
  try {
    await Promise.all(servers.map((server) => server.start()));
    const balancer = await createBalancer(configOf(options, folder, ports));
    await balancer.control.query({ sql: createUsers, schema: 'app' });
    console.log(card(options, folder));
    await signalled();
    console.log('stopping …');
    await balancer.close();
  } finally {
    await stopServers();
  }
}

function engineOf(name: string | undefined): Engine {
  const names = engineNames.filter((candidate) => name === undefined || candidate === name);
  for (const candidate of names) {
    const engine = findEngine(candidate);
    if (engine) return engine;
  }
  throw new LockstepError(
    'not_found',
    `no database server found (${name ?? engineNames.join(' or ')}); install one with ` +
      '`node scripts/install-engines.mjs --engine mariadb`',
  );
}

async function portsOf(options: DemoOptions): Promise<number[]> {
  const ports = Array.from(
    { length: Number(options.nodes) },
    (_, index) => Number(options.basePort) + index,
  );
  const wanted = [
    ...ports.map((port) => ({ port, flag: '--base-port' })),
    { port: Number(options.port), flag: '--port' },
    { port: Number(options.httpPort), flag: '--http-port' },
  ];
  for (const { port, flag } of wanted) {
    if (await isPortFree(port)) continue;
    throw new LockstepError('conflict', `port ${port} is taken; choose another with ${flag}`);
  }
  return ports;
}

function configOf(options: DemoOptions, folder: string, ports: readonly number[]): Config {
  return {
    ...defaultConfig,
    mysql: { ...defaultConfig.mysql, port: Number(options.port) },
    http: { ...defaultConfig.http, port: Number(options.httpPort) },
    log: { ...defaultConfig.log, folder: join(folder, 'log') },
    logLevel: 'warn',
    users: [{ name: 'app', password: 'app' }],
    nodes: ports.map((port, index) => ({
      name: nodeName(`mysql${index + 1}`),
      host: '127.0.0.1',
      port,
      user: 'root',
      password: 'root',
      weight: 1,
    })),
  };
}

function card(options: DemoOptions, folder: string): string {
  return [
    '',
    `  connect   mariadb -h 127.0.0.1 -P ${options.port} -u app -papp app`,
    `  page      http://127.0.0.1:${options.httpPort}/`,
    `  stop one  end the server on port ${Number(options.basePort) + 1}: its pid is in ` +
      `${folder}/mysql2/process.json`,
    '  end       ctrl-C',
    '',
  ].join('\n');
}

const signalled = (): Promise<void> =>
  new Promise((done) => {
    process.once('SIGINT', () => done());
    process.once('SIGTERM', () => done());
  });

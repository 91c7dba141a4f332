import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Balancer, createBalancer } from '../balancer.ts';
import { nodeName } from '../base/brands.ts';
import { systemClock } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import { version } from '../base/version.ts';
import { type Config, defaultConfig } from '../config/config.ts';
import { demoCard } from './demo-card.ts';
import { demoOperations } from './demo-control.ts';
import { prepareDemoFolder } from './demo-folder.ts';
import { type Engine, type EngineName, findAnyEngine, requireEngine } from './engine.ts';
import { isPortFree } from './free-port.ts';
import { LocalServer } from './local-server.ts';
import { usersOperations } from './users-operations.ts';

export interface DemoOptions {
  /** Default: whichever is found, MariaDB first. */
  readonly engine?: EngineName;
  readonly nodes: number;
  /** Of mysql1; the others follow. */
  readonly basePort: number;
  readonly port: number;
  readonly httpPort: number;
  /** Everything the demo keeps. */
  readonly data: string;
  readonly fresh: boolean;
}

export interface DemoShell {
  /** Takes one line, or several, for people. */
  readonly say: (text: string) => void;
  /** How the program was started, for the card. */
  readonly command: string;
}

/** Real local servers with the balancer before them. */
export interface Demo {
  readonly balancer: Balancer;
  readonly servers: readonly LocalServer[];
  /** Closes the balancer, then stops the servers in order. */
  close(): Promise<void>;
}

/** What has been started so far, so that it can be ended whenever the user wants. */
export class DemoParts {
  readonly servers: LocalServer[] = [];
  balancer: Balancer | undefined;
  #closing: Promise<void> | undefined;

  close(): Promise<void> {
    this.#closing ??= (async () => {
      try {
        await this.balancer?.close();
      } finally {
        await Promise.all(this.servers.map((server) => server.stop()));
      }
    })();
    return this.#closing;
  }

  killNow(): void {
    for (const server of this.servers) server.killNow();
  }
}

const createUsers =
  'CREATE TABLE IF NOT EXISTS users (id INT AUTO_INCREMENT PRIMARY KEY, ' +
  'name VARCHAR(100) NOT NULL, email VARCHAR(200) NOT NULL UNIQUE, ' +
  'created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)';

const sampleUsers =
  "INSERT INTO users (name, email) VALUES ('Ada Lovelace', 'ada@example.com'), " +
  "('Grace Hopper', 'grace@example.com'), ('Edsger Dijkstra', 'edsger@example.com')";

/** Starts servers and balancer and shows the card. `parts` is filled as things come up. */
export async function startDemo(
  options: DemoOptions,
  shell: DemoShell,
  parts: DemoParts,
): Promise<Demo> {
  const engine = options.engine === undefined ? findAnyEngine() : requireEngine(options.engine);
  const folder = resolve(options.data);
  await refuseTakenPorts(options, folder);
  const layout = { engine: engine.name, nodes: options.nodes };
  await prepareDemoFolder(folder, layout, options);
  shell.say(`starting ${options.nodes} servers (${engine.name} ${engine.version}) …`);
  await startServers({ options, shell, engine, folder, parts });
  parts.balancer = await createBalancer(configOf(options, folder), {
    operations: [...usersOperations, ...demoOperations(parts.servers)],
  });
  shell.say(`balancer is up on ports ${options.port} (MySQL) and ${options.httpPort} (HTTP)`);
  await createTable(parts.balancer);
  for (const server of parts.servers) {
    server.onExit(({ expected }) => {
      if (!expected) shell.say(`${server.name} ended by itself; its log: ${server.errorLog}`);
    });
  }
  shell.say(
    demoCard({
      version,
      serverCount: options.nodes,
      server: `${engine.name} ${engine.version}`,
      client: engine.name,
      port: options.port,
      httpPort: options.httpPort,
      folder,
      command: shell.command,
    }),
  );
  return { balancer: parts.balancer, servers: parts.servers, close: () => parts.close() };
}

const nameOf = (index: number): string => `mysql${index + 1}`;

/** Names the first port that somebody else has, with the flag that chooses another. */
async function refuseTakenPorts(options: DemoOptions, folder: string): Promise<void> {
  const { basePort, nodes, port, httpPort } = options;
  const wanted = [
    { port, flag: '--port', use: 'MySQL clients' },
    { port: httpPort, flag: '--http-port', use: 'HTTP' },
  ];
  for (let index = 0; index < nodes; index += 1) {
    // A server of a demo that crashed may still have its port; starting it ends that one.
    const note = join(folder, nameOf(index), 'process.json');
    if (await exists(note)) continue;
    wanted.push({ port: basePort + index, flag: '--base-port', use: nameOf(index) });
  }
  for (const one of wanted) {
    if (await isPortFree(one.port)) continue;
    throw new LockstepError(
      'conflict',
      `port ${one.port} (for ${one.use}) is already taken; choose another with ${one.flag}`,
    );
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

interface ServerStart {
  readonly options: DemoOptions;
  readonly shell: DemoShell;
  readonly engine: Engine;
  readonly folder: string;
  readonly parts: DemoParts;
}

async function startServers({ options, shell, engine, folder, parts }: ServerStart): Promise<void> {
  const startedMs = systemClock.nowMs();
  const indexes = Array.from({ length: options.nodes }, (_, index) => index);
  const created = await Promise.all(
    indexes.map((index) =>
      LocalServer.create({
        engine,
        name: nameOf(index),
        port: options.basePort + index,
        folder: join(folder, nameOf(index)),
      }),
    ),
  );
  parts.servers.push(...created);
  await Promise.all(
    created.map(async (server) => {
      await server.start().catch((cause: unknown) => {
        const taken = cause instanceof Error && cause.message.includes('already taken');
        if (!taken) throw cause;
        const message = `${cause.message}; choose another with --base-port`;
        throw new LockstepError('conflict', message, { cause });
      });
      const seconds = ((systemClock.nowMs() - startedMs) / 1000).toFixed(1);
      shell.say(`${server.name} is up on port ${server.port} (${seconds} s)`);
    }),
  );
}

async function createTable({ control }: Balancer): Promise<void> {
  await control.query({ sql: createUsers, schema: 'app' });
  const outcome = await control.query({ sql: 'SELECT COUNT(*) FROM users', schema: 'app' });
  if (outcome.kind === 'rows' && Number(outcome.rows[0]?.[0]) === 0) {
    await control.query({ sql: sampleUsers, schema: 'app' });
  }
}

function configOf(options: DemoOptions, folder: string): Config {
  return {
    ...defaultConfig,
    mysql: { ...defaultConfig.mysql, port: options.port },
    http: { ...defaultConfig.http, port: options.httpPort },
    log: { ...defaultConfig.log, folder: join(folder, 'log') },
    logLevel: 'warn',
    // The page shows slow statements; the terminal is for what has to be known.
    telemetry: { ...defaultConfig.telemetry, slowQueryLog: false },
    users: [{ name: 'app', password: 'app' }],
    nodes: Array.from({ length: options.nodes }, (_, index) => ({
      name: nodeName(nameOf(index)),
      host: '127.0.0.1',
      port: options.basePort + index,
      user: 'root',
      password: 'root',
      weight: 1,
    })),
  };
}

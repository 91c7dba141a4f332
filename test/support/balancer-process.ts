import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { dyingWithParent } from '../../src/demo/engine-process.ts';
import { freePorts } from '../../src/demo/free-port.ts';
import { connectTo } from '../../src/demo/connect.ts';
import type { TestServers } from './servers.ts';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

/** A balancer as a process of its own (the built program), which can be killed at any moment. */
export interface BalancerProcess extends AsyncDisposable {
  /** MySQL. */
  readonly port: number;
  readonly httpPort: number;
  readonly logFolder: string;
  /** Its configuration. */
  readonly file: string;
  /** While it runs. */
  readonly pid: number | undefined;
  /**
   * Resolves when it takes clients and answers HTTP; told to die at a fault point, also when that
   * happened.
   */
  start(faultPoint?: string): Promise<void>;
  /** Resolves when the process is gone, by whatever. */
  ended(): Promise<void>;
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** HTTP begins after MySQL. */
function accepts(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}

/** Not started yet. `settings` are further lines of its configuration file, `log` of its log. */
export async function prepareBalancerProcess(
  servers: TestServers,
  settings: readonly string[] = [],
  log: readonly string[] = [],
  /** Behind the address of each node, such as `?tls=required`. */
  nodeParameters = '',
): Promise<BalancerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-process-'));
  const logFolder = join(folder, 'log');
  const [port = 0, httpPort = 0] = await freePorts(2);
  const file = join(folder, 'lockstep.yaml');
  const nodes = servers.servers.map(
    (server) =>
      `  - ${server.name}=mysql://root:root@127.0.0.1:${server.port}/app${nodeParameters}`,
  );
  const lines = [
    `mysql: { port: ${port} }`,
    `http: { port: ${httpPort} }`,
    `log: { ${[`folder: ${logFolder}`, ...log].join(', ')} }`,
    'users: [{ name: app, password: app }]',
    ...settings,
    'nodes:',
    ...nodes,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  let child: ChildProcess | undefined;
  let gone: Promise<void> = Promise.resolve();
  const kill = async (): Promise<void> => {
    child?.kill('SIGKILL');
    await gone;
  };
  const start = async (faultPoint = ''): Promise<void> => {
    const argv = [main, 'serve', '--config', file];
    const command = dyingWithParent({ file: process.execPath, argv });
    const running = spawn(command.file, command.argv, {
      stdio: 'ignore',
      env: { ...process.env, LOCKSTEP_FAULT_POINT: faultPoint },
    });
    child = running;
    gone = new Promise((resolve) => running.once('exit', () => resolve()));
    const isGone = (): boolean => running.exitCode !== null || running.signalCode !== null;
    await vi.waitFor(
      async () => {
        if (faultPoint !== '' && isGone()) return;
        await (await connectTo({ port }, { database: 'app' })).end();
        await accepts(httpPort);
      },
      { timeout: 30_000, interval: 50 },
    );
  };
  const close = async (): Promise<void> => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  };
  const ended = (): Promise<void> => gone;
  return {
    port,
    httpPort,
    logFolder,
    file,
    get pid() {
      return child?.pid;
    },
    start,
    ended,
    kill,
    close,
    [Symbol.asyncDispose]: close,
  };
}

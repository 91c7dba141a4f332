import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireEngine, type Engine, type EngineName } from '../../src/demo/engine.ts';
import { identify } from '../../src/demo/engine-process.ts';
import { freePorts } from '../../src/demo/free-port.ts';
import { LocalServer } from '../../src/demo/local-server.ts';

export interface StartServersOptions {
  readonly engine: Engine | EngineName;
  readonly count: number;
  readonly extraArguments?: readonly string[];
}

/** Real servers mysql1, mysql2 … on free ports, each with fresh data; all gone after `close`. */
export interface TestServers extends AsyncDisposable {
  readonly servers: readonly LocalServer[];
  readonly folder: string;
  close(): Promise<void>;
}

/** Starts `count` servers side by side; resolves when every one answers. */
export async function startServers(options: StartServersOptions): Promise<TestServers> {
  const engine =
    typeof options.engine === 'string' ? requireEngine(options.engine) : options.engine;
  const folder = testFolder();
  const servers: LocalServer[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.kill()));
    await rm(folder, removal);
    live.delete(forget);
  };
  const forget = (): void => {
    for (const server of servers) server.killNow();
    removeFolder(folder);
  };
  live.add(forget);
  try {
    const ports = await freePorts(options.count);
    await Promise.all(
      ports.map(async (port, index) => {
        const name = `mysql${index + 1}`;
        servers[index] = await LocalServer.create({
          engine,
          name,
          port,
          folder: join(folder, name),
          extraArguments: options.extraArguments ?? [],
        });
        await servers[index].start();
      }),
    );
  } catch (error) {
    await close();
    throw error;
  }
  return { servers, folder, close, [Symbol.asyncDispose]: close };
}

const prefix = 'lockstep-test-';

/** `lockstep-test-<pid>-xxxxxx`; those of processes that no longer run are removed first. */
function testFolder(): string {
  for (const entry of readdirSync(tmpdir())) {
    const owner = entry.startsWith(prefix) ? Number.parseInt(entry.slice(prefix.length), 10) : NaN;
    if (owner > 0 && identify(owner) === undefined) removeFolder(join(tmpdir(), entry));
  }
  return mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
}

const removal = { recursive: true, force: true, maxRetries: 5, retryDelay: 50 } as const;

function removeFolder(folder: string): void {
  rmSync(folder, removal);
}

/** Ends what is still running when the process ends without closing it. */
const live = new Set<() => void>();

function endAll(): void {
  for (const forget of live) forget();
  live.clear();
}

process.on('exit', endAll);
// The process that runs this one was killed. It would go on, and its servers with it; and
// `process.exit` is not to be had in a worker of vitest.
process.once('disconnect', () => {
  endAll();
  process.kill(process.pid, 'SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    endAll();
    process.kill(process.pid, signal);
  });
}

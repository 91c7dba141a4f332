import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join, resolve as resolvePath } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LockstepError } from '../base/errors.ts';
import type { Engine } from './engine.ts';
import { serverArguments } from './engine-arguments.ts';
import {
  dyingWithParent,
  identify,
  isSameRunning,
  isStopped,
  type ProcessIdentity,
} from './engine-process.ts';
import { isPortFree } from './free-port.ts';
import { copyTemplate } from './template.ts';

export interface LocalServerOptions {
  readonly engine: Engine;
  /** For messages, e.g. `mysql2`. */
  readonly name: string;
  /** On 127.0.0.1. */
  readonly port: number;
  /** Made when it is missing; holds the data folder, the error log and a note of the process. */
  readonly folder: string;
  /** Server options that come last and therefore win, e.g. `--innodb-flush-log-at-trx-commit=1`. */
  readonly extraArguments?: readonly string[];
}

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** True when `stop` or `kill` asked for it. */
  readonly expected: boolean;
}

const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;
const pollMs = 15;
const logTailLines = 25;

/** Which process runs on the folder, and who started it; kept in `process.json`. */
interface Note {
  readonly server: ProcessIdentity;
  readonly owner: ProcessIdentity;
}

/**
 * One real database server on this machine. It dies with this process, and keeps its data:
 * another LocalServer on the same folder goes on where this one ended, also after a kill.
 */
export class LocalServer {
  readonly engine: Engine;
  readonly name: string;
  readonly port: number;
  readonly folder: string;
  readonly host = '127.0.0.1';
  readonly #extraArguments: readonly string[];
  readonly #exitListeners = new Set<(exit: ServerExit) => void>();
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #stopping = false;
  #paused = false;
  #starting = false;

  private constructor(options: LocalServerOptions) {
    this.engine = options.engine;
    this.name = options.name;
    this.port = options.port;
    this.folder = resolvePath(options.folder);
    this.#extraArguments = options.extraArguments ?? [];
  }

  /**
   * A server that is not running yet, with an initialised data folder: the one that is there,
   * or a fresh one. Throws LockstepError('conflict') when the folder belongs to another engine.
   */
  static async create(options: LocalServerOptions): Promise<LocalServer> {
    const server = new LocalServer(options);
    await mkdir(server.temporaryFolder, { recursive: true });
    await server.#prepareData();
    return server;
  }

  get dataFolder(): string {
    return join(this.folder, 'data');
  }

  get temporaryFolder(): string {
    return join(this.folder, 'tmp');
  }

  get errorLog(): string {
    return join(this.folder, 'error.log');
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** As `root`, with the schema `app`. */
  get url(): string {
    return `mysql://root:root@${this.host}:${this.port}/app`;
  }

  /** Called whenever the server's process ends. Returns a function that ends the listening. */
  onExit(listener: (exit: ServerExit) => void): () => void {
    this.#exitListeners.add(listener);
    return () => this.#exitListeners.delete(listener);
  }

  /**
   * Resolves when the server greets a client, its crash recovery being done. Throws
   * LockstepError('conflict') naming the port if that is taken, or with the end of the
   * server's log if it does not come up.
   */
  async start(): Promise<void> {
    if (this.running || this.#starting) {
      throw new LockstepError('conflict', `${this.name} is already running`);
    }
    this.#starting = true;
    try {
      await this.#endOrphan();
      if (!(await isPortFree(this.port))) {
        throw new LockstepError(
          'conflict',
          `port ${this.port} of 127.0.0.1, wanted for ${this.name}, is already taken`,
        );
      }
      await rm(this.errorLog, { force: true });
      await this.#spawn();
      await this.#untilReady();
    } finally {
      this.#starting = false;
    }
  }

  /** An orderly shutdown (SIGTERM); a server that does not end in 30 s is killed. */
  async stop(): Promise<void> {
    this.#signalAll(['SIGTERM', 'SIGCONT']);
    const timer = setTimeout(() => this.#signalAll(['SIGKILL']), stopTimeoutMs);
    try {
      await this.#exited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** As a crash: SIGKILL at once. */
  async kill(): Promise<void> {
    this.#signalAll(['SIGKILL']);
    await this.#exited;
  }

  /** `kill` for a process that is about to end and cannot wait. */
  killNow(): void {
    this.#signalAll(['SIGKILL']);
  }

  /** Freezes the server (SIGSTOP): connections stay open, nothing answers. Resolves when it is. */
  async pause(): Promise<void> {
    const pid = this.pid;
    if (pid === undefined || this.#child?.kill('SIGSTOP') !== true) return;
    this.#paused = true;
    while (this.#paused && !isStopped(pid)) await delay(1);
  }

  resume(): void {
    if (this.#child?.kill('SIGCONT') === true) this.#paused = false;
  }

  /** The last lines of the server's error log; empty if there is none. */
  async errorLogTail(): Promise<string> {
    const text = await readFile(this.errorLog, 'utf8').catch(() => '');
    return text.trimEnd().split('\n').slice(-logTailLines).join('\n');
  }

  #signalAll(signals: readonly NodeJS.Signals[]): void {
    if (this.#child === undefined) return;
    this.#stopping = true;
    for (const signal of signals) this.#child.kill(signal);
  }

  async #prepareData(): Promise<void> {
    const noteFile = join(this.folder, 'engine.json');
    const text = await readFile(noteFile, 'utf8').catch(() => undefined);
    if (text !== undefined) {
      const { engine } = JSON.parse(text) as { engine: string };
      if (engine === this.engine.name) return;
      throw new LockstepError(
        'conflict',
        `${this.folder} holds data of ${engine}, not of ${this.engine.name}; ` +
          'use that engine, another folder, or start afresh',
      );
    }
    // The note is written last, so data without it is a copy that was never completed.
    const aside = `${this.dataFolder}.new`;
    await rm(aside, { recursive: true, force: true });
    await rm(this.dataFolder, { recursive: true, force: true });
    await copyTemplate(this.engine, aside);
    await rename(aside, this.dataFolder);
    const { name: engine, version } = this.engine;
    await writeFile(noteFile, `${JSON.stringify({ engine, version })}\n`);
  }

  get #processNote(): string {
    return join(this.folder, 'process.json');
  }

  /** Ends a server that outlived the process which had started it; spares a living owner's. */
  async #endOrphan(): Promise<void> {
    const text = await readFile(this.#processNote, 'utf8').catch(() => undefined);
    const note = parseNote(text);
    if (note !== undefined && isSameRunning(note.server)) {
      if (isSameRunning(note.owner)) {
        throw new LockstepError(
          'conflict',
          `${this.folder} is in use: process ${note.owner.pid} runs ${this.name} on it`,
        );
      }
      process.kill(note.server.pid, 'SIGKILL');
      while (isSameRunning(note.server)) await delay(pollMs);
    }
    await rm(this.#processNote, { force: true });
    // A socket's lock file names a process number which by now may be anybody's.
    await rm(join(this.dataFolder, 'mysql.sock.lock'), { force: true });
    await rm(join(this.dataFolder, 'mysql.sock'), { force: true });
  }

  async #spawn(): Promise<void> {
    const argv = serverArguments(this.engine, {
      dataFolder: this.dataFolder,
      temporaryFolder: this.temporaryFolder,
      port: this.port,
      errorLog: this.errorLog,
      pidFile: join(this.folder, 'server.pid'),
      extraArguments: this.#extraArguments,
    });
    const command = dyingWithParent(this.engine.command(argv));
    // Detached: in a process group of its own, so that ctrl-C in the terminal reaches the
    // parent only, which then stops the servers in order.
    const child = spawn(command.file, command.argv, { detached: true, stdio: 'ignore' });
    this.#stopping = false;
    this.#paused = false;
    const spawned = new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once('error', () => {
        if (child.pid === undefined) this.#child = undefined;
        resolve();
      });
      child.once('exit', (code, signal) => {
        this.#child = undefined;
        this.#paused = false;
        resolve();
        const exit: ServerExit = { code, signal, expected: this.#stopping };
        for (const listener of this.#exitListeners) listener(exit);
      });
    });
    await spawned;
    const server = identify(child.pid as number);
    const owner = identify(process.pid);
    if (server !== undefined && owner !== undefined) {
      await writeFile(this.#processNote, JSON.stringify({ server, owner } satisfies Note));
    }
  }

  async #untilReady(): Promise<void> {
    const deadline = performance.now() + startTimeoutMs;
    while (this.running) {
      if (await greets(this.port)) return;
      if (performance.now() > deadline) {
        await this.kill();
        throw await this.#startFailure(`did not answer within ${startTimeoutMs / 1000} s`);
      }
      await delay(pollMs);
    }
    throw await this.#startFailure('ended while starting');
  }

  async #startFailure(reason: string): Promise<LockstepError> {
    const tail = await this.errorLogTail();
    return new LockstepError(
      'conflict',
      `${this.name} (${this.engine.name} ${this.engine.version}, port ${this.port}) ${reason}; ` +
        `the end of ${this.errorLog}:\n${tail}`,
    );
  }
}

function parseNote(text: string | undefined): Note | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Note);
  } catch {
    return undefined;
  }
}

const greetingTimeoutMs = 1_000;
const protocolVersion = 10;

/**
 * True when a server on `port` sends its greeting, whose first payload byte (behind the packet
 * header of 4) is the protocol version; a refusal (ERR) begins with 0xff.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
 */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    const done = (answer: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => done(false), greetingTimeoutMs);
    socket.once('data', (bytes) => done(bytes[4] === protocolVersion));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
  });
}

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../base/clock.ts';
import { LockstepError } from '../../base/errors.ts';
import { dyingWithParent } from '../engine-process.ts';
import { StateWatch } from './state-watch.ts';

export interface BalancerProcessOptions {
  /** The built command, `dist/cli/main.js`. */
  readonly program: string;
  readonly configFile: string;
  /** Takes what the process prints. */
  readonly outputFile: string;
  readonly httpPort: number;
}

const startTimeoutMs = 45_000;
const pollMs = 25;

/** `lockstep serve` as a process of its own, so that it can be killed. */
export class BalancerProcess {
  readonly #options: BalancerProcessOptions;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #watch: StateWatch | undefined;

  constructor(options: BalancerProcessOptions) {
    this.#options = options;
  }

  /** The changes of state since the process was started last. */
  get watch(): StateWatch {
    if (this.#watch === undefined) throw new LockstepError('internal', 'no balancer was started');
    return this.#watch;
  }

  /** Resolves when it says that it can serve. Throws with what it printed when it ends instead. */
  async start(): Promise<void> {
    const { program, configFile, outputFile } = this.#options;
    const argv = [program, 'serve', '--config', configFile];
    const command = dyingWithParent({ file: process.execPath, argv });
    const output = openSync(outputFile, 'a');
    // In a process group of its own: ctrl-C in the terminal is for the parent only.
    const child = spawn(command.file, command.argv, {
      detached: true,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      const ended = (): void => {
        if (this.#child === child) this.#child = undefined;
        resolve();
      };
      child.once('exit', ended);
      child.once('error', ended);
    });
    await this.#untilReady();
    this.#watch = await StateWatch.open(this.#url('/events'));
  }

  /** SIGKILL, as a crash would. */
  async kill(): Promise<void> {
    this.#watch?.close();
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  /** What the operation at `path` answers; T is what the OpenAPI document says. */
  async get<T>(path: string): Promise<T> {
    const response = await fetch(this.#url(path), { signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`${path} answers ${response.status}`);
    return (await response.json()) as T;
  }

  #url(path: string): string {
    return `http://127.0.0.1:${this.#options.httpPort}${path}`;
  }

  async #untilReady(): Promise<void> {
    const endMs = systemClock.nowMs() + startTimeoutMs;
    while (this.#child !== undefined && systemClock.nowMs() < endMs) {
      const ready = await this.get('/readyz').then(
        () => true,
        () => false,
      );
      if (ready) return;
      await delay(pollMs);
    }
    const output = await readFile(this.#options.outputFile, 'utf8').catch(() => '');
    throw new LockstepError('internal', `the balancer did not come up; it printed:\n${output}`);
  }
}

import { type ChildProcess, fork, type SendHandle } from 'node:child_process';
import type { NodeName } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import type { SocketHandle } from '../nodes/socket-handle.ts';
import type { Loan, LoanOwner } from '../sessions/session-lender.ts';
import type { FromWorker, ToWorker, WorkerNews } from './messages.ts';

/** A worker that does not answer for so long is ended, and its clients with it. */
const answerMsMax = 5000;

export interface WorkerProcessOptions {
  readonly clock: Clock;
  /** Path of the program. */
  readonly program: string;
  readonly onMessage: (worker: WorkerProcess, message: WorkerNews) => void;
  /** It is gone, and the clients of all sessions that were lent to it. */
  readonly onEnd: (worker: WorkerProcess, reason: string) => void;
}

/** A session that is lent. */
export interface Lent extends Loan {
  readonly owner: LoanOwner;
  sinceMs: number;
}

/** One worker as the main process sees it. */
export class WorkerProcess {
  readonly lent = new Map<number, Lent>();
  /** Nodes it may read on, and the number of their admission. */
  readonly nodes = new Map<NodeName, number>();
  /** Keys of the statements that it takes for quick. */
  readonly quick = new Set<string>();
  ready = false;
  readonly ended: Promise<void>;
  readonly #clock: Clock;
  readonly #child: ChildProcess;
  readonly #barriers = new Map<number, () => void>();
  #lastBarrier = 0;
  #gone = false;

  constructor(options: WorkerProcessOptions) {
    this.#clock = options.clock;
    const child = fork(options.program, [], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child = child;
    child.on('message', (message, handle) => {
      this.#receive(message as FromWorker, handle as SocketHandle | undefined, options);
    });
    this.ended = new Promise((resolve) => {
      const end = (reason: string): void => {
        if (this.#gone) return;
        this.#gone = true;
        for (const passed of this.#barriers.values()) passed();
        const { lent } = this;
        const owners = [...lent.values()];
        lent.clear();
        for (const { owner } of owners) owner.gone();
        resolve();
        options.onEnd(this, reason);
      };
      child.once('error', (error) => end(error.message));
      child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** It has confirmed all that it was to confirm. */
  get settled(): boolean {
    return this.#barriers.size === 0;
  }

  post(message: ToWorker, handle?: SocketHandle): void {
    const sent = (): void => handle?.close();
    if (this.#gone || !this.#child.connected) return sent();
    this.#child.send(message, handle as SendHandle | undefined, undefined, sent);
  }

  /** Resolves when all that was posted is done, or the worker is gone. */
  barrier(): Promise<void> {
    // Before it is ready it has no session.
    if (this.#gone || !this.ready) return Promise.resolve();
    const id = ++this.#lastBarrier;
    return new Promise((resolve) => {
      const timer = this.#clock.after(answerMsMax, () => this.#child.kill('SIGKILL'));
      this.#barriers.set(id, () => {
        this.#barriers.delete(id);
        timer.cancel();
        resolve();
      });
      this.post({ kind: 'barrier', id });
    });
  }

  #receive(
    message: FromWorker,
    handle: SocketHandle | undefined,
    { onMessage }: WorkerProcessOptions,
  ): void {
    switch (message.kind) {
      case 'passed':
        this.#barriers.get(message.id)?.();
        return;
      case 'back':
        return this.#takeBack(message, handle);
      case 'gone':
        return this.#takeOff(message.id)?.owner.gone();
      default:
        onMessage(this, message);
    }
  }

  #takeBack(message: Extract<FromWorker, { kind: 'back' }>, handle?: SocketHandle): void {
    const lent = this.#takeOff(message.id);
    if (!lent) return handle?.close();
    if (!handle) return lent.owner.gone();
    lent.owner.returned(handle, message);
  }

  #takeOff(id: number): Lent | undefined {
    const lent = this.lent.get(id);
    this.lent.delete(id);
    return lent;
  }

  /** Ends it, and with it the connections of all its clients. */
  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const timer = this.#clock.after(answerMsMax, () => this.#child.kill('SIGKILL'));
    await this.ended;
    timer.cancel();
  }
}

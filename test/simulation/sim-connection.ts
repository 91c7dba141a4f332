import { NodeConnectionLostError } from '../../src/nodes/node-connection.ts';
import type { StatementOutcome } from '../../src/nodes/statement-outcomes.ts';
import type { TextResult } from '../../src/protocol/result-set.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { SimServer } from './sim-server.ts';
import type { SimSession } from './sim-session.ts';

interface Pending {
  readonly resolve: (results: TextResult[]) => void;
  readonly reject: (error: Error) => void;
  cancelDeadline: () => void;
}

export interface SimLink {
  readonly process: Process;
  readonly random: Random;
  readonly server: SimServer;
  /** Nothing arrives before this time, in either direction. */
  readonly heldUntilMs: () => number;
}

/**
 * One connection to a simulated server, as the rooms above know `NodeConnection`. Each
 * direction keeps its order and takes its own time; either end may notice late that the other
 * is gone.
 */
export class SimConnection {
  readonly threadId: number;
  readonly serverVersion = '8.4.0-simulated';
  readonly #link: SimLink;
  readonly #serverProcess: Process;
  readonly #session: SimSession;
  readonly #pending: Pending[] = [];
  readonly #lostListeners = new Set<(error: Error) => void>();
  #lost: Error | undefined;
  #endedByUs = false;
  #answersFromMs = 0;
  #upMs = 0;
  #downMs = 0;

  constructor(link: SimLink) {
    this.#link = link;
    this.#serverProcess = link.server.process;
    this.#session = link.server.accept(
      (results) => {
        const arrived = link.server.answered();
        this.#toClient(() => {
          arrived();
          this.#answered(results);
        });
      },
      () => this.#toClient(() => this.#lose('the server closed the connection')),
    );
    this.threadId = this.#session.id;
  }

  get lost(): Error | undefined {
    return this.#lost;
  }

  get endedByUs(): boolean {
    return this.#endedByUs;
  }

  /** The server's end of it. */
  get session(): SimSession {
    return this.#session;
  }

  onLost(listener: (error: Error) => void): void {
    this.#lostListeners.add(listener);
  }

  query(sql: string, options?: { timeoutMs?: number }): Promise<TextResult[]> {
    if (this.#lost) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      const { timeoutMs } = options ?? {};
      const timer =
        timeoutMs === undefined
          ? undefined
          : this.#link.process.after(timeoutMs, () => this.#lose('no answer in time'));
      this.#pending.push({ resolve, reject, cancelDeadline: () => timer?.cancel() });
      this.#toServer(() => this.#session.receive(sql));
    });
  }

  async outcomes(sql: string): Promise<StatementOutcome[]> {
    return (await this.query(sql)).map(outcomeOf);
  }

  /** Only COM_RESET_CONNECTION is ever sent this way. */
  command(): Promise<TextResult[]> {
    return this.query('RESET', { timeoutMs: 10_000 });
  }

  /** What the server says from now on, also that it ended the session, takes so much longer. */
  delayAnswers(ms: number): void {
    this.#answersFromMs = this.#link.process.nowMs() + ms;
  }

  end(): void {
    if (this.#lost) return;
    this.#endedByUs = true;
    this.#toServer(() => this.#session.end());
    this.#lose('closed by Lockstep');
  }

  destroy(reason: Error): void {
    if (this.#lost) return;
    this.#toServer(() => this.#session.end());
    this.#lose(reason.message);
  }

  /** The network drops it: each end finds out by itself, the server perhaps much later. */
  cut(): void {
    const { random, process } = this.#link;
    const late = random.chance(0.3) ? random.between(100, 2_000) : random.between(0, 5);
    this.#serverProcess.after(late, () => this.#session.end());
    process.after(random.between(0, random.chance(0.3) ? 200 : 5), () => this.#lose('reset'));
  }

  #answered(results: readonly TextResult[]): void {
    const pending = this.#pending.shift();
    if (!pending) return;
    pending.cancelDeadline();
    pending.resolve([...results]);
  }

  #lose(reason: string): void {
    if (this.#lost) return;
    this.#lost = new NodeConnectionLostError(reason);
    for (const { reject, cancelDeadline } of this.#pending.splice(0)) {
      cancelDeadline();
      reject(this.#lost);
    }
    for (const listener of this.#lostListeners) listener(this.#lost);
    this.#lostListeners.clear();
  }

  #delayMs(): number {
    const { random } = this.#link;
    return random.chance(0.03) ? random.between(1, 20) : random.between(0.02, 0.5);
  }

  #toServer(deliver: () => void): void {
    const nowMs = this.#link.process.nowMs();
    const earliest = Math.max(this.#upMs, this.#link.heldUntilMs());
    this.#upMs = Math.max(earliest + 1e-6, nowMs + this.#delayMs());
    this.#serverProcess.after(this.#upMs - nowMs, () => {
      if (!this.#session.ended) deliver();
    });
  }

  #toClient(deliver: () => void): void {
    const nowMs = this.#link.process.nowMs();
    const earliest = Math.max(this.#downMs, this.#link.heldUntilMs(), this.#answersFromMs);
    this.#downMs = Math.max(earliest + 1e-6, nowMs + this.#delayMs());
    this.#link.process.after(this.#downMs - nowMs, () => {
      if (!this.#lost) deliver();
    });
  }
}

function outcomeOf(result: TextResult): StatementOutcome {
  const none = { affectedRows: 0, insertId: '0', errno: 0, info: '', message: '' };
  switch (result.kind) {
    case 'ok': {
      const { affectedRows, lastInsertId, info } = result.ok;
      const counts = { affectedRows: Number(affectedRows), insertId: String(lastInsertId), info };
      return { kind: 'ok', ...none, ...counts };
    }
    case 'rows':
      return { kind: 'rows', ...none, affectedRows: result.rows.length };
    case 'err':
      return { kind: 'err', ...none, errno: result.error.errno, message: result.error.message };
  }
}

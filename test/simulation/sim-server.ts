import type { Clock } from '../../src/base/clock.ts';
import type { TextResult } from '../../src/protocol/result-set.ts';
import { Process } from './process.ts';
import type { Occurrences } from './occurrences.ts';
import type { Random } from './random.ts';
import { SimLocks } from './sim-locks.ts';
import { errResult, okResult, rowsResult } from './sim-results.ts';
import { SimSession } from './sim-session.ts';
import { SimStore } from './sim-store.ts';

export interface SimServerOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  /** 0: flushes at every commit. */
  readonly flushAfterMs: number;
  readonly occurrences: Occurrences;
  /** Looks at the server after each of its commits. */
  readonly onCommit: (server: SimServer) => void;
}

const lockWaitMs = 300;
const tableNotThere = 1146;

/**
 * A small model of a transactional server: rows with locks, transactions, autocommit, sessions
 * that the server may end, and crashes.
 */
export class SimServer {
  readonly name: string;
  readonly store: SimStore;
  readonly #options: SimServerOptions;
  readonly #sessions = new Map<number, SimSession>();
  readonly #ends = new Map<SimSession, () => void>();
  #process: Process;
  #locks: SimLocks;
  #startedAtS = 0;
  #nextSessionId = 1;
  #answers = 0;
  #newestAnswer = 0;
  /** Multiplies the time that work takes. */
  slowness = 1;
  /** Share of the statements and COMMITs that fail. */
  failing = 0;

  constructor(options: SimServerOptions) {
    this.#options = options;
    this.name = options.name;
    this.store = new SimStore(options.flushAfterMs);
    this.#process = new Process(options.clock);
    this.#locks = new SimLocks(this.#process, lockWaitMs);
  }

  get up(): boolean {
    return this.#process.alive;
  }

  get process(): Process {
    return this.#process;
  }

  get locks(): SimLocks {
    return this.#locks;
  }

  get startedAtS(): number {
    return this.#startedAtS;
  }

  get sessions(): readonly SimSession[] {
    return [...this.#sessions.values()];
  }

  /** A session answers; the function returned is called when that arrives. */
  answered(): () => void {
    const mine = ++this.#answers;
    return () => {
      if (mine < this.#newestAnswer) this.occurrences.add('an answer overtook another');
      this.#newestAnswer = Math.max(mine, this.#newestAnswer);
    };
  }

  get occurrences(): Occurrences {
    return this.#options.occurrences;
  }

  accept(answer: (results: readonly TextResult[]) => void, onEnd: () => void): SimSession {
    const session = new SimSession(this, this.#nextSessionId++, answer);
    this.#sessions.set(session.id, session);
    this.#ends.set(session, onEnd);
    return session;
  }

  forget(session: SimSession, noticeAfterMs: number): void {
    this.#sessions.delete(session.id);
    const end = this.#ends.get(session);
    this.#ends.delete(session);
    if (noticeAfterMs > 0 && end) this.#process.after(noticeAfterMs, end);
    else end?.();
  }

  /** Whether a statement or COMMIT fails just now, for a reason that passes. */
  fails(): boolean {
    return this.failing > 0 && this.#options.random.chance(this.failing);
  }

  /** The time one packet takes. */
  work(): Promise<void> {
    const { random } = this.#options;
    return this.#process.sleep(random.between(0.05, random.chance(0.05) ? 8 : 0.4) * this.slowness);
  }

  /** Sometimes something happens between two statements of a packet. */
  async mayPause(): Promise<boolean> {
    if (!this.#options.random.chance(0.1)) return false;
    await this.#process.sleep(this.#options.random.between(0.05, 3));
    return true;
  }

  commit(changes: ReadonlyMap<string, string | undefined>): void {
    this.store.commit(changes, this.#options.clock.nowMs());
    this.#options.onCommit(this);
  }

  crash(): void {
    const ends = [...this.#ends.values()];
    this.#process.die();
    for (const session of this.sessions) session.end();
    for (const end of ends) end();
    const { clock, random, occurrences } = this.#options;
    const lost = this.store.crash(clock.nowMs(), random.next());
    occurrences.add('a server crashed');
    if (lost > 0) occurrences.add('a server lost commits that it had confirmed');
  }

  start(): void {
    if (this.up) return;
    this.#process = new Process(this.#options.clock);
    this.#locks = new SimLocks(this.#process, lockWaitMs);
    // No server is so fast that it starts twice within a second.
    this.#startedAtS = Math.max(
      this.#startedAtS + 1,
      Math.floor(this.#options.clock.nowMs() / 1000),
    );
    this.#nextSessionId = 1;
    this.slowness = 1;
    this.failing = 0;
  }

  /** Questions about the server and its catalogue. */
  answerQuery(sql: string, asking: SimSession): TextResult {
    if (/^(SET|GRANT|USE) /.test(sql)) return okResult();
    if (sql === 'PING') return okResult();
    const kill = /^KILL (\d+)$/.exec(sql);
    if (kill) {
      const killed = this.#sessions.get(Number(kill[1]));
      killed?.end();
      return killed ? okResult() : errResult(1094);
    }
    return this.#answerCatalogue(sql, asking);
  }

  #answerCatalogue(sql: string, asking: SimSession): TextResult {
    if (sql.startsWith('SELECT p.ID AS id FROM information_schema.PROCESSLIST p ')) {
      const open = this.sessions.filter((found) => found.inTransaction && found !== asking);
      return rowsResult(open.map((found) => ({ id: String(found.id) })));
    }
    const listed = /^SELECT ID FROM information_schema\.PROCESSLIST WHERE ID IN \((.*)\)/.exec(sql);
    if (listed) {
      const ids = (listed[1] ?? '').split(',').map(Number);
      const alive = this.sessions.filter((found) => ids.includes(found.id));
      return rowsResult(alive.map((found) => ({ ID: String(found.id) })));
    }
    const created = /^SHOW CREATE TABLE .*`([^`]*)`$/.exec(sql);
    if (created) {
      const table = this.store.get(created[1] ?? '');
      return table === undefined ? errResult(tableNotThere) : rowsResult([{ t: table }]);
    }
    if (/Uptime/.test(sql)) return rowsResult([{ started_at_s: String(this.startedAtS) }]);
    if (sql.startsWith('SHOW SESSION VARIABLES ')) {
      return rowsResult([{ Variable_name: 'sql_mode', Value: '' }]);
    }
    if (/^(SELECT @@|SHOW |SELECT .*information_schema|SELECT .*mysql\.)/.test(sql)) {
      return rowsResult([]);
    }
    throw new Error(`the simulated servers do not understand: ${sql}`);
  }
}

import type { NodeName } from '../base/brands.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { type SocketHandle, socketOf } from '../nodes/socket-handle.ts';
import type { LoanTerms } from '../sessions/session-lender.ts';
import { sharedMode } from '../sql/lex-mode.ts';
import { StatementCache } from '../sql/statement-cache.ts';
import type { Statement } from '../sql/statement.ts';
import { type LentSessions, LentSession } from './lent-session.ts';
import type { FromWorker, SlowRead, ToWorker, WorkerSettings } from './messages.ts';
import { quickKey } from './quick-key.ts';
import { ReadCounts } from './read-counts.ts';
import { SlowReads } from './slow-reads.ts';
import { WorkerNode } from './worker-node.ts';

/** So often it tells what it has done, and looks which sessions are here for too long. */
const tellEveryMs = 250;

export interface ReadWorkerOptions {
  readonly clock: Clock;
  readonly post: (message: FromWorker, handle?: SocketHandle) => void;
}

/**
 * A process that answers the quick reads of the sessions that are lent to it. It knows nothing of
 * the cluster but which nodes it may ask, and which statements are quick: all else is decided in
 * the main process, which gets back each session that asks for something else.
 */
export class ReadWorker implements LentSessions {
  readonly clock: Clock;
  readonly #options: ReadWorkerOptions;
  readonly #nodes = new Map<NodeName, WorkerNode>();
  readonly #sessions = new Map<number, LentSession>();
  readonly #quick = new Set<string>();
  readonly #slow = new SlowReads();
  readonly #counts: ReadCounts;
  readonly #statements: StatementCache;
  #settings: WorkerSettings | undefined;
  #timer: Timer | undefined;

  constructor(options: ReadWorkerOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.#counts = new ReadCounts(options.clock);
    this.#statements = new StatementCache(() => this.#settings?.statementCache ?? 1);
    this.#look();
    this.post({ kind: 'ready' });
  }

  receive(message: ToWorker, handle: SocketHandle | undefined): void {
    switch (message.kind) {
      case 'settings':
        return this.#set(message.settings);
      case 'node_in':
        return this.#nodeIn(message);
      case 'node_out':
        return this.#nodeOut(message.name, 'it is taken out');
      case 'quick':
        this.#quick.add(message.key);
        return;
      case 'not_quick':
        this.#quick.delete(message.key);
        return;
      case 'forget':
        this.#quick.clear();
        this.#slow.clear();
        return;
      case 'lend':
        return this.#borrow(message.terms, handle);
      case 'recall':
        return this.#recall(message.id);
      case 'end':
        this.#sessions.get(message.id)?.end();
        return;
      case 'barrier':
        return this.post({ kind: 'passed', id: message.id });
    }
  }

  /** In place: nodes keep what they were given. */
  #set(settings: WorkerSettings): void {
    this.#counts.slowQueryMs = settings.slowQueryMs;
    const known = this.#settings;
    if (!known) {
      this.#settings = settings;
      return;
    }
    Object.assign(known.limits, settings.limits);
    Object.assign(known.health, settings.health);
    Object.assign(known, { ...settings, limits: known.limits, health: known.health });
  }

  #nodeIn(message: Extract<ToWorker, { kind: 'node_in' }>): void {
    const { config, newestThreadId, admission } = message;
    const { name } = config;
    this.#nodeOut(name, 'it is taken in anew');
    if (!this.#settings) return;
    const node: WorkerNode = new WorkerNode({
      clock: this.clock,
      config,
      newestThreadId,
      settings: this.#settings,
      onSuspect: (reason) => this.#doubt(node, { kind: 'suspect', node: name, admission, reason }),
      onRestarted: () => this.#doubt(node, { kind: 'restarted', node: name, admission }),
    });
    this.#nodes.set(name, node);
  }

  /** Whether it can still be read is for the main process to find out. */
  #doubt(node: WorkerNode, message: FromWorker): void {
    if (this.#nodes.get(node.name) !== node) return;
    this.post(message);
    this.#nodeOut(node.name, 'there is doubt about it');
  }

  #nodeOut(name: NodeName, reason: string): void {
    const node = this.#nodes.get(name);
    if (!node) return;
    this.#nodes.delete(name);
    for (const session of [...this.#sessions.values()]) {
      if (session.node === node) session.leave('due');
    }
    node.close(reason);
  }

  #borrow(terms: LoanTerms, handle: SocketHandle | undefined): void {
    const { id } = terms;
    if (!handle) return this.post({ kind: 'gone', id });
    const node = this.#nodes.get(terms.node);
    if (!node) {
      const told = { id, reason: 'due', reads: 0, rows: 0, idleMs: 0 } as const;
      return this.post({ kind: 'back', ...told, bytes: Buffer.alloc(0) }, handle);
    }
    const known = { ...terms, mode: sharedMode(terms.mode) };
    const session = new LentSession(this, known, socketOf(handle), node);
    this.#sessions.set(id, session);
    void node.open(known);
  }

  #recall(id: number | undefined): void {
    const called = id === undefined ? [...this.#sessions.values()] : [this.#sessions.get(id)];
    for (const session of called) session?.leave('due');
  }

  analyse(sql: string, { mode }: LoanTerms): Statement {
    return this.#statements.analyse(sql, mode);
  }

  quickKeyOf(statement: Statement, { carried }: LoanTerms): string | undefined {
    const key = quickKey(statement, carried.schema);
    return this.#quick.has(key) ? key : undefined;
  }

  noteSlow(key: string): void {
    if (this.#slow.isOften(key)) this.post({ kind: 'slow', key });
  }

  record(normalised: string, read: SlowRead): void {
    this.#slow.read();
    this.#counts.record(normalised, read);
  }

  post(message: FromWorker, handle?: SocketHandle): void {
    // Who has its answers from the main process finds what was answered here counted.
    if (message.kind === 'back' || message.kind === 'gone') this.#tell();
    this.#options.post(message, handle);
  }

  left(session: LentSession): void {
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id);
  }

  #look(): void {
    this.#timer = this.clock.after(tellEveryMs, () => {
      const nowMs = this.clock.nowMs();
      for (const session of [...this.#sessions.values()]) session.look(nowMs);
      this.#tell();
      this.#look();
    });
  }

  #tell(): void {
    const report = this.#counts.take();
    if (report) this.#options.post({ kind: 'report', report });
  }

  close(): void {
    this.#timer?.cancel();
    for (const session of [...this.#sessions.values()]) session.end();
    for (const node of this.#nodes.values()) node.close('the worker ends');
  }
}

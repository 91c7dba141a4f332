import type { NodeName } from '../base/brands.ts';
import type { SocketHandle } from '../nodes/socket-handle.ts';
import type { Statement } from '../sql/statement.ts';
import { holdsNothing } from './holds-nothing.ts';
import { knownOf } from './known-quick.ts';
import { acknowledgedBefore, noteSeen } from './read-consistency.ts';
import { answersAtOnce, mayServe } from './read-place.ts';
import type { SessionCore } from './session-core.ts';
import type { Loan, LoanOwner, Returned, SessionLender } from './session-lender.ts';

/** So many quick reads in a row make it likely that more will follow. */
const readsBeforeMin = 16;
/** A session that comes back at once is lent later, up to this. */
const readsBeforeMax = 4096;
/** A loan that brought fewer reads was hardly worth it. */
const readsWorthIt = 4 * readsBeforeMin;

/** The session's side of its client. */
export interface LentClient {
  /** Nothing is under way for the client, and nothing of it waits. */
  readonly atRest: boolean;
  /** The client's commands may carry query attributes. */
  readonly attributed: boolean;
  /** A worker has served it so far. */
  returned(idleMs: number): void;
}

export interface SessionLoanOptions {
  readonly core: SessionCore;
  readonly lender: SessionLender;
  readonly session: LentClient;
  /** The connection to the client, out of its socket; undefined where that cannot be just now. */
  readonly takeHandle: () => SocketHandle | undefined;
  /** The connection is back, and what its client has sent that nobody has answered. */
  readonly onReturned: (handle: SocketHandle, bytes: Buffer) => void;
  readonly onGone: () => void;
}

/**
 * Lends one session to a worker, again and again: while its client asks for nothing but quick
 * reads, the worker answers them; whatever else it asks for brings the session back. What a read
 * may depend on is the same meanwhile, so nothing has to be told when it returns but that it read.
 */
export class SessionLoan implements LoanOwner {
  readonly #options: SessionLoanOptions;
  /** Quick reads since the last other command. */
  #inRow = 0;
  #readsBefore = readsBeforeMin;
  #loan: Loan | undefined;
  #node: NodeName | undefined;
  #tries = false;

  constructor(options: SessionLoanOptions) {
    this.#options = options;
  }

  /** Undefined while the session is here. */
  get loan(): Loan | undefined {
    return this.#loan;
  }

  /** The client has the answer of a read of text, which shared its connection if it is quick. */
  served(statement: Statement): void {
    const { core, lender } = this.#options;
    const { schema } = core.state;
    // What held when it began may not any more: a lock, or what a view does.
    const still = holdsNothing(core) && core.context.viewed.onlyReads(statement, schema);
    if (!still || !knownOf(statement).quick) return this.interrupted();
    lender.noteQuick(statement, schema);
    this.#inRow += 1;
  }

  /** The client asked for something else. */
  interrupted(): void {
    this.#inRow = 0;
  }

  /** The client has its answer. What it has sent already is read before the session is lent. */
  rests(): void {
    if (this.#inRow < this.#readsBefore || this.#tries) return;
    this.#tries = true;
    setImmediate(() => {
      this.#tries = false;
      if (!this.#loan && this.#inRow >= this.#readsBefore) this.#lend();
    });
  }

  #lend(): void {
    const { core, lender, session, takeHandle } = this.#options;
    if (!session.atRest || !isAsAnywhere(core)) return;
    const node = this.#chooseNode();
    if (node === undefined) return;
    const handle = takeHandle();
    if (!handle) return;
    const { id, account: kind, lexMode: mode } = core;
    const { carried } = core.state;
    this.#inRow = 0;
    this.#node = node;
    const terms = { id, node, kind, carried, mode, attributed: session.attributed };
    this.#loan = lender.lend(terms, handle, this);
  }

  /** One that shows what the session must see, by the strategy of the reads. */
  #chooseNode(): NodeName | undefined {
    const { core, lender } = this.#options;
    const { config, router } = core.context;
    // A node may lack what was acknowledged, and a worker knows no positions.
    if (config.consistency === 'strong' && config.acks !== 'all') return undefined;
    const acknowledged = acknowledgedBefore(core);
    const fits = (name: NodeName): boolean =>
      lender.mayLend(name) && mayServe(core, name, acknowledged) && answersAtOnce(core, name);
    return router.choose(fits);
  }

  returned(handle: SocketHandle, returned: Returned): void {
    const { core, session, onReturned } = this.#options;
    const node = this.#node;
    this.#loan = undefined;
    this.#adapt(returned);
    if (returned.reads > 0 && node !== undefined) {
      noteSeen(core, node);
      core.route = { node };
      core.diagnostics.noteRead(returned.rows);
    }
    session.returned(returned.idleMs);
    onReturned(handle, returned.bytes);
  }

  #adapt({ reason, reads }: Returned): void {
    // One more read, and it is lent again, perhaps to read elsewhere.
    if (reason === 'due') this.#inRow = this.#readsBefore - 1;
    if (reason !== 'command') return;
    const before = reads < readsWorthIt ? this.#readsBefore * 2 : this.#readsBefore / 2;
    this.#readsBefore = Math.min(Math.max(before, readsBeforeMin), readsBeforeMax);
  }

  gone(): void {
    this.#loan = undefined;
    this.#options.onGone();
  }

  /** Sends the client away where it is lent. */
  end(): void {
    this.#loan?.end();
    this.#loan = undefined;
  }
}

/** Nothing of what the session has keeps a read of it from being run by another process. */
function isAsAnywhere(core: SessionCore): boolean {
  const { carried } = core.state;
  return (
    holdsNothing(core) &&
    !core.context.cache.open &&
    !core.context.catalogue.changing &&
    carried.userVariables.size === 0 &&
    carried.replayed.size === 0 &&
    !core.tracker?.pending
  );
}

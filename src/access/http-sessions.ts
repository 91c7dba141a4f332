import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../base/clock.ts';
import type { Role } from '../config/role.ts';
import { digestOf } from './secret-digest.ts';

/** The account of the database with whose rights SQL is run. */
export interface SqlAccount {
  readonly name: string;
  readonly password: string;
}

/** One login of the page, until it ends. */
export interface HttpSession {
  readonly name: string;
  readonly role: Role;
  /** What the page sends with each change, and a page of another site does not know. */
  readonly csrf: string;
  /** Aborted when the session ends, with what is open for it. */
  readonly ended: AbortSignal;
  sqlAccount: SqlAccount | undefined;
}

interface Kept {
  readonly session: HttpSession;
  readonly ending: AbortController;
  readonly sinceMs: number;
  usedMs: number;
}

const secretBytes = 32;
const sessionsMax = 1000;
const sessionsPerNameMax = 50;
const sweepMs = 30_000;
/** However often it is used. */
const lifetimes = 10;

/**
 * The sessions of the page, in memory: a restart ends them. Only digests of what the cookies hold
 * are kept, and a session that was not used for the time-out ends.
 */
export class HttpSessions {
  readonly #clock: Clock;
  readonly #timeoutMs: () => number;
  readonly #sessions = new Map<string, Kept>();
  #sweep: Timer | undefined;

  constructor(options: { readonly clock: Clock; readonly timeoutMs: () => number }) {
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
  }

  /** Begins one; the secret is for the cookie. The oldest make way when there are too many. */
  begin(account: { readonly name: string; readonly role: Role }) {
    const ofName = [...this.#sessions].filter(([, { session }]) => session.name === account.name);
    if (ofName.length >= sessionsPerNameMax) this.#end(ofName[0]?.[0]);
    if (this.#sessions.size >= sessionsMax) this.#end(this.#sessions.keys().next().value);
    const secret = randomBytes(secretBytes).toString('base64url');
    const ending = new AbortController();
    const session: HttpSession = {
      name: account.name,
      role: account.role,
      csrf: randomBytes(secretBytes).toString('base64url'),
      ended: ending.signal,
      sqlAccount: undefined,
    };
    const nowMs = this.#clock.nowMs();
    this.#sessions.set(digestOf(secret), { session, ending, sinceMs: nowMs, usedMs: nowMs });
    this.#sweep ??= this.#nextSweep();
    return { secret, session };
  }

  /** Finding it counts as using it. */
  find(secret: string): HttpSession | undefined {
    const kept = this.#sessions.get(digestOf(secret));
    if (!kept || this.#isOver(kept)) return undefined;
    kept.usedMs = this.#clock.nowMs();
    return kept.session;
  }

  end(session: HttpSession): void {
    for (const [digest, kept] of this.#sessions) if (kept.session === session) this.#end(digest);
  }

  /** Those of accounts that are no more, or may do something else now. */
  endUnless(holds: (session: HttpSession) => boolean): void {
    for (const [digest, { session }] of this.#sessions) if (!holds(session)) this.#end(digest);
  }

  close(): void {
    this.#sweep?.cancel();
    this.#sweep = undefined;
    this.endUnless(() => false);
  }

  #end(digest: string | undefined): void {
    if (digest === undefined) return;
    const kept = this.#sessions.get(digest);
    this.#sessions.delete(digest);
    if (kept) kept.session.sqlAccount = undefined;
    kept?.ending.abort();
  }

  #isOver({ sinceMs, usedMs }: Kept): boolean {
    const nowMs = this.#clock.nowMs();
    const timeoutMs = this.#timeoutMs();
    return nowMs - usedMs >= timeoutMs || nowMs - sinceMs >= lifetimes * timeoutMs;
  }

  #nextSweep(): Timer {
    return this.#clock.after(sweepMs, () => {
      for (const [digest, kept] of this.#sessions) if (this.#isOver(kept)) this.#end(digest);
      this.#sweep = this.#sessions.size === 0 ? undefined : this.#nextSweep();
    });
  }
}

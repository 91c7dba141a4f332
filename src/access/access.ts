import type { Clock } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import { type Caller, localName } from './caller.ts';
import { cookieValues } from './cookie-values.ts';
import { HttpAccounts } from './http-accounts.ts';
import { type HttpSession, HttpSessions, type SqlAccount } from './http-sessions.ts';
import { LoginThrottle } from './login-throttle.ts';
import { isSameSecret } from './secret-digest.ts';

/** What a request says of who sends it. */
export interface Credentials {
  readonly address: string;
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  readonly csrf: string | undefined;
  /** It changes nothing, so a page of another site may as well have caused it. */
  readonly safe: boolean;
}

/** A session has begun: its secret, for the cookie. */
export interface Begun {
  readonly session: HttpSession;
  readonly secret: string;
}

/** Who may use the HTTP side: by a token, or by a login of the page. */
export class Access {
  readonly #sessions: HttpSessions;
  readonly #throttle: LoginThrottle;
  readonly #http: () => Config['http'];
  #accounts: HttpAccounts;

  constructor(options: { readonly http: () => Config['http']; readonly clock: Clock }) {
    const { http, clock } = options;
    this.#http = http;
    this.#accounts = new HttpAccounts(http());
    this.#throttle = new LoginThrottle(clock);
    this.#sessions = new HttpSessions({ clock, timeoutMs: () => http().sessionTimeoutMs });
  }

  get open(): boolean {
    return this.#accounts.open;
  }

  /** Of this port: a browser sends a host's cookies to every port of it. */
  cookieName(port: number): string {
    return this.#http().tls ? `__Host-lockstep-${port}` : `lockstep-${port}`;
  }

  /** The configuration has other accounts: logins of those that are gone end. */
  reload(): void {
    this.#accounts = new HttpAccounts(this.#http());
    this.#sessions.endUnless((session) =>
      this.#accounts.open ? session.name === localName : this.#accounts.has(session),
    );
  }

  /**
   * Undefined when it is nobody that we know. Throws csrf_failed for a change that the cookie
   * alone speaks for.
   */
  identify(credentials: Credentials, port: number): Caller | undefined {
    const { address, authorization } = credentials;
    const { open } = this;
    if (authorization !== undefined && !open) {
      const token = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(authorization)?.[1];
      const account = token === undefined ? undefined : this.#accounts.ofToken(token);
      return account && { ...account, address, open, session: undefined };
    }
    const session = this.#sessionOf(credentials, port);
    if (session) {
      checkCsrf(session, credentials);
      return { name: session.name, role: session.role, address, open, session };
    }
    if (!open) return undefined;
    return { name: localName, role: 'admin', address, open, session: undefined };
  }

  #sessionOf({ cookie }: Credentials, port: number): HttpSession | undefined {
    for (const secret of cookieValues(cookie, this.cookieName(port))) {
      const session = this.#sessions.find(secret);
      if (session) return session;
    }
    return undefined;
  }

  /** Throws login_failed, too_many_denied_logins (LoginLockedError) or queue_full. */
  async login(name: string, password: string, address: string): Promise<Begun> {
    if (this.open) {
      throw new LockstepError('conflict', 'no `http.users` are configured: nobody has to log in');
    }
    const succeeded = this.#throttle.attempt(address, name);
    const account = await this.#accounts.ofPassword(name, password);
    if (!account) throw new LockstepError('login_failed', 'the name or the password is wrong');
    succeeded();
    return this.#sessions.begin(account);
  }

  logout(session: HttpSession): void {
    this.#sessions.end(session);
  }

  /**
   * Runs what logs in as a database user. Wrong passwords are counted as those of a login are;
   * throws LoginLockedError when there were too many.
   */
  async asSqlUser<T>(user: string, address: string, run: () => Promise<T>): Promise<T> {
    const name = `sql ${user}`;
    this.#throttle.check(address, name);
    try {
      return await run();
    } catch (error) {
      if ((error as { errno?: number }).errno === 1045) this.#throttle.failed(address, name);
      throw error;
    }
  }

  /** Keeps whose rights SQL has; without a login of the page one begins, for this alone. */
  keepSqlAccount({ name, role, session }: Caller, account: SqlAccount): Begun | undefined {
    if (session) {
      session.sqlAccount = account;
      return undefined;
    }
    const begun = this.#sessions.begin({ name, role });
    begun.session.sqlAccount = account;
    return begun;
  }

  close(): void {
    this.#sessions.close();
  }
}

function checkCsrf(session: HttpSession, { safe, csrf }: Credentials): void {
  if (safe || (csrf !== undefined && isSameSecret(csrf, session.csrf))) return;
  const message = 'the request changes something and does not show that the page sent it';
  throw new LockstepError('csrf_failed', message);
}

import type { Config } from '../config/config.ts';
import type { KnownAccount } from '../protocol/auth/known-account.ts';
import type { Password } from '../protocol/auth/password.ts';
import type { Accounts } from './accounts.ts';

/** Who may log in, as `users` says at the moment. Who is logged in stays logged in. */
export class LiveAccounts implements Accounts {
  readonly #create: (users: Config['users']) => Accounts;
  #users: Config['users'];
  #current: Accounts;

  constructor(users: Config['users'], create: (users: Config['users']) => Accounts) {
    this.#create = create;
    this.#users = users;
    this.#current = create(users);
  }

  /** Nothing happens when they are the same. */
  usersChanged(users: Config['users']): void {
    if (users === this.#users) return;
    const before = this.#current;
    this.#users = users;
    this.#current = this.#create(users);
    before.close();
  }

  find(user: string): Promise<KnownAccount | undefined> {
    return this.#current.find(user);
  }

  check(user: string, password: Password): Promise<boolean> {
    return this.#current.check(user, password);
  }

  refused(user: string): void {
    this.#current.refused(user);
  }

  close(): void {
    this.#current.close();
  }
}

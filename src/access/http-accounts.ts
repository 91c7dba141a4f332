import { LockstepError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import { isPasswordHash, isTokenHash } from '../config/http-access-checks.ts';
import type { Role } from '../config/role.ts';
import { checkPassword, hashPassword } from './password-hash.ts';
import { digestOf } from './secret-digest.ts';

export interface HttpAccount {
  readonly name: string;
  readonly role: Role;
}

interface User extends HttpAccount {
  /** A promise where the configuration has the password itself. */
  readonly hash: Promise<string>;
}

const checksMax = 2;
const waitingMax = 20;

/** Who may use the HTTP side, as the configuration says. */
export class HttpAccounts {
  readonly #users: ReadonlyMap<string, User>;
  readonly #tokens: ReadonlyMap<string, HttpAccount>;
  /** Somebody's, so that a name that nobody has takes as long as a wrong password. */
  readonly #nobody: Promise<string>;
  /** Each check takes 32 MB and a core for a while. */
  #checking = 0;
  readonly #waiting: (() => void)[] = [];

  constructor({ users, tokens }: Pick<Config['http'], 'users' | 'tokens'>) {
    this.#users = new Map(
      users.map(({ name, role, password }) => [name, { name, role, hash: hashOf(password) }]),
    );
    this.#tokens = new Map(
      tokens.map(({ name, role, token }) => [
        isTokenHash(token) ? token.slice('sha256:'.length) : digestOf(token),
        { name, role },
      ]),
    );
    this.#nobody = [...this.#users.values()][0]?.hash ?? Promise.resolve('');
  }

  /** Nobody is known, so whoever reaches the port may do everything. */
  get open(): boolean {
    return this.#users.size === 0 && this.#tokens.size === 0;
  }

  ofToken(token: string): HttpAccount | undefined {
    return this.#tokens.get(digestOf(token));
  }

  /** Still as it was when the login was. */
  has({ name, role }: HttpAccount): boolean {
    const accounts = [...this.#users.values(), ...this.#tokens.values()];
    return accounts.some((one) => one.name === name && one.role === role);
  }

  /** Undefined when there is no such user, or the password is wrong. */
  async ofPassword(name: string, password: string): Promise<HttpAccount | undefined> {
    const user = this.#users.get(name);
    await this.#takeTurn();
    try {
      const right = await checkPassword(password, await (user?.hash ?? this.#nobody));
      return user && right ? { name: user.name, role: user.role } : undefined;
    } finally {
      this.#checking -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #takeTurn(): Promise<void> {
    if (this.#checking >= checksMax) {
      if (this.#waiting.length >= waitingMax) {
        throw new LockstepError('queue_full', 'too many logins are tried at once');
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#checking += 1;
  }
}

const hashOf = (written: string): Promise<string> =>
  isPasswordHash(written) ? Promise.resolve(written) : hashPassword(written);

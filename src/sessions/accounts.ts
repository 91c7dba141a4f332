import type { Seq } from '../base/brands.ts';
import { noSeq } from '../base/brands.ts';
import type { UserConfig } from '../config/config.ts';
import type { KnownAccount } from '../protocol/auth/known-account.ts';
import type { Password } from '../protocol/auth/password.ts';

/** Who may log in. */
export interface Accounts {
  /** What is known of a user; undefined when there is none of this name. */
  find(user: string): Promise<KnownAccount | undefined>;
  /** Whether the nodes let the user in with it. Throws no_node, or a node's other refusal. */
  check(user: string, password: Password): Promise<boolean>;
  /** A node has refused the user, with the password that was right before. */
  refused(user: string): void;
  close(): void;
}

/** The users that the configuration names, each with its password. */
export class ConfiguredAccounts implements Accounts {
  readonly #passwords: ReadonlyMap<string, string>;

  constructor(users: readonly UserConfig[]) {
    this.#passwords = new Map(users.map(({ name, password }) => [name, password]));
  }

  find(user: string): Promise<KnownAccount | undefined> {
    const password = this.#passwords.get(user);
    return Promise.resolve(
      password === undefined ? undefined : { kind: 'password', password, trust: 'final' },
    );
  }

  /** No password but the configured one is ever asked about. */
  check(): Promise<boolean> {
    return Promise.resolve(false);
  }

  refused(): void {}

  close(): void {}
}

/** Whether accounts or their rights were changed through us, and the last entry that did it. */
export class AccountChanges {
  #version = 0;
  #seq: Seq = noSeq;

  /** Grows with every change: what was known, or opened, under another one is outdated. */
  get version(): number {
    return this.#version;
  }

  /** A node that has less in it may not know an account that logs in now. */
  get seq(): Seq {
    return this.#seq;
  }

  changed(seq: Seq): void {
    this.#version++;
    if (seq > this.#seq) this.#seq = seq;
  }
}

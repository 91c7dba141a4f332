import type { Clock } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import { ControlConnection } from '../nodes/control-connection.ts';
import { isDenied, NodeRefusedError } from '../nodes/client-handshake.ts';
import type { Node } from '../nodes/node.ts';
import { queryRows } from '../nodes/query-rows.ts';
import type { KnownAccount } from '../protocol/auth/known-account.ts';
import { nativePassword } from '../protocol/auth/native-password.ts';
import type { Password } from '../protocol/auth/password.ts';
import type { Replicator } from '../replication/replicator.ts';
import { quoteString } from '../sql/quote.ts';
import { AccountChanges, type Accounts, ConfiguredAccounts } from './accounts.ts';
import { LiveAccounts } from './live-accounts.ts';
import { MarkerRights } from './marker-rights.ts';
import type { SessionContext } from './session-context.ts';

interface NodeAccountsOptions {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly replicator: Pick<Replicator, 'leadership'>;
  readonly accountChanges: AccountChanges;
  readonly clock: Clock;
}

interface Verified {
  readonly password: Password;
  readonly atMs: number;
}

/** A password that was right this long ago is asked about again. */
const confirmAfterMs = 60_000;
const verifiedMax = 10_000;
const lookupTimeoutMs = 10_000;

/**
 * `users: from_nodes`: whoever has an account on the nodes, with the password it has there. What a
 * client shows is tried on a node; what was right is remembered until a node refuses it, and asked
 * about again when accounts were changed through us or it is a minute old.
 */
class NodeAccounts implements Accounts {
  readonly #options: NodeAccountsOptions;
  readonly #control: ControlConnection;
  readonly #verified = new Map<string, Verified>();
  #version = 0;

  constructor(options: NodeAccountsOptions) {
    this.#options = options;
    this.#control = new ControlConnection(() => {
      const [node] = this.#candidates();
      if (!node) throw noNode();
      return { node: node.name, open: () => node.openControl() };
    });
  }

  async find(user: string): Promise<KnownAccount> {
    const verified = this.#known(user);
    if (typeof verified?.password === 'string' && verified.password !== '') {
      const { password } = verified;
      return { kind: 'password', password, trust: this.#isOld(verified) ? 'confirm' : 'earlier' };
    }
    const rows = await this.#rowsOf(user);
    const native = rows.filter((row) => row['plugin'] === nativePassword);
    if (native.length > 0) {
      return { kind: 'native_hashes', doubleSha1s: native.flatMap((row) => hashOf(row['hash'])) };
    }
    // Nobody shall learn from how we ask whether there is an account of this name.
    const [node] = this.#candidates();
    return rows.length === 0 && node?.facts?.flavor === 'mariadb'
      ? { kind: 'native_hashes', doubleSha1s: [] }
      : { kind: 'ask' };
  }

  async #rowsOf(user: string): ReturnType<typeof queryRows> {
    const control = await this.#control.get();
    const sql =
      'SELECT plugin, HEX(authentication_string) AS hash FROM mysql.user ' +
      `WHERE User = ${quoteString(user)} AND plugin <> ''`;
    try {
      return await queryRows(control, sql, { timeoutMs: lookupTimeoutMs });
    } catch (cause) {
      // What the nodes say of our own rights is for the operator, not for whoever comes.
      throw new LockstepError('no_node', 'the accounts of the nodes cannot be read', { cause });
    }
  }

  async check(user: string, password: Password): Promise<boolean> {
    const { accountChanges, clock } = this.#options;
    const known = this.#known(user);
    if (known && !this.#isOld(known) && isSame(known.password, password)) return true;
    const { version } = accountChanges;
    const accepted = await this.#tryOnNode(user, password);
    if (!accepted) {
      if (known && isSame(known.password, password)) this.#verified.delete(user);
      return false;
    }
    if (version === accountChanges.version) {
      this.#verified.delete(user);
      this.#verified.set(user, { password, atMs: clock.nowMs() });
      const [oldest] = this.#verified.keys();
      if (this.#verified.size > verifiedMax && oldest !== undefined) this.#verified.delete(oldest);
    }
    return true;
  }

  refused(user: string): void {
    this.#verified.delete(user);
  }

  close(): void {
    this.#control.close();
  }

  #known(user: string): Verified | undefined {
    const { version } = this.#options.accountChanges;
    if (this.#version !== version) {
      // Not forgotten: who has a password still, and no TLS, could not give it again.
      for (const [name, { password }] of this.#verified) {
        this.#verified.set(name, { password, atMs: -Infinity });
      }
    }
    this.#version = version;
    return this.#verified.get(user);
  }

  #isOld({ atMs }: Verified): boolean {
    return this.#options.clock.nowMs() - atMs > confirmAfterMs;
  }

  /** The leader first: it is the first to know of a change. */
  #candidates(): Node[] {
    const { nodes, replicator } = this.#options;
    const leader = replicator.leadership?.name;
    const up = [...nodes.values()].filter(({ state }) => state === 'UP');
    return up.toSorted((a, b) => Number(b.name === leader) - Number(a.name === leader));
  }

  async #tryOnNode(user: string, password: Password): Promise<boolean> {
    for (const node of this.#candidates()) {
      try {
        const connection = await node.openAs(user, password);
        connection.end();
        return true;
      } catch (error) {
        if (!(error instanceof NodeRefusedError)) continue;
        if (isDenied(error)) return false;
        throw error;
      }
    }
    throw noNode();
  }
}

/** The part of the sessions' context that is about accounts, as `users` says. */
export function accountsOf(
  users: Config['users'],
  options: Omit<NodeAccountsOptions, 'accountChanges'>,
): Pick<SessionContext, 'accountChanges' | 'markerRights'> & { readonly accounts: LiveAccounts } {
  const accountChanges = new AccountChanges();
  const accounts = new LiveAccounts(users, (now) =>
    now === 'from_nodes'
      ? new NodeAccounts({ ...options, accountChanges })
      : new ConfiguredAccounts(now),
  );
  return { accounts, accountChanges, markerRights: new MarkerRights(accountChanges) };
}

const noNode = (): LockstepError =>
  new LockstepError('no_node', 'no node is up that could be asked about the account');

const isSame = (left: Password, right: Password): boolean =>
  typeof left === 'string' || typeof right === 'string'
    ? left === right
    : left.sha1.equals(right.sha1);

/** `*` and forty hexadecimal digits, or nothing for an empty password. Anything else is no hash. */
function hashOf(storedHex: string | null | undefined): Buffer[] {
  const stored = Buffer.from(storedHex ?? '', 'hex').toString('latin1');
  if (stored === '') return [Buffer.alloc(0)];
  return /^\*[0-9A-F]{40}$/i.test(stored) ? [Buffer.from(stored.slice(1), 'hex')] : [];
}

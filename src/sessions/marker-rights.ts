import type { Leadership } from '../replication/replicator.ts';
import { grantMarkerRights } from '../replication/shell/node-markers.ts';
import type { AccountChanges } from './accounts.ts';
import type { SessionCore } from './session-core.ts';

/**
 * Whose account may write, on the leader of now, the marker row that is part of its transaction.
 * A DROP USER, REVOKE or the like may have taken that right away, so it is given anew then.
 */
export class MarkerRights {
  readonly #changes: AccountChanges;
  readonly #users = new Set<string>();
  #leadership: Leadership | undefined;
  #version = 0;

  constructor(changes: AccountChanges) {
    this.#changes = changes;
  }

  has({ account }: SessionCore, leadership: Leadership): boolean {
    const { version } = this.#changes;
    if (this.#leadership !== leadership || this.#version !== version) this.#users.clear();
    this.#leadership = leadership;
    this.#version = version;
    return this.#users.has(account.user);
  }

  /** To be called behind the write gate, where no DDL is under way. */
  async grant({ context, account }: SessionCore, leadership: Leadership): Promise<void> {
    const { version } = this.#changes;
    const node = context.nodes.get(leadership.name);
    const control = await node?.openControl();
    if (!control) return;
    try {
      await grantMarkerRights(control, [account.user]);
    } finally {
      control.end();
    }
    if (this.#leadership === leadership && this.#version === version) {
      this.#users.add(account.user);
    }
  }
}

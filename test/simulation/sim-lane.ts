import type { Seq } from '../../src/base/brands.ts';
import type { NodeConnection } from '../../src/nodes/node-connection.ts';
import { queryRows } from '../../src/nodes/query-rows.ts';
import type { LeaderCommit, LeaderTransaction } from '../../src/replication/leader-transaction.ts';
import { markerStatement } from '../../src/replication/shell/node-markers.ts';
import type { SimConnection } from './sim-connection.ts';

export type LaneAnswer =
  | { readonly kind: 'ok'; readonly affectedRows: number }
  | { readonly kind: 'error'; readonly errno: number };

const deadlock = 1213;

/** A transaction on a connection to the leader, as the sessions' `LeaderLane` is one. */
export class SimLane implements LeaderTransaction {
  readonly connection: SimConnection;
  #begun = false;

  constructor(connection: SimConnection) {
    this.connection = connection;
  }

  get alive(): boolean {
    return this.connection.lost === undefined;
  }

  /** BEGIN goes with the first statement. Rejects when the connection is lost. */
  async run(sql: string): Promise<LaneAnswer> {
    const packet = this.#begun ? sql : `BEGIN;${sql}`;
    this.#begun = true;
    const answer = (await this.connection.query(packet)).at(-1);
    if (answer?.kind === 'ok') return { kind: 'ok', affectedRows: Number(answer.ok.affectedRows) };
    const errno = answer?.kind === 'err' ? answer.error.errno : 0;
    if (errno === deadlock) this.#begun = false;
    return { kind: 'error', errno };
  }

  async commit(seq: Seq): Promise<LeaderCommit> {
    try {
      await this.#ask(`${markerStatement(seq)};COMMIT`, 60_000);
      return { kind: 'confirmed' };
    } catch (error) {
      this.connection.destroy(new Error('COMMIT failed'));
      return { kind: 'unknown', reason: String(error) };
    }
  }

  async rollback(): Promise<void> {
    if (!this.#begun || this.connection.lost) return;
    try {
      await this.#ask('ROLLBACK', 30_000);
    } catch {
      this.connection.destroy(new Error('ROLLBACK failed'));
    }
  }

  async #ask(sql: string, timeoutMs: number): Promise<void> {
    await queryRows(this.connection as unknown as NodeConnection, sql, { timeoutMs });
  }
}

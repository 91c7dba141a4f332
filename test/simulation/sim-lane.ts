import type { Seq } from '../../src/base/brands.ts';
import type { NodeConnection } from '../../src/nodes/node-connection.ts';
import { queryRows } from '../../src/nodes/query-rows.ts';
import type { LeaderCommit, LeaderTransaction } from '../../src/replication/leader-transaction.ts';
import { markerStatement } from '../../src/replication/shell/node-markers.ts';
import type { TextResult } from '../../src/protocol/result-set.ts';
import type { SimConnection } from './sim-connection.ts';

export type LaneAnswer =
  | { readonly kind: 'ok'; readonly affectedRows: number }
  | { readonly kind: 'error'; readonly errno: number; readonly message: string };

/** Told of a COMMIT when it is sent, and again with its end. */
export type OnLaneCommit = (seq: Seq, outcome?: LeaderCommit) => void;

export const deadlock = 1213;

/** A transaction on a connection to the leader, as the sessions' `LeaderLane` is one. */
export class SimLane implements LeaderTransaction {
  readonly connection: SimConnection;
  readonly #begin: string;
  readonly #onCommit: OnLaneCommit;
  #begun = false;

  constructor(
    connection: SimConnection,
    options: { serializable?: boolean; onCommit?: OnLaneCommit } = {},
  ) {
    this.connection = connection;
    this.#begin = options.serializable ? 'BEGIN SERIALIZABLE' : 'BEGIN';
    this.#onCommit = options.onCommit ?? (() => undefined);
  }

  get alive(): boolean {
    return this.connection.lost === undefined;
  }

  /** BEGIN goes with the first statement. Rejects when the connection is lost. */
  async run(sql: string): Promise<LaneAnswer> {
    const answer = await this.#send(sql);
    if (answer?.kind === 'ok') return { kind: 'ok', affectedRows: Number(answer.ok.affectedRows) };
    const { errno, message } = answer?.kind === 'err' ? answer.error : { errno: 0, message: '' };
    return { kind: 'error', errno, message };
  }

  /** Everything, as this transaction sees it; undefined after an error. */
  async read(): Promise<ReadonlyMap<string, string> | undefined> {
    const answer = await this.#send('READ');
    if (answer?.kind !== 'rows') return undefined;
    return new Map(answer.rows.map(([key, value]) => [key ?? '', value ?? '']));
  }

  async #send(sql: string): Promise<TextResult | undefined> {
    const packet = this.#begun ? sql : `${this.#begin};${sql}`;
    this.#begun = true;
    const answer = (await this.connection.query(packet)).at(-1);
    // The server has rolled it back.
    if (answer?.kind === 'err' && answer.error.errno === deadlock) this.#begun = false;
    return answer;
  }

  async commit(seq: Seq): Promise<LeaderCommit> {
    this.#onCommit(seq);
    const outcome = await this.#commit(seq);
    this.#onCommit(seq, outcome);
    return outcome;
  }

  async #commit(seq: Seq): Promise<LeaderCommit> {
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

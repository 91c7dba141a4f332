import type { NodeConnection } from '../nodes/node-connection.ts';
import { queryRows } from '../nodes/query-rows.ts';
import type { SessionChange } from '../protocol/session-change.ts';
import type { SessionCore } from './session-core.ts';
import { isTracked, trackingOf } from './tracking.ts';
import { TransactionTracker } from './transaction-tracker.ts';
import type { WriteRequest } from './write-request.ts';

/**
 * What a client with SESSION_TRACK is told of its session in the next OK packet. Lockstep tells it
 * by itself: the nodes' connections serve many sessions, and are asked for no tracking.
 */
export class SessionTracker {
  readonly #core: SessionCore;
  readonly #transaction = new TransactionTracker();
  readonly #variables = new Map<string, string>();
  #schema: string | undefined;
  #stateChanged = false;
  #toldStateChange = false;

  constructor(core: SessionCore) {
    this.#core = core;
  }

  /** A statement is about to run. */
  begin(write: WriteRequest): void {
    if (trackingOf(this.#core).transaction === 'off') return;
    this.#transaction.begin(this.#core, write);
  }

  usedSchema(schema: string): void {
    this.#schema = schema;
    this.#stateChanged = true;
  }

  /** Something of the session changed that has no name. */
  changed(): void {
    this.#stateChanged = true;
  }

  /** `value` as SHOW VARIABLES prints it. */
  set(name: string, value: string): void {
    this.#stateChanged = true;
    if (isTracked(trackingOf(this.#core), name)) this.#variables.set(name, value);
  }

  /** These have been set on the connection; a value told is told also if it is the same. */
  async setOn(connection: NodeConnection, names: Iterable<string>): Promise<void> {
    this.#stateChanged = true;
    const tracking = trackingOf(this.#core);
    const unknown: string[] = [];
    for (const name of names) {
      if (!isTracked(tracking, name)) continue;
      const text = this.#textOf(name);
      if (text === undefined) unknown.push(name);
      else this.#variables.set(name, text);
    }
    if (unknown.length === 0) return;
    // SELECT gives 1 where a client is told ON.
    const rows = await queryRows(
      connection,
      `SHOW SESSION VARIABLES WHERE Variable_name IN ('${unknown.join("','")}')`,
      { latin1: true },
    );
    for (const row of rows) {
      this.#variables.set(row['Variable_name'] ?? '', row['Value'] ?? '');
    }
  }

  /** The next OK packet may have something to tell. */
  get pending(): boolean {
    return this.#stateChanged || this.#schema !== undefined || this.#variables.size > 0;
  }

  /** What the OK packet about to be sent has to tell, once. */
  take(): readonly SessionChange[] {
    const tracking = trackingOf(this.#core);
    const changes: SessionChange[] = [];
    for (const name of [...this.#variables.keys()].toSorted()) {
      const value = this.#variables.get(name) ?? '';
      changes.push({ kind: 'system_variable', name, value });
    }
    if (this.#schema !== undefined && tracking.schema) {
      changes.push({ kind: 'schema', name: this.#schema });
    }
    // MySQL does not tell that this itself was asked for.
    const tells = this.#core.lexMode.flavor === 'mariadb' || this.#toldStateChange;
    if (this.#stateChanged && tracking.stateChange && tells) {
      changes.push({ kind: 'state_change', changed: true });
    }
    this.#toldStateChange = tracking.stateChange;
    this.#variables.clear();
    this.#schema = undefined;
    this.#stateChanged = false;
    changes.push(...this.#transaction.take(this.#core, tracking.transaction));
    return changes;
  }

  /** What the session carries, where that is a text; undefined where only a server can tell. */
  #textOf(name: string): string | undefined {
    const { settings } = this.#core.state.carried;
    if (name === 'character_set_connection') {
      const collation = settings.get('collation_connection');
      return collation && /^'([a-z0-9]+)/.exec(collation)?.[1];
    }
    return /^'([\w+:./-]*)'$/.exec(settings.get(name) ?? '')?.[1];
  }
}

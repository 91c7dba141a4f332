import type { SessionChange } from '../protocol/session-change.ts';
import type { Statement, TableName } from '../sql/statement.ts';
import type { SessionCore } from './session-core.ts';
import type { Tracking } from './tracking.ts';
import type { Characteristics } from './transaction-characteristics.ts';
import type { WriteRequest } from './write-request.ts';

const none = '________';
const locked = '_______L';

/**
 * What `session_track_transaction_info` asks for: what an open transaction has done so far, and
 * the statements that would begin one like it.
 * Source: MySQL `sql/session_tracker.cc`, Transaction_state_tracker; seen on both servers.
 */
export class TransactionTracker {
  /** T: begun by the client, I: by a statement without autocommit. */
  #begun: 'T' | 'I' = 'I';
  /** Of what it has done: R, W, S. */
  readonly #done = new Set<string>();
  #start = '';
  #chained = false;
  /** What the client was told last; undefined while it is told nothing. */
  #toldState: string | undefined;
  #toldStart: string | undefined;

  /** A statement is about to run. */
  begin(core: SessionCore, { statement, sql }: Pick<WriteRequest, 'statement' | 'sql'>): void {
    const { kind, chain } = statement;
    if (kind === 'begin') {
      this.#begun = 'T';
      this.#done.clear();
      if (statement.consistentSnapshot) this.#done.add('R');
      this.#start = `${onceOf(core, false)} ${startOf(core, statement)}`.trim();
      return;
    }
    if (kind === 'commit' || kind === 'rollback') {
      this.#done.clear();
      this.#chained = chain;
      if (chain) this.#begun = 'T';
      this.#start = chain ? 'START TRANSACTION;' : '';
      return;
    }
    if (!core.transaction) {
      this.#begun = 'I';
      this.#done.clear();
      this.#start = '';
    }
    this.#note(statement, sql);
  }

  /** What has changed since the client was told. */
  take(core: SessionCore, level: Tracking['transaction']): SessionChange[] {
    if (level === 'off') {
      this.#toldState = undefined;
      this.#toldStart = undefined;
      return [];
    }
    const changes: SessionChange[] = [];
    const state = this.#state(core);
    // MariaDB tells it as soon as it is asked to, MySQL when there is something to tell.
    const before = this.#toldState ?? (core.lexMode.flavor === 'mysql' ? none : undefined);
    if (state !== before) changes.push({ kind: 'transaction_state', state });
    this.#toldState = state;
    if (level === 'characteristics') {
      const statements = core.transaction ? this.#start : onceOf(core, true);
      if (statements !== this.#toldStart || this.#chained) {
        changes.push({ kind: 'transaction_characteristics', statements });
      }
      this.#toldStart = statements;
    } else this.#toldStart = undefined;
    this.#chained = false;
    return changes;
  }

  /** A table that is locked for writing counts as written. */
  #note({ kind, tables, writtenTables, locking, insertSelect }: Statement, sql: string): void {
    const forUpdate = locking && /\bFOR\s+UPDATE\b/i.test(sql);
    const isWritten = (table: TableName): boolean =>
      forUpdate || writtenTables.some((one) => one.name === table.name);
    if (insertSelect || tables.some((table) => !isWritten(table))) this.#done.add('R');
    if (tables.some(isWritten)) this.#done.add('W');
    if (kind === 'read' || kind === 'show_session') this.#done.add('S');
  }

  #state(core: SessionCore): string {
    if (!core.transaction) return core.tableLock ? locked : none;
    const did = (letter: string): string => (this.#done.has(letter) ? letter : '_');
    return `${this.#begun}_${did('R')}_${did('W')}_${did('S')}_`;
  }
}

/** What SET TRANSACTION has asked of the next transaction. */
const askedOf = ({ transaction, characteristics }: SessionCore): Characteristics =>
  transaction ? {} : characteristics;

function onceOf(core: SessionCore, whole: boolean): string {
  const { level, access } = askedOf(core);
  const parts: string[] = [];
  if (level !== undefined) parts.push(`SET TRANSACTION ISOLATION LEVEL ${level};`);
  if (whole && access !== undefined) parts.push(`SET TRANSACTION ${access};`);
  return parts.join(' ');
}

function startOf(core: SessionCore, statement: Statement): string {
  const snapshot = statement.consistentSnapshot ? ['WITH CONSISTENT SNAPSHOT'] : [];
  const access = statement.readOnly ? 'READ ONLY' : askedOf(core).access;
  const how = [...snapshot, ...(access === undefined ? [] : [access])].join(', ');
  return `START TRANSACTION${how === '' ? '' : ` ${how}`};`;
}

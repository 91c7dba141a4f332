import { decodeErr } from '../protocol/err-packet.ts';
import type { BulkPart } from '../sql/bulk-text.ts';
import type { Statement } from '../sql/statement.ts';
import type { Condition } from './ask-conditions.ts';
import { warningsOf } from './diagnostics.ts';
import type { HeldReply } from './held-reply.ts';
import { madeReply } from './made-reply.ts';
import type { SessionCore } from './session-core.ts';

/** As many as a server keeps (max_error_count, unless it is set otherwise). */
const conditionsMax = 64;

/** The answers to the statements of a bulk execution, as the one answer that a server gives. */
export class BulkAnswer {
  readonly #core: SessionCore;
  readonly #statement: Statement;
  readonly #lastInsertId: string;
  #rows: HeldReply | undefined;
  #affected = 0n;
  #insertId = 0n;
  /** LAST_INSERT_ID() after the first part that generated an id. */
  #generated: string | undefined;
  #statusFlags = 0;
  #warnings = 0;
  #conditions: Condition[] = [];
  #records = 0;
  #duplicates = 0;
  /** What the latest part told. */
  #lastInfo = '';

  constructor(core: SessionCore, statement: Statement) {
    this.#core = core;
    this.#statement = statement;
    this.#lastInsertId = core.lastInsertId;
  }

  /** Takes the answer to one part; returns the whole answer if it ends in that one's error. */
  async add(reply: HeldReply, part: BulkPart): Promise<HeldReply | undefined> {
    if (reply.error) return this.#failed(reply, part);
    if (this.#rows) this.#rows.append(reply);
    else if (!reply.ok) this.#rows = reply;
    const { ok } = reply;
    const warnings = reply.end ? warningsOf(reply.end) : 0;
    this.#warnings += warnings;
    if (warnings > 0) await this.#collect(part);
    if (this.#inserts) this.#noteInsert(reply, part);
    if (!ok) return undefined;
    this.#affected += BigInt(ok.affectedRows);
    this.#statusFlags = ok.statusFlags;
    this.#lastInfo = ok.info;
    // Of an INSERT the first id counts, of an UPDATE that of the row that came last.
    if (!this.#inserts || this.#insertId === 0n) this.#insertId = ok.lastInsertId;
    return undefined;
  }

  /** All parts have succeeded. */
  end(): HeldReply {
    const { diagnostics } = this.#core;
    if (this.#generated !== undefined) this.#core.lastInsertId = this.#generated;
    if (this.#inserts && !this.#rows) diagnostics.noteRowCount(this.#affected);
    if (this.#rows) return this.#rows;
    return madeReply({
      ok: {
        affectedRows: this.#affected,
        lastInsertId: this.#insertId,
        statusFlags: this.#statusFlags,
        warnings: this.#warnings,
        info: this.#info(),
        sessionChanges: [],
      },
    });
  }

  /** For who asks for warnings next; behind whatever else is sent to the node. */
  raise(): void {
    if (this.#conditions.length === 0) return;
    const { diagnostics } = this.#core;
    diagnostics.drop();
    for (const condition of this.#conditions) diagnostics.raise(condition);
  }

  get #inserts(): boolean {
    return this.#statement.verb === 'INSERT' || this.#statement.verb === 'REPLACE';
  }

  /**
   * MariaDB says of both numbers of an UPDATE in bulk what the OK packet says, and nothing when no
   * row can meet the condition of the last (seen on 10.11).
   */
  #info(): string {
    const warnings = `Warnings: ${this.#warnings}`;
    if (this.#inserts) {
      return `Records: ${this.#records}  Duplicates: ${this.#duplicates}  ${warnings}`;
    }
    if (this.#statement.verb !== 'UPDATE' || this.#lastInfo === '') return '';
    return `Rows matched: ${this.#affected}  Changed: ${this.#affected}  ${warnings}`;
  }

  #noteInsert({ ok }: HeldReply, { rows }: BulkPart): void {
    const { lastInsertId } = this.#core;
    if (lastInsertId !== this.#lastInsertId) this.#generated ??= lastInsertId;
    const counts = /^Records: (\d+)  Duplicates: (\d+)/.exec(ok?.info ?? '');
    this.#records += counts ? Number(counts[1]) : rows;
    if (counts) this.#duplicates += Number(counts[2]);
    // Of a single row only the number of affected ones is told.
    else if (ok && this.#statement.ignore) this.#duplicates += Number(ok.affectedRows === 0);
    else if (ok) this.#duplicates += Math.max(0, Number(ok.affectedRows) - 1);
  }

  #failed(reply: HeldReply, part: BulkPart): HeldReply {
    if (this.#inserts) this.#core.lastInsertId = this.#lastInsertId;
    this.#conditions = [];
    const told = this.#toldOf(reply, part);
    if (!this.#rows) return told;
    this.#rows.append(told);
    return this.#rows;
  }

  /** Of a column that an INSERT does not name it is said once, whatever rows that has. */
  #toldBefore({ code, message }: Condition): boolean {
    const { insertColumns } = this.#statement;
    if (!this.#inserts || code !== noDefault || !insertColumns) return false;
    const named = insertColumns.some((name) => message.includes(`'${name}'`));
    return !named && this.#conditions.some((one) => one.code === code && one.message === message);
  }

  #toldOf(reply: HeldReply, part: BulkPart): HeldReply {
    if (!reply.end || !this.#inserts || part.before === 0) return reply;
    const err = decodeErr(reply.end.payload);
    return madeReply({ err: { ...err, message: atRow(err.message, part) } });
  }

  async #collect(part: BulkPart): Promise<void> {
    for (const condition of await this.#core.diagnostics.conditions()) {
      if (this.#toldBefore(condition)) {
        this.#warnings -= 1;
        continue;
      }
      if (this.#conditions.length >= conditionsMax) return;
      const { message } = condition;
      const shown = this.#inserts ? atRow(message, part) : message;
      this.#conditions.push({ ...condition, message: shown });
    }
  }
}

/** ER_NO_DEFAULT_FOR_FIELD */
const noDefault = 1364;

/** Rows are counted through the whole of an INSERT. */
const atRow = (message: string, { before }: BulkPart): string =>
  message.replace(/ at row (\d+)$/, (_, row: string) => ` at row ${Number(row) + before}`);

import type { NodeName } from '../base/brands.ts';
import type { Statement } from '../sql/statement.ts';
import type { ObservedStatement } from '../telemetry/observed-statement.ts';
import { digestOf } from '../telemetry/query-digests.ts';
import type { Trace } from '../telemetry/tracing/trace.ts';
import type { Answer } from './answer.ts';
import { beginTrace } from './begin-trace.ts';
import { errorPacket } from './error-packet.ts';
import type { Route, SessionCore } from './session-core.ts';
import { nameText, shownText } from './shown-text.ts';
import type { WriteRequest } from './write-request.ts';

/**
 * Times each statement of a session and has it counted, however it ends. One object for all of
 * them, whose fields change, so that a statement allocates nothing here.
 */
export class StatementWatch implements ObservedStatement {
  normalised = '';
  kind = '';
  way: ObservedStatement['way'] = 'other';
  node: NodeName | undefined;
  durationMs = 0;
  rows = 0;
  failed = false;
  readonly #core: SessionCore;
  #statement: Statement | undefined;
  #sql = '';
  #route: Route | undefined;
  #startedMs = 0;

  constructor(core: SessionCore) {
    this.#core = core;
  }

  begin(
    write: Pick<WriteRequest, 'statement' | 'sql' | 'attributes'>,
    nowMs = this.#core.context.clock.nowMs(),
  ): void {
    const core = this.#core;
    const { tracer } = core.context;
    this.#statement = write.statement;
    this.#sql = write.sql;
    this.#route = core.route;
    this.#startedMs = nowMs;
    if (tracer) core.running.trace = beginTrace(core, tracer, write);
  }

  /** An EXECUTE is counted as what it executes. */
  means(statement: Statement, sql: string): void {
    this.#statement = statement;
    this.#sql = sql;
  }

  /** The client has this answer; it may answer a command that is about no statement. */
  end(answer: Answer): void {
    if (!this.#statement) return;
    switch (answer.kind) {
      case 'streamed':
        return this.endStreamed(answer.rows, answer.errno);
      case 'held': {
        const { ok, end, error } = answer.reply;
        return this.#record(ok ? Number(ok.affectedRows) : (end?.rows ?? 0), error?.errno, true);
      }
      case 'rows':
        return this.#record(answer.result.rows.length, undefined, true);
      case 'ok':
        return this.#record(Number(answer.ok?.affectedRows ?? 0), undefined, true);
    }
  }

  /** The client has been sent so many rows, or the error. */
  endStreamed(rows: number, errno: number | undefined, nowMs?: number): void {
    this.#record(rows, errno, true, nowMs);
  }

  /** The command ends in an error that was no node's answer. */
  fail(error: unknown): void {
    if (this.#statement) this.#record(0, errorPacket(error).errno, false);
  }

  #record(
    rows: number,
    errno: number | undefined,
    answered: boolean,
    nowMs = this.#core.context.clock.nowMs(),
  ): void {
    const core = this.#core;
    const statement = this.#statement;
    if (!statement) return;
    this.#statement = undefined;
    const { counters, statistics } = core.context;
    const route = core.route === this.#route ? undefined : core.route;
    const node = route?.node ?? core.transaction?.node.name;
    this.normalised = statement.normalised;
    this.kind = statement.kind;
    this.node = node;
    this.durationMs = nowMs - this.#startedMs;
    this.rows = rows;
    this.failed = errno !== undefined;
    this.way = route?.seq !== undefined ? 'write' : statement.kind === 'read' ? 'read' : 'other';
    if (node !== undefined && answered) {
      if (this.way === 'read') counters.node(node).reads += 1;
      if (this.failed) counters.node(node).serverErrors += 1;
    }
    if (statistics.record(this, nowMs)) this.#recordSlow(statement, errno);
    if (core.running.trace) this.#endTrace(core.running.trace, route, errno);
    // It may be long, and the session idle for hours.
    this.#sql = '';
  }

  #endTrace(trace: Trace, route: Route | undefined, errno: number | undefined): void {
    this.#core.running.trace = undefined;
    const outcome = {
      'lockstep.node': this.node,
      'lockstep.seq': route?.seq,
      'db.response.returned_rows': this.rows,
      'db.response.status_code': errno === undefined ? undefined : String(errno),
    };
    trace.end(outcome, errno === undefined ? undefined : `error ${errno}`);
  }

  #recordSlow(statement: Statement, errno: number | undefined): void {
    const core = this.#core;
    const { normalised, node, durationMs, rows } = this;
    core.context.statistics.recordSlow({
      sql: shownText(core, statement, this.#sql),
      digest: digestOf(normalised),
      schema: nameText(core.state.schema),
      user: core.account.user,
      host: core.host,
      ...(node === undefined ? {} : { node }),
      ...{ durationMs, rows },
      ...(errno === undefined ? {} : { errno }),
    });
  }
}

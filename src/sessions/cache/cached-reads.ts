import type { NodeName } from '../../base/brands.ts';
import { connectionKindKey } from '../../nodes/connection-pool.ts';
import type { Node } from '../../nodes/node.ts';
import type { Terminal } from '../../protocol/response-sink.ts';
import type { Statement } from '../../sql/statement.ts';
import { warningsOf } from '../diagnostics.ts';
import { holdsNothing } from '../holds-nothing.ts';
import type { Route, SessionCore } from '../session-core.ts';
import type { CarriedState } from '../session-state.ts';
import { AnswerCopy } from './answer-copy.ts';
import type { Audience, CachedAnswer, Fill } from './result-cache.ts';
import type { Shelf } from './answer-store.ts';

/** Where an answer is from that no node was asked for. */
export const fromCache: Route = { node: 'cache' as NodeName };

/** A session whose state takes more to tell apart shares with nobody. */
const stateBytesMax = 16 * 1024;

/** What a read is known by; `binary` where its rows are those of a prepared statement. */
export interface ReadKey {
  readonly sql: string;
  /** Undefined for the text of the statement itself. */
  readonly execution: string | undefined;
}

/** An answer that is to be kept when it has come. */
export interface Keeping {
  readonly copy: AnswerCopy;
  readonly fill: Fill;
}

/**
 * The reads of one session that may be answered from what is kept, or kept. Only a session that
 * holds nothing asks: whatever could make its answer another one is part of its audience.
 */
export class CachedReads {
  readonly #core: SessionCore;
  /** Undefined also while nothing is kept for sessions such as this one. */
  #audience: Audience | undefined;
  /** Of what the audience is that of, and when. */
  #carried: CarriedState | undefined;
  #account: SessionCore['account'] | undefined;
  #generation = -1;
  /** Of which nothing is kept, as long as the audience is the same. */
  #unkept = new WeakSet<Statement>();
  /** The read that was not found just now. */
  #missed: ReadKey | undefined;

  constructor(core: SessionCore) {
    this.#core = core;
  }

  /** The next read begins, which may be one that does not ask. */
  begin(): void {
    this.#missed = undefined;
  }

  /** Sends the answer; false when a node is to be asked. */
  answer(read: ReadKey): boolean {
    const { sql, execution } = read;
    const core = this.#core;
    const { cache } = core.context;
    if (!cache.open || !core.running.mayStart || !holdsNothing(core)) return false;
    if (core.tracker?.pending === true) return false;
    const audience = this.#audienceNow();
    const answer = audience && cache.find(shelfOf(audience, read), execution ?? sql);
    if (!answer || (answer.asksNull && core.lastInsertId !== '0')) {
      this.#missed = read;
      return false;
    }
    cache.wasHit();
    this.#give(answer, sql);
    return true;
  }

  #give({ bytes, end, statement, shows }: CachedAnswer, sql: string): void {
    const core = this.#core;
    core.diagnostics.begin(statement, core.lexMode.flavor);
    core.route = fromCache;
    core.watch.begin({ statement, sql });
    core.diagnostics.note(end, undefined);
    core.horizon.told(shows);
    core.tracker?.take();
    if (!core.client.destroyed) core.client.write(bytes);
    core.watch.endStreamed(end.rows, undefined);
  }

  /** The read that was not found is about to be sent to the node. */
  keeping(statement: Statement, sql: string, node: Node): Keeping | undefined {
    const core = this.#core;
    const missed = this.#missed;
    this.#missed = undefined;
    const { cache, replicator, config } = core.context;
    if (!missed || this.#generation !== cache.generation) return undefined;
    if (this.#unkept.has(statement)) return undefined;
    const audience = (this.#audience ??= this.#newAudience(statement, sql));
    if (!audience) {
      this.#unkept.add(statement);
      return undefined;
    }
    const plan = cache.plan(audience, statement, sql);
    if (plan.kind !== 'kept') return undefined;
    cache.wasMissed();
    if (plan.asksNull && core.lastInsertId !== '0') return undefined;
    const seq = replicator.position(node.name);
    if (seq === undefined || !readsAsUsual(core, node)) return undefined;
    const { generation } = audience;
    const [shelf, key] = [shelfOf(audience, missed), missed.execution ?? missed.sql];
    const fill = { shelf, key, statement, plan, seq, generation };
    return { fill, copy: new AnswerCopy(config.cache.answerBytes) };
  }

  /** The answer has been sent. */
  keep({ fill, copy }: Keeping, end: Terminal | undefined): void {
    const rows = end?.type === 'eof' || end?.type === 'result_end_ok';
    if (!end || !rows || !end.last || end.resultIndex > 0 || warningsOf(end) > 0) return;
    const bytes = copy.take();
    if (bytes) this.#core.context.cache.keep(fill, bytes, end);
  }

  #audienceNow(): Audience | undefined {
    const { state, account, context } = this.#core;
    const { carried } = state;
    const { cache } = context;
    const same = this.#carried === carried && this.#account === account;
    if (same && this.#generation === cache.generation) return this.#audience;
    this.#carried = carried;
    this.#account = account;
    this.#generation = cache.generation;
    this.#unkept = new WeakSet();
    const key = this.#key;
    this.#audience = key === undefined ? undefined : cache.audience(key);
    return this.#audience;
  }

  #newAudience(statement: Statement, sql: string): Audience | undefined {
    const { state, account, context } = this.#core;
    const key = this.#key;
    if (key === undefined) return undefined;
    const who = { user: account.user, schema: state.carried.schema };
    return context.cache.audienceFor(key, who, { statement, sql });
  }

  get #key(): string | undefined {
    const { state, account } = this.#core;
    const { key } = state.carried;
    return key.length > stateBytesMax ? undefined : `${connectionKindKey(account)}\0${key}`;
  }
}

const shelfOf = (audience: Audience, { execution }: ReadKey): Shelf<CachedAnswer> =>
  execution === undefined ? audience.answers : audience.executions;

/** Character sets in which a byte of an ASCII character is never part of another one. */
const plainCharset = /^'?(?:utf8(?:mb[34])?|latin1|ascii|binary)'?$/i;
const soundLevel = /^'?(?:READ[- ]COMMITTED|REPEATABLE[- ]READ|SERIALIZABLE)'?$/i;

/** Nothing that the session or the server has set makes the read another one than it looks. */
function readsAsUsual({ state }: SessionCore, { facts }: Node): boolean {
  if (!facts) return false;
  const { settings } = state.carried;
  const valueOf = (name: string): string =>
    settings.get(name) ?? facts.defaults.get(name) ?? facts.characterSets.get(name) ?? '';
  const level =
    settings.get('transaction_isolation') ?? settings.get('tx_isolation') ?? facts.isolation.level;
  return (
    soundLevel.test(level) &&
    plainCharset.test(valueOf('character_set_client')) &&
    !/ORACLE/i.test(valueOf('sql_mode')) &&
    !settings.has('profiling')
  );
}

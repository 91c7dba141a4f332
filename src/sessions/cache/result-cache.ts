import type { Seq } from '../../base/brands.ts';
import type { Clock } from '../../base/clock.ts';
import type { Config } from '../../config/config.ts';
import type { TableCatalogue } from '../../nodes/table-catalogue.ts';
import type { Terminal } from '../../protocol/response-sink.ts';
import type { TableChange, TableChanges } from '../../replication/table-changes.ts';
import type { Statement } from '../../sql/statement.ts';
import type { CacheMetrics } from '../../telemetry/cache-metrics.ts';
import { AnswerStore, type Shelf } from './answer-store.ts';
import { CacheRules, type Keeping } from './cache-rules.ts';
import { readTables } from './read-tables.ts';
import { WriteReach } from './written-tables.ts';

/** An answer as a client gets it, and what it was read from. */
export interface CachedAnswer {
  readonly bytes: Buffer;
  readonly end: Terminal;
  readonly statement: Statement;
  readonly tables: readonly TableChange[];
  /** It shows everything up to this entry, and of its tables nothing behind it. */
  readonly seq: Seq;
  /** The last entry of which it shows anything. */
  readonly shows: Seq;
  readonly asksNull: boolean;
  /** On the clock. */
  readonly goodUntilMs: number;
}

/** What is known of a statement of one audience. */
export type ReadPlan =
  | ({ readonly kind: 'kept'; readonly tables: readonly TableChange[] } & Keeping & {
        readonly asksNull: boolean;
      })
  | { readonly kind: 'not_kept' }
  | { readonly kind: 'asked' };

/** Sessions to which the same text is the same read: of one account, with the same state. */
export interface Audience {
  /** By text. */
  readonly answers: Shelf<CachedAnswer>;
  /** Of prepared statements, by text and parameters. */
  readonly executions: Shelf<CachedAnswer>;
  readonly plans: WeakMap<Statement, ReadPlan>;
  readonly user: string;
  readonly schema: string;
  /** What belongs to another one was let go of. */
  readonly generation: number;
}

/** A read that is on its way, whose answer is to be kept. */
export interface Fill {
  readonly shelf: Shelf<CachedAnswer>;
  readonly key: string;
  readonly generation: number;
  readonly statement: Statement;
  readonly plan: Extract<ReadPlan, { kind: 'kept' }>;
  /** The node had all up to here before it was asked. */
  readonly seq: Seq;
}

export interface CacheFigures extends CacheMetrics {
  readonly bytesMax: number;
}

export interface ResultCacheOptions {
  readonly config: Pick<Config, 'cache'>;
  readonly clock: Clock;
  readonly catalogue: TableCatalogue;
  readonly changes: TableChanges;
}

const audiencesMax = 1000;
const tablesMax = 10_000;
/** What an answer takes besides its bytes and the text it is known by. */
const overheadBytes = 512;

/**
 * Answers that are given again as long as no entry of the log has changed a table that they were
 * read from. What cannot be told apart so finely lets go of all: a definition, an account or a
 * setting that changes, a node whose data is in doubt.
 */
export class ResultCache {
  /** What writes change. */
  readonly reach: WriteReach;
  readonly #options: ResultCacheOptions;
  readonly #store = new AnswerStore<CachedAnswer>();
  readonly #audiences = new Map<string, Audience>();
  #rules: CacheRules;
  #bytesMax: number;
  #held = 0;
  #generation = 0;
  #hits = 0;
  #misses = 0;
  #fills = 0;
  #invalidations = 0;

  constructor(options: ResultCacheOptions) {
    this.#options = options;
    this.reach = new WriteReach(options.catalogue);
    const { bytes, rules } = options.config.cache;
    this.#bytesMax = bytes;
    this.#rules = new CacheRules(rules);
  }

  /** Answers may be kept: it is to be known what writes change. */
  get on(): boolean {
    return this.#bytesMax > 0;
  }

  /** It gives and takes answers now. */
  get open(): boolean {
    return this.#bytesMax > 0 && this.#held === 0;
  }

  get generation(): number {
    return this.#generation;
  }

  get figures(): CacheFigures {
    const { bytes, count: answers, evictions } = this.#store;
    return {
      ...{ bytes, bytesMax: this.#bytesMax, answers, evictions },
      ...{ hits: this.#hits, misses: this.#misses },
      ...{ fills: this.#fills, invalidations: this.#invalidations },
    };
  }

  /** Undefined where nothing was kept for such sessions yet. */
  audience(key: string): Audience | undefined {
    const known = this.#audiences.get(key);
    if (!known) return undefined;
    // The one that nobody has joined for the longest is the first to go.
    this.#audiences.delete(key);
    this.#audiences.set(key, known);
    return known;
  }

  /** For a read that may be kept; undefined for any other. */
  audienceFor(
    key: string,
    who: Pick<Audience, 'user' | 'schema'>,
    { statement, sql }: { readonly statement: Statement; readonly sql: string },
  ): Audience | undefined {
    const known = this.#audiences.get(key);
    if (known || !this.#keepingOf(who, statement, sql)) return known;
    if (this.#audiences.size >= audiencesMax) this.#forgetOldestAudience();
    const { user, schema } = who;
    const generation = this.#generation;
    const shelves = { answers: new Map(), executions: new Map() };
    const audience = { ...shelves, plans: new WeakMap(), user, schema, generation };
    this.#audiences.set(key, audience);
    return audience;
  }

  /** Its answers go; sessions that have it go on with it, and share it with no new ones. */
  #forgetOldestAudience(): void {
    for (const [key, { answers, executions }] of this.#audiences) {
      this.#audiences.delete(key);
      this.#store.removeAll(answers);
      this.#store.removeAll(executions);
      return;
    }
  }

  #keepingOf(
    { user, schema }: Pick<Audience, 'user' | 'schema'>,
    { tables, repeatable }: Statement,
    sql: string,
  ): Keeping | undefined {
    return repeatable ? this.#rules.keeping({ sql, tables, schema, user }) : undefined;
  }

  /** An answer that is as good as a node's would be now. */
  find(shelf: Shelf<CachedAnswer>, key: string): CachedAnswer | undefined {
    const answer = this.#store.get(shelf, key);
    if (!answer) return undefined;
    const { seq, tables, goodUntilMs } = answer;
    const { changes, clock } = this.#options;
    const good = goodUntilMs === Number.POSITIVE_INFINITY || clock.nowMs() < goodUntilMs;
    if (good && changes.unchangedSince(seq, tables)) return answer;
    this.#store.remove(shelf, key);
    this.#invalidations += 1;
    return undefined;
  }

  wasHit(): void {
    this.#hits += 1;
  }

  /** Whether the read is kept; when that is not known, it is found out for the next time. */
  plan(audience: Audience, statement: Statement, sql: string): ReadPlan {
    const known = audience.plans.get(statement);
    if (known) return known;
    const keeping = this.#keepingOf(audience, statement, sql);
    const plan: ReadPlan = keeping ? { kind: 'asked' } : { kind: 'not_kept' };
    audience.plans.set(statement, plan);
    if (keeping) void this.#ask(audience, statement, keeping);
    return plan;
  }

  async #ask(audience: Audience, statement: Statement, keeping: Keeping): Promise<void> {
    const { catalogue, changes } = this.#options;
    const { version } = catalogue;
    try {
      const found = await readTables(catalogue, statement, audience.schema);
      // Else it belongs to what was let go of.
      if (audience.generation !== this.#generation || version !== catalogue.version) return;
      const fits = found && changes.size + found.tables.size <= tablesMax;
      const { asksNull } = found ?? { asksNull: false };
      const tables = fits ? [...found.tables].map((key) => changes.table(key)) : [];
      const plan: ReadPlan = fits
        ? { kind: 'kept', tables, asksNull, ...keeping }
        : { kind: 'not_kept' };
      audience.plans.set(statement, plan);
    } catch {
      // The leader cannot tell now.
      audience.plans.delete(statement);
    }
  }

  wasMissed(): void {
    this.#misses += 1;
  }

  /** The answer has come, without warnings. */
  keep(fill: Fill, bytes: Buffer, end: Terminal): void {
    const { shelf, key, generation, statement, plan, seq } = fill;
    const { tables, asksNull, maxAgeMs } = plan;
    const { changes, clock } = this.#options;
    if (!this.open || generation !== this.#generation) return;
    if (!changes.unchangedSince(seq, tables)) return;
    let shows = changes.any;
    for (const { changed } of tables) if (changed > shows) shows = changed;
    const goodUntilMs = clock.nowMs() + maxAgeMs;
    const raw = bytes.subarray(bytes.length - end.raw.length);
    const payload = raw.subarray(raw.length - end.payload.length);
    const own = { ...end, raw, payload };
    const value = { bytes, end: own, statement, tables, seq, shows, asksNull, goodUntilMs };
    const size = bytes.length + key.length + overheadBytes;
    this.#store.put(shelf, key, { value, bytes: size }, this.#bytesMax);
    this.#fills += 1;
  }

  /** Lets go of every answer, also of those on their way. */
  clear(): void {
    this.#generation += 1;
    this.#audiences.clear();
    this.#store.clear();
    this.#options.changes.forget();
  }

  /** Nothing is kept or given until what is returned is called. */
  hold(): () => void {
    this.#held += 1;
    this.clear();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#held -= 1;
      this.clear();
    };
  }

  /** `cache` may be another one. */
  settingsChanged(): void {
    const { bytes, rules } = this.#options.config.cache;
    this.#bytesMax = bytes;
    this.#rules = new CacheRules(rules);
    this.clear();
  }
}

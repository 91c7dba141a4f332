import type { Clock, Timer } from '../base/clock.ts';
import type { ConnectionKind, Wanted } from './connection-pool.ts';
import type { NodeConnection } from './node-connection.ts';
import { PipelineWidth } from './pipeline-width.ts';
import { type PipelineOwner, ReadPipeline } from './read-pipeline.ts';

/** So many looks that are late tell as much as one that is not. */
const lateLooks = 10;
/** Where all wait, one that takes so many times as long as the others is slow. */
const slowFactor = 10;
/** Where some wait at fewer looks in a row they soon have one, without one being closed. */
const pressedLooksMin = 5;

/** One that is kept for reads, and for which none comes, is given back. */
const keptMs = 2;
/** After one could not be opened. */
const openRetryMs = 5000;

const none: readonly ReadPipeline[] = [];

export interface Patience {
  /** A read that has not ended between two looks so far apart takes long. */
  readonly lookEveryMs: number;
  /** So long nobody shares after somebody was held up. */
  readonly restMs: number;
}

const usualPatience: Patience = { lookEveryMs: 20, restMs: 100 };

export interface ReadPipelinesOptions {
  readonly clock: Clock;
  readonly patience?: Patience | undefined;
  /** How many connections of one account and state are shared at most; default: as usual. */
  readonly widthMax?: number | undefined;
  /** How many reads may be under way on one connection; asked at each. */
  readonly depthMax: () => number;
  /** Others are in need of a connection. */
  readonly pressed: () => boolean;
  /** `Wanted.key` of who has waited for one for longest. */
  readonly firstWaiting: () => string | undefined;
  readonly hasIdle: (wanted: Pick<Wanted, 'kind' | 'fits'>) => boolean;
  /** Opens one more that nobody has taken, if there may be one. Rejects if that fails. */
  readonly openIdle: (kind: ConnectionKind) => Promise<void>;
  readonly give: (connection: NodeConnection) => void;
  /** Ends a connection with what runs on it. */
  readonly kill: (connection: NodeConnection) => Promise<void>;
}

/**
 * The connections to a node on which reads of several sessions are under way at once, each sent
 * without waiting for the answers of those in front. Many queries and many answers then pass in
 * one call of the system. Only reads that are known to be quick and can be asked again may be sent
 * so: when one takes long nevertheless, those behind it are asked elsewhere.
 */
export class ReadPipelines {
  readonly #options: ReadPipelinesOptions;
  readonly #patience: Patience;
  readonly #width: PipelineWidth;
  /** By key; one that none is left of stays until the next look. */
  readonly #shared = new Map<string, ReadPipeline[]>();
  readonly #owner: PipelineOwner = {
    onIdle: (pipeline) => this.#giveBack(pipeline),
    kill: ({ connection }) => void this.#options.kill(connection).catch(() => {}),
    // Most of it is quick, and costs less than another connection.
    onLeft: (pipeline) => {
      const usualMs = Math.max(2 * this.#waitMs, this.#patience.lookEveryMs);
      const withinMs = Math.min(usualMs, lateLooks * this.#patience.lookEveryMs);
      this.#options.clock.after(withinMs, () => pipeline.endUnwanted());
    },
  };
  #begun = 0;
  /** Since the last look something was done to have one more that can be shared. */
  #widened = false;
  #opening = false;
  #openAgainMs = 0;
  #pressedLooks = 0;
  #timer: Timer | undefined;
  #lookedMs = 0;
  #restsUntilMs: number | undefined;
  /** What a read waits for its answer, on average. */
  #waitMs = 0;
  /** Of connections that were given back since the last look. */
  #answered = 0;

  constructor(options: ReadPipelinesOptions) {
    this.#options = options;
    this.#patience = options.patience ?? usualPatience;
    this.#width = new PipelineWidth(options.widthMax);
  }

  /**
   * Where one more read can be sent now: of as many shared connections as there are to be, the one
   * with the fewest, or one that `take` gives. Undefined: it goes alone, be it to make one ready
   * for others to share.
   */
  join(
    { key, kind, fits }: Pick<Wanted, 'key' | 'kind' | 'fits'>,
    usable: (connection: NodeConnection) => boolean,
    take: () => NodeConnection | undefined,
  ): ReadPipeline | undefined {
    if (this.#rests()) return undefined;
    const depthMax = this.#options.depthMax();
    if (depthMax <= 1) return undefined;
    const shared = this.#shared.get(key) ?? none;
    const width = this.#width.now;
    let best: ReadPipeline | undefined;
    let count = 0;
    for (const pipeline of shared) {
      // Those that are more than it has to be now end, but for what the others have no room for.
      count += 1;
      if (best && count > width) break;
      if (pipeline.depth >= depthMax || pipeline.closed || pipeline.connection.lost) continue;
      if (best && best.depth <= pipeline.depth) continue;
      if (usable(pipeline.connection)) best = pipeline;
    }
    if (best?.depth === 0 || shared.length >= (best ? width : this.#width.max)) return best;
    const connection = take();
    if (connection) return this.#begin(key, connection);
    if (!best || this.#widened) return best;
    this.#widened = true;
    if (this.#options.hasIdle({ kind, fits })) return undefined;
    void this.#openIdle(kind);
    return best;
  }

  /** One more read could be sent on a connection that is shared already. */
  hasRoom({ key }: Pick<Wanted, 'key'>, usable: (connection: NodeConnection) => boolean): boolean {
    if (this.#rests()) return false;
    const depthMax = this.#options.depthMax();
    for (const { depth, closed, connection } of this.#shared.get(key) ?? []) {
      if (depth >= depthMax || closed || connection.lost) continue;
      if (usable(connection)) return true;
    }
    return false;
  }

  /**
   * Keeps a connection, on which nothing is under way, for reads to come: where others wait for
   * connections, none would ever be free to be shared. False: it is to be given back.
   */
  keep({ key, stateKey }: Pick<Wanted, 'key' | 'stateKey'>, connection: NodeConnection): boolean {
    // Whoever is next in line needs it, unless it is one of those who could share it.
    if (this.#options.firstWaiting() !== key) return false;
    if (this.#rests() || this.#options.depthMax() <= 1) return false;
    // Warnings that somebody may ask for lie on it.
    if (connection.readLeft || connection.stateKey !== stateKey) return false;
    const shared = this.#shared.get(key) ?? none;
    const open = shared.filter((one) => !one.closed && !one.connection.lost);
    if (open.length >= this.#width.now) return false;
    const pipeline = this.#begin(key, connection);
    this.#options.clock.after(keptMs, () => {
      const unused = pipeline.depth === 0 && this.#shared.get(key)?.includes(pipeline) === true;
      if (unused) this.#giveBack(pipeline);
    });
    return true;
  }

  async #openIdle(kind: ConnectionKind): Promise<void> {
    const { clock } = this.#options;
    if (this.#opening || clock.nowMs() < this.#openAgainMs) return;
    this.#opening = true;
    try {
      await this.#options.openIdle(kind);
    } catch {
      this.#openAgainMs = clock.nowMs() + openRetryMs;
    } finally {
      this.#opening = false;
    }
  }

  #rests(): boolean {
    if (this.#restsUntilMs === undefined) return false;
    if (this.#options.clock.nowMs() < this.#restsUntilMs) return true;
    this.#restsUntilMs = undefined;
    return false;
  }

  #begin(key: string, connection: NodeConnection): ReadPipeline {
    const pipeline = new ReadPipeline(connection, key, this.#owner);
    this.#begun += 1;
    pipeline.number = this.#begun;
    const shared = this.#shared.get(key);
    if (shared) shared.push(pipeline);
    else this.#shared.set(key, [pipeline]);
    if (!this.#timer) {
      this.#waitMs = 0;
      this.#answered = 0;
      this.#lookAgain(this.#options.clock.nowMs());
    }
    return pipeline;
  }

  #giveBack(pipeline: ReadPipeline): void {
    this.#unshare(pipeline);
    this.#options.give(pipeline.connection);
  }

  #unshare(pipeline: ReadPipeline): void {
    const shared = this.#shared.get(pipeline.key);
    const index = shared?.indexOf(pipeline) ?? -1;
    if (!shared || index < 0) return;
    this.#answered += pipeline.look();
    shared.splice(index, 1);
  }

  /** As they are now, whatever becomes of them meanwhile. */
  #all(): ReadPipeline[] {
    return [...this.#shared.values()].flat();
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    this.#widened = false;
    const nowMs = this.#options.clock.nowMs();
    // A look that is so late says little: it was this process that had no time.
    const late = nowMs - this.#lookedMs >= 2 * this.#patience.lookEveryMs;
    this.#noteWait(nowMs - this.#lookedMs);
    const looks = late ? lateLooks : this.#looksNeeded();
    for (const pipeline of this.#all()) {
      // It was kept, and nobody came.
      if (pipeline.depth === 0) this.#giveBack(pipeline);
      if (pipeline.depth === 0 || pipeline.stalls < looks) continue;
      this.#unshare(pipeline);
      this.#restsUntilMs = nowMs + this.#patience.restMs;
      this.#width.disturb();
      pipeline.leaveAlone();
    }
    this.#pressedLooks = this.#options.pressed() ? this.#pressedLooks + 1 : 0;
    if (this.#pressedLooks >= pressedLooksMin) this.#closeOne();
    for (const [key, shared] of this.#shared) if (shared.length === 0) this.#shared.delete(key);
    this.#lookAgain(nowMs);
  };

  /** There may always be one more read for it, and whoever needs it would wait for ever. */
  #closeOne(): void {
    let oldest: ReadPipeline | undefined;
    for (const pipeline of this.#all()) {
      if (pipeline.closed || (oldest && oldest.number < pipeline.number)) continue;
      oldest = pipeline;
    }
    if (oldest) oldest.closed = true;
  }

  /** By how many wait and how many are answered in so much time (Little's law). */
  #noteWait(elapsedMs: number): void {
    let answered = this.#answered;
    let waiting = 0;
    let stalled = 0;
    this.#answered = 0;
    for (const pipeline of this.#all()) {
      answered += pipeline.look();
      waiting += pipeline.depth;
      // What waits behind a slow one tells nothing of the others.
      if (pipeline.stalls > 0) stalled += pipeline.depth;
    }
    if (answered > 0) this.#waitMs = ((waiting - stalled) * elapsedMs) / answered;
    this.#width.look({ answered, waiting, elapsedMs });
  }

  /** Where every read waits for long, because there are so many, one that waits is not slow. */
  #looksNeeded(): number {
    const looks = Math.ceil((slowFactor * this.#waitMs) / this.#patience.lookEveryMs);
    return Math.min(Math.max(looks, 1), lateLooks);
  }

  #lookAgain(nowMs: number): void {
    if (this.#shared.size === 0) this.#pressedLooks = 0;
    if (this.#shared.size === 0 || this.#timer) return;
    this.#lookedMs = nowMs;
    this.#timer = this.#options.clock.after(this.#patience.lookEveryMs, this.#look);
  }
}

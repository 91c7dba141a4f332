import type { Clock, Timer } from '../base/clock.ts';
import type { Terminal } from '../protocol/response-scanner.ts';
import { connectionKindKey, type Wanted } from './connection-pool.ts';
import type { NodeConnection, NodeResponseSink } from './node-connection.ts';

/** A read that may share its connection with others. Its answer is dropped once it is abandoned. */
export interface PipelinedRead extends NodeResponseSink {
  /** Nobody waits for it any more. */
  readonly abandoned: boolean;
  onEnd(): void;
  /** One in front of it takes long: it is to be asked elsewhere. Nothing of it has come. */
  onHeldUp(): void;
  /** It takes long itself, and is alone from now on. */
  onSlow(): void;
}

/** What is left of a read that is asked elsewhere now. */
const nobody: PipelinedRead = {
  abandoned: true,
  onData() {},
  onTerminal() {},
  onLocalInfile() {},
  onLost() {},
  onEnd() {},
  onHeldUp() {},
  onSlow() {},
};

/** One connection while reads of several sessions are under way on it. */
export class ReadPipeline implements NodeResponseSink {
  readonly connection: NodeConnection;
  readonly #reads: PipelinedRead[] = [];
  readonly #onIdle: (pipeline: ReadPipeline) => void;
  readonly #kill: () => void;
  readonly #onLeft: (pipeline: ReadPipeline) => void;
  /** How many were answered, and the same when `stalls` was last asked. */
  #answered = 0;
  #answeredBefore = -1;
  /** How often in a row they were the same. */
  #stalled = 0;
  #alone = false;
  #left = false;

  constructor(options: {
    connection: NodeConnection;
    /** Nothing is under way on it any more. */
    onIdle: (pipeline: ReadPipeline) => void;
    /** Ends the connection with what runs on it. */
    kill: () => void;
    /** Only what was asked elsewhere is still to come. */
    onLeft: (pipeline: ReadPipeline) => void;
  }) {
    this.connection = options.connection;
    this.#onIdle = options.onIdle;
    this.#kill = options.kill;
    this.#onLeft = options.onLeft;
  }

  get depth(): number {
    return this.#reads.length;
  }

  /** Leaves with what else is sent before the event loop turns. */
  send(packet: Buffer, read: PipelinedRead): void {
    this.#reads.push(read);
    this.connection.sendSoon(packet, 'query', this);
  }

  /** How often in a row the read in front was the same as when this was last asked. */
  stalls(): number {
    this.#stalled = this.#answered === this.#answeredBefore ? this.#stalled + 1 : 0;
    this.#answeredBefore = this.#answered;
    return this.#stalled;
  }

  /** Sends those behind the first elsewhere. */
  leaveAlone(): void {
    this.#alone = true;
    const [slow, ...others] = this.#reads;
    this.#reads.splice(1, others.length, ...others.map(() => nobody));
    slow?.onSlow();
    for (const read of others) read.onHeldUp();
    this.endUnwanted();
  }

  /** Ends what runs when it is alone and nobody waits for it, and what was left behind it. */
  endUnwanted(): void {
    if (this.#alone && this.#reads[0]?.abandoned === true) this.#kill();
  }

  onData(bytes: Buffer): void {
    this.#first.onData(bytes);
  }

  onDefinitionsEnd(raw: Buffer): void {
    const first = this.#first;
    if (first.onDefinitionsEnd) first.onDefinitionsEnd(raw);
    else first.onData(raw);
  }

  onTerminal(terminal: Terminal): void {
    this.#first.onTerminal(terminal);
  }

  onLocalInfile(raw: Buffer, name: string): void {
    this.#first.onLocalInfile(raw, name);
  }

  onEnd(): void {
    this.#answered += 1;
    this.#reads.shift()?.onEnd();
    // It may have brought the next one at once.
    if (this.#reads.length === 0) this.#onIdle(this);
    else if (this.#alone && !this.#left) {
      this.#left = true;
      this.#onLeft(this);
    }
  }

  onLost(error: Error): void {
    this.#reads.shift()?.onLost(error);
    if (this.#reads.length === 0) this.#onIdle(this);
  }

  get #first(): PipelinedRead {
    return this.#reads[0] ?? nobody;
  }
}

/** So many looks that are late tell as much as one that is not. */
const lateLooks = 10;
/** So many connections a node and state are shared: its server works on as many reads at once. */
const connectionsMax = 4;

export interface Patience {
  /** A read that has not ended between two looks so far apart takes long. */
  readonly lookEveryMs: number;
  /** So long nobody shares after somebody was held up. */
  readonly restMs: number;
}

const usualPatience: Patience = { lookEveryMs: 20, restMs: 500 };

export interface ReadPipelinesOptions {
  readonly clock: Clock;
  readonly patience?: Patience | undefined;
  /** How many reads may be under way on one connection; asked at each. */
  readonly depthMax: () => number;
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
  readonly #shared = new Map<string, ReadPipeline[]>();
  /** Of those that are shared. */
  readonly #keys = new Map<ReadPipeline, string>();
  #timer: Timer | undefined;
  #lookedMs = 0;
  #restsUntilMs: number | undefined;

  constructor(options: ReadPipelinesOptions) {
    this.#options = options;
    this.#patience = options.patience ?? usualPatience;
  }

  /**
   * Where one more read can be sent now: the shared connection with the fewest, or one that `take`
   * gives. Undefined: it needs one for itself.
   */
  join(
    { kind, stateKey }: Pick<Wanted, 'kind' | 'stateKey'>,
    usable: (connection: NodeConnection) => boolean,
    take: () => NodeConnection | undefined,
  ): ReadPipeline | undefined {
    if (this.#rests) return undefined;
    const depthMax = this.#options.depthMax();
    if (depthMax <= 1) return undefined;
    const key = `${connectionKindKey(kind)} ${stateKey}`;
    const shared = this.#shared.get(key);
    if (!shared || shared.length < connectionsMax) {
      const connection = take();
      if (connection) return this.#begin(key, connection);
      if (!shared) return undefined;
    }
    let best: ReadPipeline | undefined;
    for (const pipeline of shared) {
      if (pipeline.depth >= depthMax || (best && best.depth <= pipeline.depth)) continue;
      if (usable(pipeline.connection)) best = pipeline;
    }
    return best;
  }

  get #rests(): boolean {
    if (this.#restsUntilMs === undefined) return false;
    if (this.#options.clock.nowMs() < this.#restsUntilMs) return true;
    this.#restsUntilMs = undefined;
    return false;
  }

  #begin(key: string, connection: NodeConnection): ReadPipeline {
    const { clock, kill } = this.#options;
    const pipeline: ReadPipeline = new ReadPipeline({
      connection,
      onIdle: this.#onIdle,
      kill: () => void kill(connection).catch(() => {}),
      // Most of it is quick, and costs less than another connection.
      onLeft: (left) => void clock.after(this.#patience.lookEveryMs, () => left.endUnwanted()),
    });
    const shared = this.#shared.get(key);
    if (shared) shared.push(pipeline);
    else this.#shared.set(key, [pipeline]);
    this.#keys.set(pipeline, key);
    if (!this.#timer) this.#lookAgain(this.#options.clock.nowMs());
    return pipeline;
  }

  readonly #onIdle = (pipeline: ReadPipeline): void => {
    this.#unshare(pipeline);
    this.#options.give(pipeline.connection);
  };

  #unshare(pipeline: ReadPipeline): void {
    const key = this.#keys.get(pipeline);
    if (key === undefined) return;
    this.#keys.delete(pipeline);
    const shared = this.#shared.get(key);
    if (!shared) return;
    shared.splice(shared.indexOf(pipeline), 1);
    if (shared.length === 0) this.#shared.delete(key);
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const nowMs = this.#options.clock.nowMs();
    // A look that is so late says little: it was this process that had no time.
    const late = nowMs - this.#lookedMs >= 2 * this.#patience.lookEveryMs;
    for (const pipeline of this.#keys.keys()) {
      if (pipeline.stalls() < (late ? lateLooks : 1)) continue;
      this.#unshare(pipeline);
      this.#restsUntilMs = nowMs + this.#patience.restMs;
      pipeline.leaveAlone();
    }
    this.#lookAgain(nowMs);
  };

  #lookAgain(nowMs: number): void {
    if (this.#keys.size === 0 || this.#timer) return;
    this.#lookedMs = nowMs;
    this.#timer = this.#options.clock.after(this.#patience.lookEveryMs, this.#look);
  }
}

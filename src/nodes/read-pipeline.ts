import type { Terminal } from '../protocol/response-sink.ts';
import type { WholeResult } from '../protocol/whole-result.ts';
import type { NodeConnection } from './node-connection.ts';
import type { NodeResponseSink } from './node-response-sink.ts';

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

/** Who has the pipelines of a node. */
export interface PipelineOwner {
  /** Nothing is under way on it any more. */
  onIdle(pipeline: ReadPipeline): void;
  /** Ends the connection with what runs on it. */
  kill(pipeline: ReadPipeline): void;
  /** Only what was asked elsewhere is still to come. */
  onLeft(pipeline: ReadPipeline): void;
}

/** One connection while reads of several sessions are under way on it. */
export class ReadPipeline implements NodeResponseSink {
  readonly connection: NodeConnection;
  /** `Wanted.key` of those who share it. */
  readonly key: string;
  readonly #reads: PipelinedRead[] = [];
  readonly #owner: PipelineOwner;
  /** How many were answered, and the same at the last look. */
  #answered = 0;
  #answeredBefore = 0;
  /** Less than none before the first look, which comes at any time after the first read. */
  #stalls = -1;
  #alone = false;
  #left = false;
  /** It takes no more, so that it ends. */
  closed = false;
  /** The how-manieth of its node. */
  number = 0;

  constructor(connection: NodeConnection, key: string, owner: PipelineOwner) {
    this.connection = connection;
    this.key = key;
    this.#owner = owner;
  }

  get depth(): number {
    return this.#reads.length;
  }

  /** Leaves with what else is sent before the event loop turns. */
  send(packet: Buffer, read: PipelinedRead): void {
    this.#reads.push(read);
    this.connection.sendSoon(packet, 'query', this);
  }

  /** How many were answered since this was last asked. */
  look(): number {
    const answered = this.#answered - this.#answeredBefore;
    this.#stalls = answered === 0 ? this.#stalls + 1 : 0;
    this.#answeredBefore = this.#answered;
    return answered;
  }

  /** At so many looks in a row the read in front was the same as at the one before. */
  get stalls(): number {
    return this.#stalls;
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
    if (this.#alone && this.#reads[0]?.abandoned === true) this.#owner.kill(this);
  }

  get takesWhole(): boolean {
    return this.#first().takesWhole === true;
  }

  onWhole(whole: WholeResult): void {
    this.#first().onWhole?.(whole);
  }

  onData(bytes: Buffer): void {
    this.#first().onData(bytes);
  }

  onDefinitionsEnd(raw: Buffer): void {
    const first = this.#first();
    if (first.onDefinitionsEnd) first.onDefinitionsEnd(raw);
    else first.onData(raw);
  }

  onTerminal(terminal: Terminal): void {
    this.#first().onTerminal(terminal);
  }

  onLocalInfile(raw: Buffer, name: string): void {
    this.#first().onLocalInfile(raw, name);
  }

  onEnd(): void {
    this.#answered += 1;
    this.#reads.shift()?.onEnd();
    // It may have brought the next one at once.
    if (this.#reads.length === 0) this.#owner.onIdle(this);
    else if (this.#alone && !this.#left) {
      this.#left = true;
      this.#owner.onLeft(this);
    }
  }

  onLost(error: Error): void {
    this.#reads.shift()?.onLost(error);
    if (this.#reads.length === 0) this.#owner.onIdle(this);
  }

  #first(): PipelinedRead {
    return this.#reads[0] ?? nobody;
  }
}

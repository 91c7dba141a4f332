import type { Duplex } from 'node:stream';
import type { NodeConnection } from '../nodes/node-connection.ts';
import type { NodeResponseSink } from '../nodes/node-response-sink.ts';
import { AnswerDigest } from './answer-digest.ts';
import { batchBytes, ClientBatch } from './client-batch.ts';
import type { AnswerCopy } from './cache/answer-copy.ts';
import { LockstepError } from '../base/errors.ts';
import type { MetadataFilter } from '../protocol/metadata-filter.ts';
import type { Terminal } from '../protocol/response-sink.ts';
import type { WholeResult } from '../protocol/whole-result.ts';
import {
  type ChangesOf,
  patchDefinitionsEnd,
  patchStatus,
  patchWhole,
  type VisibleStatus,
} from './status-patch.ts';

/**
 * Up to this much of an answer is held back, so that a node that dies early in it can be
 * replaced by another without the client noticing. Small answers fit whole.
 */
const heldBytesMax = 64 * 1024;

/** How a streamed answer ended. */
export type StreamOutcome =
  | {
      readonly kind: 'complete';
      readonly failed: boolean;
      readonly end: Terminal | undefined;
      /** As of a held answer; undefined unless it was asked for. */
      readonly digest: string | undefined;
    }
  /** Nothing of it has reached the client: it can be asked of another node. */
  | { readonly kind: 'lost_unseen'; readonly error: Error }
  | { readonly kind: 'lost_midway'; readonly error: Error }
  /** What was sent ahead of the statement failed, so its answer was thrown away. */
  | { readonly kind: 'invalid' };

/** Forwards a node's answer to the client as it comes, without decoding it. */
export class StreamReply implements NodeResponseSink {
  readonly takesWhole: boolean;
  readonly #status: VisibleStatus;
  readonly #changes: ChangesOf | undefined;
  readonly #valid: (() => boolean) | undefined;
  readonly #digest: AnswerDigest | undefined;
  readonly #filter: MetadataFilter | undefined;
  readonly #done: (outcome: StreamOutcome) => void;
  #client!: Duplex;
  #connection!: NodeConnection;
  #copy: AnswerCopy | undefined;
  readonly #held: Buffer[] = [];
  #heldBytes = 0;
  #forwarding = false;
  /** What comes is gathered in the batch, not held piece by piece. */
  #gathering = false;
  readonly #batch = new ClientBatch();
  #end: Terminal | undefined;
  #infile = false;
  #invalid = false;
  /** Which connection waits for the client to read. */
  #paused: NodeConnection | undefined;
  readonly #goOn = (): void => {
    const connection = this.#paused;
    if (!connection) return;
    this.#paused = undefined;
    this.#client.off('drain', this.#goOn);
    this.#client.off('close', this.#goOn);
    connection.resume();
  };

  constructor(options: {
    status: VisibleStatus;
    /** Asked when the answer ends. */
    changes: ChangesOf | undefined;
    /** Asked once, before the first byte is forwarded. */
    valid?: () => boolean;
    digest: boolean;
    /** For a client to whom results come otherwise than from the node. */
    filter: MetadataFilter | undefined;
    /** Called once, when nothing more will come. */
    done: (outcome: StreamOutcome) => void;
  }) {
    this.#done = options.done;
    this.#valid = options.valid;
    this.#status = options.status;
    this.#changes = options.changes;
    this.#filter = options.filter;
    this.takesWhole = !options.digest && !options.filter;
    if (options.digest) this.#digest = new AnswerDigest();
  }

  /**
   * The next answer of the connection is for the client, and for `copy`. The one before must be
   * done.
   */
  begin(client: Duplex, connection: NodeConnection, copy?: AnswerCopy): void {
    this.#client = client;
    this.#connection = connection;
    this.#copy = copy;
    this.#heldBytes = 0;
    this.#held.length = 0;
    this.#forwarding = false;
    this.#gathering = false;
    this.#end = undefined;
    this.#infile = false;
    this.#invalid = false;
  }

  onWhole(whole: WholeResult): void {
    this.#end = whole.end;
    this.#pass(patchWhole(whole, this.#status, this.#changes));
  }

  onData(bytes: Buffer): void {
    this.#digest?.add(bytes);
    this.#pass(this.#filter ? this.#filter.data(bytes) : bytes);
  }

  onLent(bytes: Buffer): void {
    if (this.#filter || this.#copy) return this.onData(Buffer.from(bytes));
    this.#digest?.add(bytes);
    if (this.#invalid) return;
    if (!this.#gathering) {
      this.#gathering = true;
      for (const held of this.#held.splice(0)) this.#gather(held);
    }
    this.#gather(bytes);
  }

  onDefinitionsEnd(raw: Buffer): void {
    this.#digest?.addDefinitionsEnd(raw);
    const patched = patchDefinitionsEnd(raw, this.#status);
    this.#pass(this.#filter ? this.#filter.end(patched) : patched);
  }

  onTerminal(terminal: Terminal): void {
    this.#end = terminal;
    this.#digest?.addTerminal(terminal);
    const patched = patchStatus(terminal, this.#status, this.#changes);
    this.#pass(this.#filter ? this.#filter.end(patched) : patched);
    if (!terminal.last) this.#filter?.nextResult();
  }

  /** What follows may take its time: the client is not kept from what is there. */
  onSilence(): void {
    if (this.#forwarding) this.#writeBatch();
  }

  onLocalInfile(): void {
    this.#infile = true;
    this.#connection.destroy(
      new LockstepError('unsupported', 'LOAD DATA LOCAL INFILE is not supported'),
    );
  }

  onEnd(): void {
    if (!this.#forwarding) this.#writeHeld();
    else if (this.#gathering) this.#writeBatch();
    this.#batch.clear();
    // Others use the connection from here on, whether this client reads or not.
    this.#goOn();
    const end = this.#end;
    this.#copy = undefined;
    const digest = this.#digest?.value();
    if (this.#invalid) this.#done({ kind: 'invalid' });
    else this.#done({ kind: 'complete', failed: end?.type === 'err', end, digest });
  }

  onLost(error: Error): void {
    this.#copy = undefined;
    if (this.#forwarding) this.#writeBatch();
    this.#batch.clear();
    this.#goOn();
    const unseen = !this.#forwarding && !this.#infile;
    this.#done({ kind: unseen ? 'lost_unseen' : 'lost_midway', error });
  }

  #pass(bytes: Buffer): void {
    this.#copy?.add(bytes);
    if (this.#gathering) return this.#gather(bytes);
    if (this.#forwarding) return this.#write(bytes);
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > heldBytesMax) {
      this.#forwarding = true;
      this.#writeHeld();
    }
  }

  #gather(bytes: Buffer): void {
    if (!this.#batch.add(bytes)) {
      this.#startForwarding();
      this.#writeBatch();
      if (!this.#batch.add(bytes)) {
        this.#write(bytes);
        return;
      }
    }
    if (this.#batch.bytes < batchBytes) return;
    this.#startForwarding();
    this.#writeBatch();
  }

  #startForwarding(): void {
    if (this.#forwarding) return;
    this.#forwarding = true;
    if (this.#valid?.() === false) this.#invalid = true;
  }

  #writeBatch(): void {
    if (this.#invalid || this.#client.destroyed) this.#batch.clear();
    else if (!this.#batch.writeTo(this.#client)) this.#pause();
  }

  #writeHeld(): void {
    if (this.#valid?.() === false) this.#invalid = true;
    if (this.#gathering) return this.#writeBatch();
    if (this.#held.length === 0) return;
    const [only] = this.#held;
    this.#write(this.#held.length === 1 && only ? only : Buffer.concat(this.#held));
    this.#held.length = 0;
  }

  /** A client that does not read makes us stop reading from the node. */
  #write(bytes: Buffer): void {
    if (this.#invalid || this.#client.destroyed) return;
    if (this.#client.write(bytes) || this.#client.writableLength === 0) return;
    this.#pause();
  }

  #pause(): void {
    if (this.#connection.lost || this.#paused) return;
    this.#paused = this.#connection;
    this.#connection.pause();
    this.#client.on('drain', this.#goOn);
    this.#client.on('close', this.#goOn);
  }
}

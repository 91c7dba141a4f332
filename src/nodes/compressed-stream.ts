import { Duplex } from 'node:stream';
import { asError } from '../base/as-error.ts';
import {
  type CommandBytes,
  type CompressedFrame,
  CompressedFrameReader,
  encodeFrame,
  splitCommands,
} from '../protocol/compressed-frame.ts';
import type { CompressionCodec } from './compression-codec.ts';

/** As the servers do: compressing less than this does not pay. Source: MIN_COMPRESS_LENGTH. */
const compressedBytesMin = 50;
/** So much is compressed at a time: what is held stays small, however much is written. */
const sliceBytes = 256 * 1024;
/**
 * The packets of a connection that has agreed on compression, over the stream that carries the
 * frames. Its numbers: a command begins with 0, an answer with the one after its command's last;
 * commands that are sent together each in frames of their own, because a server numbers its
 * answer by the frames it has read for it. A client's frame of another number is the last that is
 * read: `'disordered'`.
 */
export class CompressedStream extends Duplex {
  readonly #carrier: Duplex;
  readonly #side: 'asking' | 'answering';
  readonly #codec: CompressionCodec;
  readonly #frames: CompressedFrame[] = [];
  readonly #reader = new CompressedFrameReader();
  /** The number that an answer begins with, for each command received and not yet begun. */
  readonly #answerIds: number[] = [];
  /** Answers begun but not sent yet: their numbers, and behind how much of what is written. */
  readonly #answers: { readonly from: number; readonly id: number }[] = [];
  #sentBytes = 0;
  #nextId = 0;
  /** See `FileStream`. */
  inFile = false;
  #reading = false;
  #full = false;
  #disordered = false;
  #carrierEnded = false;

  /** `asking`: we send commands, each `write` whole ones; `answering`: we receive them. */
  constructor(carrier: Duplex, side: 'asking' | 'answering', codec: CompressionCodec) {
    super({ allowHalfOpen: false });
    this.#carrier = carrier;
    this.#side = side;
    this.#codec = codec;
    carrier.on('data', (chunk: Buffer) => this.#onData(chunk));
    carrier.on('error', (error) => this.destroy(error));
    carrier.on('close', () => this.#onCarrierEnd());
  }

  /** What the frames go over. */
  get carrier(): Duplex {
    return this.#carrier;
  }

  /** What is written next answers the first command that was not answered yet. */
  beginAnswer(): void {
    const id = this.#answerIds.shift();
    // What was written before may still wait to be sent.
    if (id !== undefined) this.#answers.push({ from: this.#sentBytes + this.writableLength, id });
  }

  override _read(): void {
    this.#full = false;
    if (this.#frames.length > 0) void this.#pass();
    else this.#carrier.resume();
  }

  override _write(packets: Buffer, _encoding: unknown, done: (error?: Error) => void): void {
    this.#send(packets).then(
      () => {
        this.#sentBytes += packets.length;
        done();
      },
      (error: unknown) => done(asError(error)),
    );
  }

  override _final(done: () => void): void {
    this.#carrier.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#carrier.destroy();
    done(error);
  }

  async #send(packets: Buffer): Promise<void> {
    const asking = this.#side === 'asking';
    for (let next = this.#answers[0]; next && next.from <= this.#sentBytes; ) {
      this.#nextId = next.id;
      this.#answers.shift();
      next = this.#answers[0];
    }
    const several = asking && !this.inFile;
    for (const { bytes, begins } of several ? splitCommands(packets) : [whole(packets)]) {
      // Kept here: meanwhile answers to earlier commands may come, with numbers of their own.
      let id = begins ? 0 : this.#nextId;
      for (let from = 0; from < bytes.length; from += sliceBytes) {
        const slice = bytes.subarray(from, from + sliceBytes);
        const body = slice.length < compressedBytesMin ? slice : await this.#codec.compress(slice);
        const frame =
          body.length < slice.length
            ? { plainBytes: slice.length, body }
            : { plainBytes: 0, body: slice };
        const written = this.#write(encodeFrame({ ...frame, sequenceId: id++ }));
        this.#nextId = id;
        await written;
      }
    }
  }

  /** `'drain'` comes only after a `write` that returned false. */
  #write(frame: Buffer): Promise<void> | undefined {
    const carrier = this.#carrier;
    if (carrier.write(frame) || carrier.destroyed) return undefined;
    return new Promise((resolve) => {
      const go = (): void => {
        carrier.off('drain', go);
        carrier.off('close', go);
        resolve();
      };
      carrier.on('drain', go);
      carrier.on('close', go);
    });
  }

  #onData(chunk: Buffer): void {
    if (this.#disordered) return;
    try {
      this.#frames.push(...this.#reader.push(chunk));
    } catch (error) {
      this.destroy(asError(error));
      return;
    }
    void this.#pass();
  }

  /** Inflates the frames that have come, one after the other, as long as they are taken. */
  async #pass(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      while (this.#frames.length > 0 && !this.#full && !this.destroyed) {
        if (!this.#isDue(this.#frames[0] as CompressedFrame)) {
          this.#disorder();
          break;
        }
        const frame = this.#frames.shift() as CompressedFrame;
        this.#count(frame);
        const { plainBytes, body } = frame;
        const inflated = plainBytes === 0 ? body : this.#codec.decompress(body, plainBytes);
        // Nothing more is read meanwhile.
        if (!Buffer.isBuffer(inflated)) this.#carrier.pause();
        this.#full = !this.push(Buffer.isBuffer(inflated) ? inflated : await inflated);
      }
    } catch (error) {
      this.destroy(asError(error));
    } finally {
      this.#reading = false;
    }
    if (this.#full) this.#carrier.pause();
    else if (this.#carrierEnded) this.push(null);
    else this.#carrier.resume();
  }

  /** Whether a client's frame has the number that a server waits for. */
  #isDue({ sequenceId }: CompressedFrame): boolean {
    if (this.#side === 'asking' || (sequenceId === 0 && !this.inFile)) return true;
    return sequenceId === ((this.#answerIds.at(-1) ?? this.#nextId) & 0xff);
  }

  /** Whatever comes now means nothing. It is told once what came before has been taken. */
  #disorder(): void {
    this.#disordered = true;
    this.#frames.length = 0;
    const tell = (): void => {
      if (this.readableLength > 0) return;
      this.off('data', tell);
      this.emit('disordered');
    };
    this.on('data', tell);
    tell();
  }

  /** A command may come while an answer goes out, so its number is kept until it is answered. */
  #count({ sequenceId }: CompressedFrame): void {
    const last = this.#answerIds.length - 1;
    if (this.#side === 'asking') this.#nextId = sequenceId + 1;
    else if (sequenceId === 0 && !this.inFile) this.#answerIds.push(1);
    else if (last >= 0) this.#answerIds[last] = sequenceId + 1;
    // A file that was asked for: the answer goes on behind it.
    else this.#nextId = sequenceId + 1;
  }

  #onCarrierEnd(): void {
    this.#carrierEnded = true;
    // A client that is gone hears no answer; what a node has said is still worth hearing.
    if (this.#side === 'answering') this.destroy();
    else if (!this.#reading && this.#frames.length === 0) this.push(null);
  }
}

const whole = (bytes: Buffer): CommandBytes => ({ bytes, begins: false });

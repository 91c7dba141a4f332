import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { FileStream } from '../nodes/infile.ts';
import { type AssembledPacket, isOutOfOrder, packetTooLarge } from '../protocol/command-scanner.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import { SessionBroken } from './answer.ts';

/** So much of the file is held for the one who reads it; then the client has to wait. */
const heldBytesMax = 1024 * 1024;

interface Options {
  readonly client: Duplex & Pick<FileStream, 'inFile'>;
  readonly clock: Clock;
  /** As the client has named it, a binary string. */
  readonly name: string;
  /** Of the packet that asks. */
  readonly sequenceId: number;
  /** A client that is silent for longer in the middle of its file is given up. */
  readonly timeoutMs: number;
  /** The largest packet that is taken. */
  readonly packetBytesMax: number;
}

/**
 * A file that a client is asked for: fb and its name ask, packets of its bytes follow, an empty
 * one ends it. Source: page "LOCAL INFILE Request".
 */
export class ClientFile {
  readonly #options: Options;
  #packets: Buffer[] = [];
  #heldBytes = 0;
  #sequenceId: number;
  #ended = false;
  #broken = false;
  #oversized = false;
  #wake: () => void = () => {};

  /** Asks for it. */
  constructor(options: Options) {
    this.#options = options;
    this.#sequenceId = options.sequenceId;
    const request = Buffer.from(`\xfb${options.name}`, 'latin1');
    options.client.inFile = true;
    options.client.write(encodePacket(request, options.sequenceId));
  }

  /** What the client sends belongs to it. */
  get open(): boolean {
    return !this.#ended && !this.#broken;
  }

  /** Of the answer, which follows the whole file. */
  get nextSequenceId(): number {
    return (this.#sequenceId + 1) & 0xff;
  }

  receive(packet: AssembledPacket): void {
    const { payload, sequenceId, oversized, disordered } = packet;
    if (disordered || isOutOfOrder(packet, this.nextSequenceId)) return this.abort();
    this.#sequenceId = sequenceId;
    if (oversized) this.#oversized = true;
    else if (payload.length === 0) {
      this.#ended = true;
      this.#options.client.inFile = false;
    } else {
      this.#packets.push(payload);
      this.#heldBytes += payload.length;
      if (this.#heldBytes > heldBytesMax) this.#options.client.pause();
    }
    this.#wake();
  }

  /** The client is gone, or is to go. */
  abort(): void {
    this.#broken = true;
    this.#wake();
  }

  /** The next bytes; undefined when the file has ended. */
  async next(): Promise<Buffer | undefined> {
    while (this.#packets.length === 0 && !this.#ended && !this.#broken && !this.#oversized) {
      await this.#more();
    }
    if (this.#broken) throw new SessionBroken('the client went away in the middle of its file');
    if (this.#oversized) {
      this.#oversized = false;
      throw packetTooLarge(this.#options.packetBytesMax);
    }
    const [first, second] = this.#packets;
    if (!first) return undefined;
    const bytes = second ? Buffer.concat(this.#packets) : first;
    this.#packets = [];
    if (this.#heldBytes > heldBytesMax) this.#options.client.resume();
    this.#heldBytes = 0;
    return bytes;
  }

  /** Lets go by what is left: an answer may only follow the whole file. */
  async drain(): Promise<void> {
    for (let left = true; left; ) {
      left = await this.next().then(
        (bytes) => bytes !== undefined,
        (error: unknown) => {
          if (error instanceof SessionBroken) throw error;
          return true;
        },
      );
    }
  }

  async #more(): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    const timer = clock.after(timeoutMs, () => this.abort());
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    timer.cancel();
  }
}

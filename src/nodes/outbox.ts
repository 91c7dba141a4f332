import type { Writable } from 'node:stream';
import type { Clock } from '../base/clock.ts';

/** A request of more than this takes its time on the way, at this many bytes a millisecond. */
const largeBytes = 16 * 1024;
const uploadBytesPerMs = 256;

/** What goes to a server: whole packets, together where they are sent together. */
export class Outbox {
  readonly #stream: Writable;
  readonly #clock: Clock;
  /** Packets that leave before the event loop turns. */
  readonly #soon: Buffer[] = [];
  /** Packets that leave in one flush, while they are being sent. */
  #together: Buffer[] | undefined;
  #arrivedByMs = 0;
  #closed = false;

  constructor(stream: Writable, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /** By when large requests have reached the server, in the clock's milliseconds. */
  get arrivedByMs(): number {
    return this.#arrivedByMs;
  }

  /** False: what waits to be sent is a lot. */
  write(packets: Buffer): boolean {
    if (this.#soon.length > 0) this.#writeSoon();
    if (packets.length > largeBytes) this.#note(packets.length);
    return this.#send(packets);
  }

  #send(packets: Buffer): boolean {
    if (!this.#together) return this.#stream.write(packets);
    this.#together.push(packets);
    return true;
  }

  /** As `write`, but leaves with what else is sent so before the event loop turns. */
  writeSoon(packets: Buffer): void {
    this.#soon.push(packets);
    if (this.#soon.length === 1) setImmediate(this.#writeSoon);
  }

  /** Everything that `sends` writes leaves in one flush. */
  together(sends: () => void): void {
    if (this.#together) return sends();
    const packets: Buffer[] = [];
    this.#together = packets;
    try {
      sends();
    } finally {
      this.#together = undefined;
      this.#writeAll(packets);
    }
  }

  /** Nothing more is sent. */
  close(): void {
    this.#closed = true;
    this.#soon.length = 0;
  }

  /** Small packets as one, which costs less than to have the system gather them. */
  #writeAll(packets: readonly Buffer[]): void {
    const [first] = packets;
    if (!first || this.#closed) return;
    let bytes = 0;
    for (const packet of packets) bytes += packet.length;
    if (packets.length === 1) this.#stream.write(first);
    else if (bytes <= largeBytes) this.#stream.write(Buffer.concat(packets, bytes));
    else {
      this.#stream.cork();
      for (const packet of packets) this.#stream.write(packet);
      this.#stream.uncork();
    }
  }

  #note(bytes: number): void {
    const fromMs = Math.max(this.#clock.nowMs(), this.#arrivedByMs);
    this.#arrivedByMs = fromMs + bytes / uploadBytesPerMs;
  }

  readonly #writeSoon = (): void => {
    const [first] = this.#soon;
    if (!first || this.#closed) return;
    const packets = this.#soon.length === 1 ? first : Buffer.concat(this.#soon);
    this.#soon.length = 0;
    // However many they are: each of them is small.
    this.#send(packets);
  };
}

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { readBytesMax } from '../nodes/read-buffer.ts';

/** So much is gathered before it is written. */
export const batchBytes = 64 * 1024;
/** Beside that there is room for one read more. */
const blockBytes = batchBytes + readBytesMax;
/** So many blocks that nobody uses are kept. */
const freeMax = 16;

const free: Buffer[] = [];

function giveBack(block: Buffer): void {
  if (free.length < freeMax) free.push(block);
}

/**
 * Gathers what goes to a client, so that it leaves in few calls of the system, in memory that is
 * used again and again: what is fresh costs the system a fault for each of its pages.
 */
export class ClientBatch {
  #block: Buffer | undefined;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Copies them behind what is there; false where they have no room. */
  add(bytes: Buffer): boolean {
    const end = this.#bytes + bytes.length;
    if (end > blockBytes) return false;
    this.#block ??= free.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
    bytes.copy(this.#block, this.#bytes);
    this.#bytes = end;
    return true;
  }

  /** Writes all that is there. False: the client is to read before more is written. */
  writeTo(client: Duplex): boolean {
    const block = this.#block;
    if (!block) return true;
    const bytes = block.subarray(0, this.#bytes);
    let room: boolean;
    // Other streams may keep what they say is written.
    if (client instanceof Socket) {
      this.#block = undefined;
      room = client.write(bytes, () => giveBack(block));
    } else room = client.write(Buffer.from(bytes));
    this.#bytes = 0;
    return room || client.writableLength === 0;
  }

  /** Forgets what is there. */
  clear(): void {
    if (this.#block) giveBack(this.#block);
    this.#block = undefined;
    this.#bytes = 0;
  }
}

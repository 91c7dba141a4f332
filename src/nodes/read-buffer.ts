import type { Socket } from 'node:net';

/** What one read takes at most. */
export const readBytesMax = 256 * 1024;
/** Of a socket that lends, a read that is as long is lent. */
const lentBytesMin = 8 * 1024;

/** Of all sockets: what one has read is taken before the next one reads. */
const shared = Buffer.allocUnsafeSlow(readBytesMax);
const memory = shared.buffer;

type Symbols = Readonly<Record<'kBuffer' | 'kBufferCb', symbol>>;

/** Found with the first socket; null where this Node has none of them. */
let symbols: Symbols | null | undefined;

function findSymbols(socket: Socket): Symbols | null {
  const all = Object.getOwnPropertySymbols(socket);
  const find = (name: string) => all.find(({ description }) => description === name);
  const [kBuffer, kBufferCb] = ['kBuffer', 'kBufferCb'].map(find);
  return kBuffer && kBufferCb ? { kBuffer, kBufferCb } : null;
}

interface Handle {
  useUserBuffer?: (buffer: Buffer) => void;
}

/** The reads of one socket into the buffer of all. */
export interface SharedReads {
  /**
   * Long reads are not emitted as `data` from now on, but given to `borrower` where they lie: they
   * are another's as soon as it returns.
   */
  lendTo(borrower: (bytes: Buffer) => void): void;
}

/**
 * Lets a plain socket read into one buffer that all of them share, and emit as `data` a copy that
 * is as long as what came: left to itself Node allocates 64 KiB for every read and cuts them down.
 * Memory that is used again and again is in the processor's cache, and needs no page of the system.
 *
 * It sets what the option `onread` of a socket sets (node/lib/net.js), which the sockets of a
 * server cannot be given. Where a Node keeps that elsewhere, it leaves the socket as it is and
 * returns undefined.
 */
export function readIntoSharedBuffer(socket: Socket): SharedReads | undefined {
  symbols = symbols === undefined ? findSymbols(socket) : symbols;
  const { _handle: handle } = socket as { _handle?: Handle };
  if (!symbols || typeof handle?.useUserBuffer !== 'function') return undefined;
  let borrower: ((bytes: Buffer) => void) | undefined;
  const onRead = (length: number): boolean => {
    if (borrower && length >= lentBytesMin) borrower(shared.subarray(0, length));
    else {
      const chunk = Buffer.allocUnsafe(length);
      // Faster than `copy`, which asks for the memory behind its buffer each time.
      chunk.set(new Uint8Array(memory, 0, length));
      socket.emit('data', chunk);
    }
    return true;
  };
  Object.assign(socket, { [symbols.kBuffer]: shared, [symbols.kBufferCb]: onRead });
  handle.useUserBuffer(shared);
  return {
    lendTo(to) {
      borrower = to;
    },
  };
}

import type { Socket } from 'node:net';

/** What one read takes at most; as much as Node gives a socket for each. */
const readBytesMax = 64 * 1024;
/** Behind a read that was as long, the next one likely is. */
const longBytes = readBytesMax / 2;

/** Of all sockets: what one has read is copied before the next one reads. */
const shared = Buffer.allocUnsafeSlow(readBytesMax);

type Symbols = Readonly<Record<'kBuffer' | 'kBufferCb' | 'kBufferGen', symbol>>;

/** Found with the first socket; null where this Node has none of them. */
let symbols: Symbols | null | undefined;

function findSymbols(socket: Socket): Symbols | null {
  const all = Object.getOwnPropertySymbols(socket);
  const find = (name: string) => all.find(({ description }) => description === name);
  const [kBuffer, kBufferCb, kBufferGen] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map(find);
  return kBuffer && kBufferCb && kBufferGen ? { kBuffer, kBufferCb, kBufferGen } : null;
}

interface Handle {
  useUserBuffer?: (buffer: Buffer) => void;
}

/**
 * Lets a plain socket read into one buffer that all of them share, and emit as `data` a copy that
 * is as long as what came: left to itself Node allocates 64 KiB for every read and cuts them down.
 * A long read is emitted as it is, and not copied.
 *
 * It sets what the option `onread` of a socket sets (node/lib/net.js), which the sockets of a
 * server cannot be given. Where a Node keeps that elsewhere, it leaves the socket as it is and
 * returns false.
 */
export function readIntoSharedBuffer(socket: Socket): boolean {
  symbols = symbols === undefined ? findSymbols(socket) : symbols;
  const { _handle: handle } = socket as { _handle?: Handle };
  if (!symbols || typeof handle?.useUserBuffer !== 'function') return false;
  let buffer: Buffer = shared;
  let next: Buffer | undefined;
  const onRead = (length: number): boolean => {
    const long = length >= longBytes;
    next = long ? Buffer.allocUnsafeSlow(readBytesMax) : undefined;
    if (long && buffer !== shared) socket.emit('data', buffer.subarray(0, length));
    else {
      const chunk = Buffer.allocUnsafe(length);
      buffer.copy(chunk, 0, 0, length);
      socket.emit('data', chunk);
    }
    return true;
  };
  /** Undefined: the same again. */
  const bufferOfNext = (): Buffer | undefined => {
    const wanted = next ?? shared;
    if (wanted === buffer) return undefined;
    buffer = wanted;
    return wanted;
  };
  Object.assign(socket, {
    [symbols.kBuffer]: shared,
    [symbols.kBufferCb]: onRead,
    [symbols.kBufferGen]: bufferOfNext,
  });
  handle.useUserBuffer(shared);
  return true;
}

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { readIntoSharedBuffer } from './read-buffer.ts';

/**
 * A connection without the socket around it, as it can be passed to another process
 * (`net.Native` in node/lib/internal/child_process.js).
 */
export interface SocketHandle {
  readStop(): void;
  close(): void;
  onread: () => void;
}

interface WithHandle {
  readonly _handle: SocketHandle | null;
}

/**
 * Takes the connection out of a plain TCP socket, of which nothing is left then; undefined, and
 * nothing happens, while it holds bytes of either direction, or is no such socket. What the other
 * side sends from now on stays with the system for whoever reads next.
 */
export function takeHandle(stream: Duplex): SocketHandle | undefined {
  if (!(stream instanceof Socket) || stream.constructor !== Socket) return undefined;
  if (stream.destroyed || stream.readableLength > 0 || stream.writableLength > 0) return undefined;
  if (stream.readableEnded || stream.writableEnded || stream.isPaused()) return undefined;
  const { _handle: handle } = stream as unknown as WithHandle;
  if (handle?.constructor.name !== 'TCP') return undefined;
  handle.readStop();
  handle.onread = nothing;
  Object.assign(stream, { _handle: null });
  stream.removeAllListeners();
  stream.on('error', nothing);
  stream.destroy();
  return handle;
}

/** A socket around the connection, which does not read before somebody listens to its `data`. */
export function socketOf(handle: SocketHandle): Socket {
  const options = { handle, readable: true, writable: true };
  const socket = new Socket(options);
  readIntoSharedBuffer(socket);
  return socket;
}

const nothing = (): void => {};

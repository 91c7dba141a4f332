import { Duplex } from 'node:stream';

/** One end of a pipe inside the process: what is written here is read at the other end. */
class PipeEnd extends Duplex {
  peer: PipeEnd | undefined;
  #release: (() => void) | undefined;

  override _read(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    // As with a socket, the answer to what is written never comes before the write returns:
    // clients step on in their protocol only after it.
    queueMicrotask(() => {
      const { peer } = this;
      if (!peer || peer.destroyed) return done();
      if (peer.push(chunk)) done();
      else peer.#release = done;
    });
  }

  override _final(done: () => void): void {
    this.peer?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.peer?.push(null);
    done(error);
  }

  // Clients of sockets call these; a pipe has no delay and no idle time.
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }
}

/** Two streams, each of which reads what the other writes, with backpressure. */
export function duplexPair(): [Duplex, Duplex] {
  const left = new PipeEnd({ allowHalfOpen: false });
  const right = new PipeEnd({ allowHalfOpen: false });
  left.peer = right;
  right.peer = left;
  return [left, right];
}

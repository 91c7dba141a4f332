import { decodeErr } from '../protocol/err-packet.ts';
import type { Terminal } from '../protocol/response-sink.ts';
import type { NodeResponseSink } from './node-response-sink.ts';

/** For statements of our own that have no rows: whether they have succeeded, and if not why. */
export class PlainReply implements NodeResponseSink {
  readonly #done: (reason: string | undefined) => void;
  #reason: string | undefined;

  /** `done` is called once, with what went wrong first. */
  constructor(done: (reason: string | undefined) => void) {
    this.#done = done;
  }

  onData(): void {}

  onTerminal(terminal: Terminal): void {
    if (terminal.type === 'err') this.#reason ??= decodeErr(terminal.payload).message;
  }

  onEnd(): void {
    this.#done(this.#reason);
  }

  onLocalInfile(): void {
    this.#reason ??= 'a node asked for a local file';
  }

  onLost(error: Error): void {
    this.#done(error.message);
  }
}

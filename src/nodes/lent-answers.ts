import { headerBytes } from '../protocol/packet-writer.ts';
import type { ResponseSink, Terminal } from '../protocol/response-sink.ts';
import type { NodeResponseSink } from './node-response-sink.ts';

/**
 * Hands what the scanner finds to whom it answers. Of a chunk that is lent everybody gets what is
 * theirs to keep, but who takes lent bytes.
 */
export class LentAnswers implements ResponseSink {
  /** The chunk that is being scanned is lent. */
  lent = false;
  readonly #sink: () => NodeResponseSink;
  readonly #onInfile: (raw: Buffer, name: string) => void;

  /** `sink` is asked at each call; a request for a file goes to `onInfile`. */
  constructor(sink: () => NodeResponseSink, onInfile: (raw: Buffer, name: string) => void) {
    this.#sink = sink;
    this.#onInfile = onInfile;
  }

  onData(bytes: Buffer): void {
    const sink = this.#sink();
    if (!this.lent) sink.onData(bytes);
    else if (sink.onLent) sink.onLent(bytes);
    else sink.onData(Buffer.from(bytes));
  }

  onTerminal(terminal: Terminal): void {
    this.#sink().onTerminal(this.lent ? keptTerminal(terminal) : terminal);
  }

  onDefinitionsEnd(passing: Buffer): void {
    const raw = this.#kept(passing);
    const sink = this.#sink();
    if (sink.onDefinitionsEnd) sink.onDefinitionsEnd(raw);
    else sink.onData(raw);
  }

  onPrepareOk(payload: Buffer): void {
    this.#sink().onPrepareOk?.(this.#kept(payload));
  }

  onLocalInfile(raw: Buffer, name: string): void {
    this.#onInfile(this.#kept(raw), name);
  }

  #kept(bytes: Buffer): Buffer {
    return this.lent ? Buffer.from(bytes) : bytes;
  }
}

function keptTerminal(terminal: Terminal): Terminal {
  const raw = Buffer.from(terminal.raw);
  return { ...terminal, raw, payload: raw.subarray(headerBytes) };
}

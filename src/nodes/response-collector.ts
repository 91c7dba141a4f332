import type { NodeResponseSink } from './node-response-sink.ts';
import type { Terminal } from '../protocol/response-sink.ts';

/** Keeps a whole answer in memory: for statements of our own, whose answers are small. */
export class ResponseCollector implements NodeResponseSink {
  readonly #chunks: Buffer[] = [];
  readonly #done: (error: Error | undefined, bytes: Buffer) => void;

  constructor(done: (error: Error | undefined, bytes: Buffer) => void) {
    this.#done = done;
  }

  onData(bytes: Buffer): void {
    this.#chunks.push(Buffer.from(bytes));
  }

  onTerminal(terminal: Terminal): void {
    this.#chunks.push(Buffer.from(terminal.raw));
  }

  onEnd(): void {
    this.#done(undefined, Buffer.concat(this.#chunks));
  }

  onLocalInfile(): void {
    this.#done(new Error('a node asked for a local file'), Buffer.alloc(0));
  }

  onLost(error: Error): void {
    this.#done(error, Buffer.alloc(0));
  }
}

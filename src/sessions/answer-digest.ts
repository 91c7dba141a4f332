import { createHash } from 'node:crypto';
import type { Terminal } from '../protocol/response-sink.ts';
import { definitionsEndWithoutStatus, withoutStatus } from './status-patch.ts';

/** Sums up what an answer tells a client, whether it is held or passes by. */
export class AnswerDigest {
  readonly #hash = createHash('sha256');

  add(bytes: Buffer): void {
    this.#hash.update(bytes);
  }

  addDefinitionsEnd(raw: Buffer): void {
    this.#hash.update(definitionsEndWithoutStatus(raw));
  }

  addTerminal(terminal: Terminal): void {
    this.#hash.update(withoutStatus(terminal));
  }

  /** The sum, once; nothing can be added after it. */
  value(): string {
    return this.#hash.digest('base64');
  }
}

/** Collects an answer as it is sent to its client, unless it becomes too large. */
export class AnswerCopy {
  readonly #bytesMax: number;
  readonly #parts: Buffer[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes > this.#bytesMax) this.#parts.length = 0;
    else this.#parts.push(bytes);
  }

  /** All of it in memory of its own; undefined if that was too much. */
  take(): Buffer | undefined {
    if (this.#bytes > this.#bytesMax) return undefined;
    // Not from the pool, of which a small answer would keep what is around it.
    const whole = Buffer.allocUnsafeSlow(this.#bytes);
    let at = 0;
    for (const part of this.#parts) at += part.copy(whole, at);
    return whole;
  }
}

/** A broken invariant of our own: never an expected outcome, never a client's mistake. */
export class AssertionFailure extends Error {
  constructor(message: string) {
    super(`assertion failed: ${message}`);
    this.name = 'AssertionFailure';
  }
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** Ends an exhaustive `switch`: the compiler proves that no case is left. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unexpected value ${JSON.stringify(value)}`);
}

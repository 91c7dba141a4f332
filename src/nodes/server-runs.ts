/**
 * Tells the runs of one server apart by the ids of its connections: a server counts them up
 * from its start, so a lower id than one given before is that of a later run.
 */
export class ServerRuns {
  #newest: number;

  /** `newest`: the highest id of its present run that is known. */
  constructor(newest = 0) {
    this.#newest = newest;
  }

  get newest(): number {
    return this.#newest;
  }

  /** Call before connecting; the answer tells, by the new connection's id, if a run began. */
  connecting(): (threadId: number) => boolean {
    const before = this.#newest;
    return (threadId) => {
      const began = threadId <= before;
      this.#newest = began ? threadId : Math.max(threadId, this.#newest);
      return began;
    };
  }
}

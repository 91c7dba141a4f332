import type { StampedEvent } from '../../src/telemetry/events.ts';

/** What must really happen in the runs, or their success would say little. */
export const expectedOccurrences = [
  'a server crashed',
  'a server lost commits that it had confirmed',
  'a server was given an old backup',
  'the balancer died',
  'the power failed',
  'the balancer died of its disk',
  'the balancer was frozen',
  'the calendar jumped',
  'an fsync failed',
  'the disk was full',
  'the log was fenced',
  'the log was healed',
  'a torn record was cut off',
  'the log was cut',
  'a session was ended by its server alone',
  'an answer overtook another',
  'a COMMIT overtook another',
  'the answer to a COMMIT was lost',
  'a batch failed in the middle',
  'an entry took no effect',
  'a leader was lost',
  'a leader was lost under an open transaction',
  'a node lagged',
  'a node was quarantined',
  'a node was made a copy while writes went on',
  'a copy was interrupted',
  'a node was disabled',
  'a start found DDL of unknown outcome',
  'DDL was found to have taken effect',
  'a function read without locks, alone',
  'a function would have read an outdated snapshot',
  'a transaction read a snapshot',
  'a read had to wait for what it promises',
  'a read was answered by a follower',
  'an answer that was kept was still good',
  'an error told of a row',
  'a node left while it was read',
  'a write was refused: too few nodes in sync',
  'a write was refused by the log',
  'a client waited in vain for a node',
  'two transactions met in a deadlock',
] as const;
export type Occurrence = (typeof expectedOccurrences)[number];

/** How often each of them came about. */
export class Occurrences {
  readonly #counts = new Map<Occurrence, number>();

  add(what: Occurrence, times = 1): void {
    this.#counts.set(what, this.of(what) + times);
  }

  of(what: Occurrence): number {
    return this.#counts.get(what) ?? 0;
  }

  /** Adds one for each that came about in a run. */
  addRun(run: Occurrences): void {
    for (const what of run.#counts.keys()) this.add(what);
  }

  lines(): string[] {
    const width = String(Math.max(0, ...this.#counts.values())).length;
    return expectedOccurrences.map((what) => `${String(this.of(what)).padStart(width)} ${what}`);
  }

  /** Those that never came about. */
  missing(): Occurrence[] {
    return expectedOccurrences.filter((what) => this.of(what) === 0);
  }
}

export function countEvent(occurrences: Occurrences, event: StampedEvent): void {
  if (event.kind === 'log_truncated') occurrences.add('the log was cut');
  if (event.kind === 'resync_failed') occurrences.add('a copy was interrupted');
  if (event.kind === 'resync_finished') {
    occurrences.add('a node was made a copy while writes went on');
  }
  if (event.kind === 'leader_changed' && event.to === undefined) {
    occurrences.add('a leader was lost');
  }
}

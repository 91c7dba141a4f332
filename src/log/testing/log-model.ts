import { assert } from '../../base/assert.ts';
import type { EmbeddedLog } from '../embedded-log.ts';
import { LogUnavailable } from '../log-unavailable.ts';
import { type Seq, seq as toSeq } from '../../base/brands.ts';

type Fate = 'pending' | 'durable' | 'gone' | 'unknown';

interface Submission {
  readonly kind: 'entry' | 'intent';
  readonly seq: Seq;
  /** Unlike any other, so that equal bytes mean the same submission. */
  readonly payload: string;
  fate: Fate;
}

const everything = { entriesMax: 7, bytesMax: 2000 };

/** Remembers what was given to a log and what the log said, and holds the log to it. */
export class LogModel {
  #submissions: Submission[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #counter = 0;
  #truncatedBefore = 1;

  /** Appends an entry or intent of about `bytes`; the log's answer is taken note of. */
  submit(log: EmbeddedLog, kind: 'entry' | 'intent', bytes: number): void {
    const text = `${this.#counter++} `;
    const payload = text + 'x'.repeat(bytes);
    const submission: Submission = { kind, seq: log.nextSeq, payload, fate: 'pending' };
    const record = { seq: submission.seq, payload: Buffer.from(payload) };
    this.#submissions.push(submission);
    const done = (kind === 'entry' ? log.append(record) : log.appendIntent(record)).then(
      () => {
        const earlier = this.#submissions.find((other) => other.fate === 'pending');
        assert(earlier === submission, 'calls resolve in order');
        submission.fate = 'durable';
      },
      (error: unknown) => {
        assert(error instanceof LogUnavailable, 'append rejects with its own error');
        submission.fate = error.outcome === 'unknown' ? 'unknown' : 'gone';
      },
    );
    this.#inFlight.add(done);
    done.then(
      () => this.#inFlight.delete(done),
      () => undefined,
    );
  }

  async settled(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  /** The log has healed: what it could not tell of is gone now. */
  healed(): void {
    for (const submission of this.#submissions) {
      if (submission.fate === 'unknown') submission.fate = 'gone';
    }
  }

  truncated(before: number): void {
    this.#truncatedBefore = Math.max(this.#truncatedBefore, before);
  }

  /** Reads from somewhere while appends go on; what was read counts as promised. */
  async checkSomeReads(log: EmbeddedLog, from: Seq): Promise<void> {
    const records = await log.read(from, everything);
    for (const [at, { seq, payload }] of records.entries()) {
      assert(seq === from + at, 'reads have no gaps');
      const found = this.#candidates(seq).find((one) => one.payload === payload.toString());
      assert(found !== undefined, `entry ${seq} was read but never submitted`);
      assert(found.fate !== 'gone', `entry ${seq} was read although it was rejected`);
      found.fate = 'durable';
    }
  }

  /** A new life: whatever the log holds now is the truth, if it is allowed to be. */
  async reopened(log: EmbeddedLog): Promise<void> {
    await this.settled();
    assert(log.firstSeq <= this.#truncatedBefore, 'no more was dropped than was asked for');
    const kept = new Map<Seq, string>();
    for (let next = log.firstSeq; next <= log.lastSeq; ) {
      const records = await log.read(next, everything);
      assert(records.length > 0, 'a read up to lastSeq finds something');
      for (const { seq, payload } of records) {
        assert(seq === next, 'no gap');
        kept.set(seq, payload.toString());
        next = toSeq(next + 1);
      }
    }
    this.#checkEntries(log, kept);
    this.#checkTrailingIntent(log);
    for (const one of this.#submissions) {
      if (one.fate === 'durable') continue;
      const isKept = one.kind === 'entry' && kept.get(one.seq) === one.payload;
      const { trailingIntent } = log;
      const isTrailing =
        one.kind === 'intent' && trailingIntent?.payload.toString() === one.payload;
      one.fate = isKept || isTrailing ? 'durable' : 'gone';
    }
    this.#submissions = this.#submissions.filter((one) => one.fate === 'durable');
  }

  #checkEntries(log: EmbeddedLog, kept: ReadonlyMap<Seq, string>): void {
    for (const one of this.#submissions) {
      if (one.kind === 'intent' || one.fate !== 'durable' || one.seq < log.firstSeq) continue;
      assert(kept.has(one.seq), `entry ${one.seq} was acknowledged and is missing`);
      assert(kept.get(one.seq) === one.payload, `entry ${one.seq} was acknowledged, is another`);
    }
    for (const [seq, payload] of kept) {
      const found = this.#candidates(seq).find((one) => one.payload === payload);
      assert(found !== undefined, `entry ${seq} was invented`);
      assert(found.fate !== 'gone', `entry ${seq} was rejected and is there`);
    }
  }

  #checkTrailingIntent(log: EmbeddedLog): void {
    const { trailingIntent, lastSeq } = log;
    const lastDurable = this.#submissions.findLast((one) => one.fate === 'durable');
    if (trailingIntent === undefined) {
      const isOpen = lastDurable?.kind === 'intent' && lastDurable.seq === lastSeq + 1;
      assert(!isOpen, 'an acknowledged intent at the end is still the trailing one');
      return;
    }
    assert(trailingIntent.seq === lastSeq + 1, 'the trailing intent is of the next seq');
    const text = trailingIntent.payload.toString();
    const at = this.#submissions.findIndex((one) => one.payload === text);
    assert(at >= 0 && this.#submissions[at]!.fate !== 'gone', 'the trailing intent was submitted');
    const after = this.#submissions.slice(at + 1).find((one) => one.fate === 'durable');
    assert(after === undefined, 'nothing acknowledged comes after the trailing intent');
  }

  #candidates(seq: Seq): Submission[] {
    return this.#submissions.filter((one) => one.kind === 'entry' && one.seq === seq);
  }
}

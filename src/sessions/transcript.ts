import type { Pins } from '../replication/command.ts';
import type { Answer } from './answer.ts';
import type { NodeRequest } from './node-request.ts';
import type { SessionSnapshot } from './session-core.ts';

/** What a step takes besides its statement, about. */
const stepBytes = 256;

/** How a transaction began. */
export interface Beginning {
  /** BEGIN and its like, as the client wrote it. */
  readonly request: NodeRequest;
  /** What SET TRANSACTION is to give it first; may be ''. */
  readonly characteristics: string;
  readonly session: SessionSnapshot;
}

/** What a statement of a transaction came to. */
export interface StepOutcome {
  readonly answer: Answer;
  /** Of a write: what made the leader compute what it did. */
  readonly pins?: Pins | undefined;
}

/** Runs a statement on the transaction's connection; `again` when its client has its answer. */
export type RunStep = (again?: { readonly pins: Pins | undefined }) => Promise<StepOutcome>;

/** One statement of a transaction that its client has the answer of. */
export interface Step {
  readonly run: RunStep;
  readonly before: SessionSnapshot;
  readonly after: SessionSnapshot;
  readonly pins: Pins | undefined;
  /** What the client was told; see AnswerDigest. */
  readonly digest: string;
}

/**
 * What a client did in its transaction and what it heard, so that another leader can be asked for
 * the same: if it answers the same, the client need not know that the first one is lost.
 */
export class Transcript {
  readonly beginning: Beginning;
  readonly #bytesMax: number;
  #steps: Step[] = [];
  #bytes = 0;
  #tooLarge = false;

  constructor(beginning: Beginning, bytesMax: number) {
    this.beginning = beginning;
    this.#bytesMax = bytesMax;
  }

  /** Too much was done to keep it all. */
  get tooLarge(): boolean {
    return this.#tooLarge;
  }

  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** `bytes`: how much of the client's statement the step keeps. */
  add(step: Step, bytes: number): void {
    if (this.#tooLarge) return;
    this.#bytes += bytes + stepBytes;
    this.#steps.push(step);
    if (this.#bytes <= this.#bytesMax) return;
    this.#tooLarge = true;
    this.#steps = [];
  }
}

/** Sums up what a client was told. */
export function digestOf(answer: Answer): string {
  if (answer.kind === 'streamed') return answer.digest ?? '';
  return answer.kind === 'held' ? answer.reply.digest() : '';
}

export const sameSession = (a: SessionSnapshot, b: SessionSnapshot): boolean =>
  a.carried.key === b.carried.key && a.lastInsertId === b.lastInsertId;

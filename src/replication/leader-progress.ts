import type { NodeName } from '../base/brands.ts';
import { nextSeq, type Seq } from '../base/brands.ts';
import type { Member } from './member.ts';

/** One term of one leader. A write belongs to the term it began in. */
export interface Leadership {
  readonly name: NodeName;
  readonly epoch: number;
}

/** Commits of the leader that were sent and those confirmed, as a prefix of the log. */
export class LeaderProgress {
  readonly member: Member;
  readonly leadership: Leadership;
  readonly #confirmedBeyond = new Set<Seq>();
  #position: Seq;
  #sent: Seq;
  #folded: Seq;
  #folding = false;

  constructor(member: Member, epoch: number) {
    const { position } = member.applier;
    this.member = member;
    this.leadership = { name: member.name, epoch };
    this.#position = position;
    this.#sent = position;
    this.#folded = position;
  }

  /** Everything up to here is confirmed. */
  get position(): Seq {
    return this.#position;
  }

  /** Highest entry whose COMMIT was sent. */
  get sent(): Seq {
    return this.#sent;
  }

  send(seq: Seq): void {
    if (seq > this.#sent) this.#sent = seq;
  }

  confirm(seq: Seq): void {
    this.#confirmedBeyond.add(seq);
    while (this.#confirmedBeyond.delete(nextSeq(this.#position))) {
      this.#position = nextSeq(this.#position);
    }
  }

  /** Moves the leader's position row behind its confirmed commits, and prunes their markers. */
  fold(): void {
    if (this.#folding || this.#folded === this.#position) return;
    this.#folding = true;
    const position = this.#position;
    this.member.port.foldMarkers(position).then(
      () => {
        this.#folding = false;
        this.#folded = position;
      },
      // The health check finds a broken leader; its markers stay as they are.
      () => {
        this.#folding = false;
      },
    );
  }
}

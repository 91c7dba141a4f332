import type { NodeName, Seq } from '../../src/base/brands.ts';
import { TableChanges } from '../../src/replication/table-changes.ts';
import { endsTrust } from '../../src/sessions/cache/ends-trust.ts';
import type { EventLog } from '../../src/telemetry/event-log.ts';

interface Kept {
  readonly node: NodeName;
  readonly shown: ReadonlyMap<string, string>;
  readonly seq: Seq;
  readonly generation: number;
}

/**
 * The latest answer, kept as `ResultCache` keeps one: it is good until an entry changes what it was
 * read from, and here every entry does.
 */
export class SimCache extends TableChanges {
  #kept: Kept | undefined;
  #generation = 0;
  #held = 0;

  constructor(latest: Seq, events: EventLog) {
    super(latest);
    events.subscribe((event) => {
      if (endsTrust(event)) this.#generation += 1;
    });
  }

  /** An answer that may be given now. */
  get good(): Kept | undefined {
    const kept = this.#kept;
    const may = kept && this.#held === 0 && kept.generation === this.#generation;
    return may && this.unchangedSince(kept.seq, []) ? kept : undefined;
  }

  /** A node that has all up to `seq` is about to be asked; the answer is for what is returned. */
  begin(node: NodeName, seq: Seq): (shown: Kept['shown']) => void {
    const generation = this.#generation;
    return (shown) => {
      if (this.#held === 0) this.#kept = { node, shown, seq, generation };
    };
  }

  /** While DDL runs. */
  hold(): () => void {
    this.#held += 1;
    this.#generation += 1;
    return () => {
      this.#held -= 1;
      this.#generation += 1;
    };
  }
}

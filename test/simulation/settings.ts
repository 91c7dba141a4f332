import type { Acks } from '../../src/replication/acknowledgements.ts';
import type { Random } from './random.ts';

/** What one run is like; drawn from its seed. Times in milliseconds. */
export interface Settings {
  readonly nodes: number;
  readonly clients: number;
  readonly thinkMs: number;
  readonly faultyMs: number;
  readonly acks: Acks;
  readonly consistency: 'session' | 'strong' | 'eventual';
  readonly minInSync: number;
  readonly syncTimeoutMs: number;
  readonly healthIntervalMs: number;
  readonly batchEntriesMax: number;
  readonly segmentBytes: number;
  readonly automaticResync: boolean;
  /** For each node; 0: it flushes at every commit. */
  readonly flushAfterMs: readonly number[];
}

export function drawSettings(random: Random): Settings {
  const nodes = 1 + random.below(4);
  // Long enough for the log to be cut.
  const long = random.chance(0.01);
  return {
    nodes,
    clients: 1 + random.below(5),
    thinkMs: long ? 150 : random.pick([4, 15, 40]),
    faultyMs: long ? 30_000 : random.between(300, 1_800),
    acks: random.pick(['all', 'all', 'quorum', 'leader']),
    consistency: random.pick(['session', 'session', 'strong', 'eventual']),
    minInSync: random.chance(0.7) ? 1 : 1 + random.below(nodes),
    syncTimeoutMs: random.pick([100, 400, 2_000]),
    healthIntervalMs: random.pick([300, 1_000, 5_000]),
    batchEntriesMax: random.pick([1, 4, 100]),
    segmentBytes: random.pick([1_500, 20_000]),
    automaticResync: random.chance(0.3),
    flushAfterMs: Array.from({ length: nodes }, () => random.pick([0, 0, 100, 1_000])),
  };
}

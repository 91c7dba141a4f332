import type { Random } from './random.ts';
import type { Settings } from './settings.ts';

/** Something that goes wrong, or that an operator does, at a moment of the run. */
export interface Fault {
  readonly atMs: number;
  readonly kind: FaultKind;
  /** Index of the node it happens to. */
  readonly node: number;
  readonly forMs: number;
  /** A number in [0, 1) for what else is to be chosen. */
  readonly choice: number;
}

export const faultKinds = [
  'crash_node',
  'pause_node',
  'slow_node',
  'failing_statements',
  'partition_node',
  'cut_connections',
  'kill_session',
  'crash_balancer',
  'freeze_balancer',
  'disk_errors',
  'disk_full',
  'clock_jump',
  'back_up_node',
  'restore_node',
  'disable_node',
  'drain_node',
  'resync_node',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Which faults a run has, and how many, differs from seed to seed: some runs have one kind. */
export function drawFaults(random: Random, settings: Settings): Fault[] {
  const kinds = faultKinds.filter(() => random.chance(random.chance(0.5) ? 0.25 : 0.6));
  if (kinds.length === 0) kinds.push('crash_node');
  const count = random.below(12);
  const faults = Array.from({ length: count }, (): Fault => {
    return {
      atMs: random.between(20, settings.faultyMs),
      kind: random.pick(kinds),
      node: random.below(settings.nodes),
      forMs: random.chance(0.3) ? random.between(500, 5_000) : random.between(20, 500),
      choice: random.next(),
    };
  });
  return faults.sort((a, b) => a.atMs - b.atMs);
}

export const faultText = ({ atMs, kind, node, forMs }: Fault): string =>
  `${atMs.toFixed(1)} ms: ${kind} of node ${node} for ${forMs.toFixed(0)} ms`;

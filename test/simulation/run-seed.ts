import { drawFaults, type Fault } from './faults.ts';
import { lists } from './lists.ts';
import type { Occurrences } from './occurrences.ts';
import { Random } from './random.ts';
import { drawSettings, type Settings } from './settings.ts';
import { Simulation } from './simulation.ts';

export interface SeedReport {
  readonly seed: number;
  readonly settings: Settings;
  readonly faults: readonly Fault[];
  readonly entries: number;
  readonly acknowledged: number;
  readonly simulatedMs: number;
  readonly occurrences: Occurrences;
  /** Why the run failed; undefined when every promise held. */
  readonly violation: Error | undefined;
  /** What happened, the latest last. */
  readonly notes: readonly string[];
}

/** Runs what the seed describes; `keep` leaves out faults, to find the few that matter. */
export async function runSeed(
  seed: number,
  keep: (fault: Fault, index: number) => boolean = () => true,
): Promise<SeedReport> {
  lists.clear();
  const drawn = new Random(seed);
  const settings = drawSettings(drawn);
  const faults = drawFaults(drawn, settings).filter(keep);
  const world = new Simulation(settings, new Random(seed ^ 0x5bd1e995));
  let violation: Error | undefined;
  try {
    await world.run(faults);
  } catch (error) {
    violation = error instanceof Error ? error : new Error(String(error));
  }
  // Nothing of this run may go on beside the next.
  world.crashBalancer(false);
  return {
    seed,
    settings,
    faults,
    entries: world.oracle.lastSeq,
    acknowledged: world.acknowledgedCount,
    simulatedMs: world.clock.nowMs(),
    occurrences: world.occurrences,
    violation,
    notes: world.notes,
  };
}

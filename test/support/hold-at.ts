import type { FaultPointName } from '../../src/base/fault-points.ts';
import { faultPoints } from '../../src/base/fault-points.ts';

/** Something of this process that stands still at a fault point. */
export interface Held {
  /** Resolves once it has come there. */
  readonly reached: Promise<void>;
  /** Lets it go on, and nothing is held any more. */
  release(): void;
}

/**
 * Holds the first that reaches the point, on that node if one is named; whoever comes later
 * passes. `first` runs at that moment, before anything else does.
 */
export function holdAt(point: FaultPointName, node?: string, first?: () => void): Held {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let disarm = (): void => {};
  const reached = new Promise<void>((resolve) => {
    let taken = false;
    disarm = faultPoints.arm((name, at) => {
      if (taken || name !== point || (node !== undefined && at !== node)) return;
      taken = true;
      first?.();
      resolve();
      return released;
    });
  });
  return {
    reached,
    release: () => {
      disarm();
      release();
    },
  };
}

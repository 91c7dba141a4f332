/** What is over a limit, and by how much it is: `path`, or `path#function` -> measured value. */
export type Measures = Readonly<Record<string, number>>;

/**
 * Compares what is over a limit now with what was allowed to be. Over and not allowed, or over
 * by more than allowed, is a fault; so is an allowance that is greater than needed, because it
 * would let the thing grow back.
 */
export function ratchetFaults(allowed: Measures, found: Measures): string[] {
  const grown = Object.entries(found).flatMap(([key, value]) => {
    const limit = allowed[key];
    if (limit === undefined) return [`${key}: ${value}, over the limit`];
    return value > limit ? [`${key}: ${value}, it may not grow over ${limit}`] : [];
  });
  const slack = Object.entries(allowed).flatMap(([key, limit]) => {
    const value = found[key];
    if (value === undefined) return [`${key}: no longer over the limit, remove its entry`];
    return value < limit ? [`${key}: ${value} now, lower its entry from ${limit}`] : [];
  });
  return [...grown, ...slack];
}

/** The allowances with all slack taken out: never one more, never a higher one. */
export function tightened(allowed: Measures, found: Measures): Measures {
  const kept = Object.entries(allowed).flatMap(([key, limit]): [string, number][] => {
    const value = found[key];
    return value === undefined ? [] : [[key, Math.min(value, limit)]];
  });
  return Object.fromEntries(kept);
}

import { nodeName } from '../../../base/brands.ts';
import type { Candidate, SelectionStrategy } from '../selection-strategy.ts';

/** An idle candidate about which nothing is known, but for what is given. */
export function candidate(name: string, given: Partial<Omit<Candidate, 'name'>> = {}): Candidate {
  return { name: nodeName(name), weight: 1, active: 0, averageMs: 0, lastUsedMs: 0, ...given };
}

/** The names picked, one after the other. */
export function picks(
  strategy: SelectionStrategy,
  candidates: readonly Candidate[],
  count: number,
): string[] {
  return Array.from({ length: count }, (_, pick) => {
    const chosen = candidates[strategy.select(candidates, pick)];
    if (chosen === undefined) throw new Error('the strategy chose no candidate');
    return chosen.name;
  });
}

export function countByName(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

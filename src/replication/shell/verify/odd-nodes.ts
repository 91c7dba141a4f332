/**
 * Nodes whose value is not that of more than half of all; every node when there is no such
 * value. None when all of them agree.
 */
export function oddNodes<Name extends string>(
  values: ReadonlyMap<Name, string>,
  outOf: number = values.size,
): Name[] {
  const counts = new Map<string, number>();
  for (const value of values.values()) counts.set(value, (counts.get(value) ?? 0) + 1);
  if (counts.size <= 1) return [];
  const most = [...counts].find(([, count]) => count > outOf / 2)?.[0];
  return [...values].flatMap(([name, value]) => (value === most ? [] : [name]));
}

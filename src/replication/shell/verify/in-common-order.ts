/**
 * All texts of lists that are each in the same order, without knowing what that order is: what
 * is in both lists says where the rest belongs. What only one list has comes before what only
 * the next one has between the same two common texts.
 */
export function inCommonOrder(lists: readonly (readonly string[])[]): string[] {
  return lists.reduce<string[]>((merged, list) => merge(merged, list), []);
}

function merge(left: readonly string[], right: readonly string[]): string[] {
  const inLeft = new Set(left);
  const inRight = new Set(right);
  const merged = new Set<string>();
  let next = 0;
  for (const text of left) {
    if (inRight.has(text)) {
      for (let only = right[next]; only !== undefined && !inLeft.has(only); only = right[next]) {
        merged.add(only);
        next++;
      }
      next++;
    }
    merged.add(text);
  }
  for (const text of right) merged.add(text);
  return [...merged];
}

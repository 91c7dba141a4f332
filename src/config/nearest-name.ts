/** The name that was probably meant, or undefined when none is near. */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  // A third of the letters may be wrong, at least one and at most three.
  let bestDistance = Math.min(3, Math.max(1, Math.floor(written.length / 3))) + 1;
  for (const name of names) {
    const distance = editDistance(plain(written), plain(name));
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best ?? names.find((name) => isShortFor(plain(written), plain(name)));
}

/** `params` for `parameters`: its letters in order, more than half of them, and the first. */
function isShortFor(short: string, long: string): boolean {
  if (short.length * 2 <= long.length || short[0] !== long[0]) return false;
  let matched = 0;
  for (const letter of long) {
    if (letter === short[matched]) matched += 1;
  }
  return matched === short.length;
}

/** `syncTimeout`, `sync-timeout` and `sync_timeout` are the same name written differently. */
function plain(name: string): string {
  return name.replace(/[-_\s]/g, '').toLowerCase();
}

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let distance = Math.min(
        at(previous, j) + 1,
        at(current, j - 1) + 1,
        at(previous, j - 1) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, at(beforePrevious, j - 2) + 1);
      }
      current.push(distance);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

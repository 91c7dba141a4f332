/** A problem for each value that stood there before. */
export function repeats(
  values: readonly (string | undefined)[],
  pathOf: (index: number) => string,
  say: (value: string, first: number) => string,
) {
  const problems: { path: string; message: string }[] = [];
  const firstOf = new Map<string, number>();
  values.forEach((value, index) => {
    // Undefined where the value itself was wrong, which has been said already.
    if (value === undefined) return;
    const first = firstOf.get(value);
    if (first === undefined) firstOf.set(value, index);
    else problems.push({ path: pathOf(index), message: `${pathOf(index)}: ${say(value, first)}` });
  });
  return problems;
}

/** A path or a neighbour's domain may set a cookie of the same name; more than these is odd. */
const valuesMax = 4;

/** What the header `Cookie` has under this name, in its order. */
export function cookieValues(header: string | undefined, name: string): string[] {
  const start = `${name}=`;
  return (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(start))
    .slice(0, valuesMax)
    .map((pair) => pair.slice(start.length));
}

type Version = readonly [number, number, number];

/**
 * Whether a Node version is in a range as packages write it in `engines`: alternatives with `||`,
 * each of comparators that all must hold: `>=20.1`, `^20.19.0`, `~20.1.2`, `<23`, `20`, `*`.
 */
export function nodeRangeHolds(range: string, version: string): boolean {
  const wanted = parse(version);
  return range.split('||').some((alternative) => {
    const comparators = alternative.trim().replaceAll(/([<>=^~]) +/g, '$1');
    return comparators.split(/\s+/).every((comparator) => holds(comparator, wanted));
  });
}

function holds(comparator: string, version: Version): boolean {
  const match = /^(>=|<=|>|<|\^|~|=|)v?([\dx*.]*)$/.exec(comparator);
  if (match === null) throw new Error(`cannot read the Node range ${comparator}`);
  const [, operator = '', text = ''] = match;
  const parts = text.split('.').filter((part) => /^\d+$/.test(part)).length;
  const order = compare(version, parse(text));
  if (parts === 0) return true;
  if (operator === '>=') return order >= 0;
  if (operator === '<') return order < 0;
  if (operator === '>') return order >= 0 && !samePrefix(text, version, parts);
  if (operator === '<=') return order <= 0 || samePrefix(text, version, parts);
  const same = { '^': 1, '~': Math.min(parts, 2), '=': parts, '': parts }[operator] ?? parts;
  return order >= 0 && samePrefix(text, version, same);
}

const parse = (text: string): Version => {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map((part) => Number(part) || 0);
  return [major, minor, patch];
};

const compare = (a: Version, b: Version): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

const samePrefix = (text: string, version: Version, parts: number): boolean =>
  parse(text)
    .slice(0, parts)
    .every((part, index) => part === version[index]);

/**
 * A JSON value as MySQL shows it, as an SQL expression that makes the same value. In JSON text
 * a number with a fraction is read as a DOUBLE, so 1.10, which can only have been a DECIMAL,
 * would become 1.1; each such number is put in once more as the DECIMAL literal that it is.
 * `text` is UTF-8.
 */
export function jsonLiteral(text: Buffer): string {
  const whole = `_utf8mb4 X'${text.toString('hex')}'`;
  const decimals = decimalsIn(text.toString('utf8'));
  if (decimals.length === 0) return whole;
  const changes = decimals.map(({ path, digits }) => {
    const hex = Buffer.from(path).toString('hex');
    return `_utf8mb4 X'${hex}', ${digits}`;
  });
  return `JSON_SET(${whole}, ${changes.join(', ')})`;
}

interface Decimal {
  /** As in JSON path expressions: `$."price"[0]`. */
  readonly path: string;
  readonly digits: string;
}

/** Strings, numbers, and what opens, closes and parts; the rest has no meaning here. */
const tokens = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[[\]{},:]/g;

interface Level {
  readonly object: boolean;
  key: string;
  index: number;
}

function decimalsIn(text: string): Decimal[] {
  // Most values have none, and are not looked at any closer.
  if (!/\d\.\d|\d{19}/.test(text)) return [];
  const found: Decimal[] = [];
  const levels: Level[] = [];
  let string = '';
  for (const [token] of text.matchAll(tokens)) {
    const level = levels.at(-1);
    const [first = ''] = token;
    if (first === '"') string = token;
    else if (first === '{' || first === '[') {
      levels.push({ object: first === '{', key: '', index: 0 });
    } else if (first === '}' || first === ']') levels.pop();
    else if (first === ':') level!.key = string;
    else if (first === ',') level!.index++;
    else if (isDecimal(token)) found.push({ path: pathOf(levels), digits: token });
  }
  return found;
}

const pathOf = (levels: readonly Level[]): string =>
  `$${levels.map(({ object, key, index }) => (object ? `.${key}` : `[${index}]`)).join('')}`;

const integerMin = -(2n ** 63n);
const integerMax = 2n ** 64n - 1n;

/** Whether no DOUBLE and no integer is shown like this. */
function isDecimal(token: string): boolean {
  if (/[eE]/.test(token)) return false;
  if (!token.includes('.')) {
    const value = BigInt(token);
    return value < integerMin || value > integerMax;
  }
  // A DECIMAL has no negative zero.
  if (Object.is(Number(token), -0)) return false;
  const double = String(Number(token));
  return token !== double && token !== `${double}.0`;
}

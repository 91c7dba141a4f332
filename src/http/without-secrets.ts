const hidden = '…';
const secretKey = /pass|secret|token|credential|key$/i;
const depthMax = 8;

/** A value of JSON as it may be shown: no password, no token, of a URL no password either. */
export function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value === 'string')
    return value.replace(/(:\/\/[^:/@\s]*):[^@\s]*@/g, `$1:${hidden}@`);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= depthMax) return hidden;
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, shown(key, item, depth)]),
  );
}

function shown(key: string, value: unknown, depth: number): unknown {
  if (secretKey.test(key)) return hidden;
  // Of a statement's parameters nobody knows what they are.
  if (key === 'parameters' && Array.isArray(value)) return value.length;
  return withoutSecrets(value, depth + 1);
}

/** A statement without the texts in it, if one of them may be a password. */
export const withoutPasswords = (sql: string): string =>
  /\b(?:identified|password)\b/i.test(sql)
    ? sql.replace(/'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"/gs, `'${hidden}'`)
    : sql;

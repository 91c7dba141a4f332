import type { LexMode } from './lex-mode.ts';
import { nameOf, type Token } from './token.ts';

export interface LiteralValue {
  readonly kind: 'word' | 'string' | 'number';
  readonly text: string;
}

const escapes: Readonly<Record<string, string>> = {
  '0': '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\x1a',
  // These two keep their backslash: outside LIKE the servers do not take it away.
  '%': '\\%',
  _: '\\_',
};

/** The value of a one-token literal or word; undefined for anything else (also x'41'). */
export function literalValue(
  sql: string,
  token: Token | undefined,
  mode: LexMode,
): LiteralValue | undefined {
  if (token === undefined) return undefined;
  switch (token.kind) {
    case 'word':
    case 'identifier':
      return { kind: 'word', text: nameOf(sql, token) };
    case 'number':
      return { kind: 'number', text: sql.slice(token.start, token.end) };
    case 'string': {
      const quote = sql[token.start] ?? '';
      if (quote !== "'" && quote !== '"') return undefined;
      const inner = sql.slice(token.start + 1, token.end - 1);
      return { kind: 'string', text: unescapeString(inner, quote, mode) };
    }
    default:
      return undefined;
  }
}

function unescapeString(inner: string, quote: string, mode: LexMode): string {
  if (mode.noBackslashEscapes) return inner.replaceAll(quote + quote, quote);
  const pattern = quote === "'" ? /\\([\s\S])|''/g : /\\([\s\S])|""/g;
  return inner.replace(pattern, (_whole, letter: string | undefined) =>
    letter === undefined ? quote : (escapes[letter] ?? letter),
  );
}

/** One statement of a text, without the `;` behind it; offsets count from the text's start. */
export interface StatementSpan {
  readonly from: number;
  readonly to: number;
}

const quotes = new Set(["'", '"', '`']);

/** Where the statements of a text are: a `;` in a string or a comment ends none. */
export function statementsOf(text: string): StatementSpan[] {
  const spans: StatementSpan[] = [];
  let from = 0;
  let at = 0;
  while (at < text.length) {
    if (text[at] === ';') {
      spans.push({ from, to: at });
      from = at + 1;
      at += 1;
    } else {
      at = behindToken(text, at);
    }
  }
  spans.push({ from, to: text.length });
  return spans.map((span) => trimmed(text, span)).filter(({ from: start, to }) => to > start);
}

/** The statement in which the place is, or else the one before it. */
export function statementAt(text: string, place: number): StatementSpan | undefined {
  const spans = statementsOf(text);
  return (
    spans.find(({ from, to }) => place >= from && place <= to) ??
    spans.findLast(({ to }) => to <= place) ??
    spans[0]
  );
}

function behindToken(text: string, at: number): number {
  const start = text[at] as string;
  if (quotes.has(start)) return behindQuoted(text, at, start);
  if (text.startsWith('/*', at)) return behind(text, '*/', at + 2);
  if (start === '#' || /^--(?:\s|$)/.test(text.slice(at, at + 3))) return behind(text, '\n', at);
  return at + 1;
}

function behindQuoted(text: string, at: number, quote: string): number {
  for (let next = at + 1; next < text.length; next += 1) {
    if (text[next] === '\\' && quote !== '`') next += 1;
    else if (text[next] === quote) return next + 1;
  }
  return text.length;
}

function behind(text: string, end: string, from: number): number {
  const found = text.indexOf(end, from);
  return found === -1 ? text.length : found + end.length;
}

function trimmed(text: string, { from, to }: StatementSpan): StatementSpan {
  const piece = text.slice(from, to);
  const start = from + (piece.length - piece.trimStart().length);
  return { from: start, to: Math.max(start, from + piece.trimEnd().length) };
}

/** Whether running the statement again changes nothing. */
export const isRead = (sql: string): boolean =>
  /^\s*(?:select|show|explain|describe|desc|with|table|values)\b/i.test(withoutComments(sql)) &&
  !/\bfor\s+update\b/i.test(sql);

const withoutComments = (sql: string): string =>
  sql.replace(/^(?:\s|\/\*(?!!)[\s\S]*?\*\/|--\s.*\n|#.*\n)+/, '');

export const isDefinition = (sql: string): boolean =>
  /^\s*(?:create|alter|drop|rename|truncate)\b/i.test(withoutComments(sql));

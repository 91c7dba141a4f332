import { Lexer } from './lexer.ts';
import type { LexMode } from './lex-mode.ts';
import { ProgramBody, programBodyStart } from './program-body.ts';
import { isOperator, type Token } from './token.ts';

/** Byte offsets of one statement in a text, without its semicolon. */
export interface StatementSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * The statements of a text, empty ones left out. The body of a stored program belongs to its CREATE
 * up to the END that closes it, as the servers' parsers have it. Where it depends on the server's
 * version how the text falls apart, all of it is one span (which `analyse` does not understand).
 */
export function splitStatements(sql: string, mode: LexMode): StatementSpan[] {
  const lexer = new Lexer(sql, mode);
  const spans = spansOf(sql, lexer.run());
  if (!lexer.uncertain) return spans;
  const other = spansOf(sql, new Lexer(sql, mode, 'comment').run());
  const same = spans.length === other.length && spans.length < 2;
  return same || other.length === 0 ? spans : [{ start: 0, end: sql.length }];
}

/**
 * The comment behind the semicolon of the last statement, if there is one. A server that runs
 * several statements of a text takes it for one more, and says OK to it (seen on both).
 */
export function commentBehind(
  sql: string,
  spans: readonly StatementSpan[],
  mode: LexMode,
): string[] {
  const rest = sql.slice(spans.at(-1)?.end ?? sql.length);
  const semicolon = new Lexer(rest, mode).run().at(-1);
  const comment = semicolon === undefined ? '' : rest.slice(semicolon.end).trim();
  return comment === '' ? [] : [comment];
}

function spansOf(sql: string, tokens: readonly Token[]): StatementSpan[] {
  const spans: StatementSpan[] = [];
  let at = 0;
  while (at < tokens.length) {
    const end = statementEnd(tokens, at);
    const first = tokens[at] as Token;
    if (end > at) {
      const last = (tokens[end - 1] as Token).end;
      spans.push({ start: first.start, end: last + openCommentEnd(sql, first.start, last) });
    }
    at = end + 1;
  }
  return spans;
}

/** How far behind the last token the end of a versioned comment is that the statement opened. */
function openCommentEnd(sql: string, start: number, end: number): number {
  const close = /^\s*\*\//.exec(sql.slice(end, end + 1000));
  return close && sql.lastIndexOf('/*', end) >= start ? close[0].length : 0;
}

/** The index of the semicolon that ends the statement beginning at `from`, or the token count. */
export function statementEnd(tokens: readonly Token[], from: number): number {
  const bodyStart = programBodyStart(tokens, from);
  const body = bodyStart === undefined ? undefined : new ProgramBody(tokens);
  for (let at = from; at < tokens.length; at += 1) {
    if (body !== undefined && at >= (bodyStart as number)) at = body.visit(at);
    if (isOperator(tokens[at], ';') && (body === undefined || body.depth === 0)) return at;
  }
  return tokens.length;
}

import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { outlineOf } from './outline.ts';
import { isName, isOperator, isWord } from './token.ts';
import type { Span } from './write-shape.ts';

/** A place where MariaDB takes the next value of a sequence. */
export interface SequenceUse extends Span {
  /** The sequence's name as written, perhaps with its schema. */
  readonly sequence: string;
}

/** NEXTVAL(s), SETVAL(s, …) and NEXT VALUE FOR s. */
export function sequenceUses(sql: string, mode: LexMode): SequenceUse[] {
  const tokens = new Lexer(sql, mode).run();
  const outline = outlineOf(tokens);
  const uses: SequenceUse[] = [];
  for (const [index, token] of tokens.entries()) {
    const call =
      (isWord(token, 'NEXTVAL') || isWord(token, 'SETVAL')) && isOperator(tokens[index + 1], '(');
    const phrase =
      isWord(token, 'NEXT') &&
      isWord(tokens[index + 1], 'VALUE') &&
      isWord(tokens[index + 2], 'FOR');
    if (!call && !phrase) continue;
    const from = index + (call ? 2 : 3);
    if (!isName(tokens[from])) continue;
    let to = from;
    while (isOperator(tokens[to + 1], '.')) to += 2;
    const last = call ? (outline.closers.get(index + 1) ?? to) : to;
    uses.push({
      start: token.start,
      end: tokens[last]?.end ?? token.end,
      sequence: sql.slice(tokens[from]?.start, tokens[to]?.end),
    });
  }
  return uses;
}

import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { outlineOf } from './outline.ts';
import { isOperator, isWord } from './token.ts';

export interface CallArguments {
  /** Offset of the word CALL. */
  readonly start: number;
  /** For each argument, which `?` it is; undefined for anything else. */
  readonly parameters: readonly (number | undefined)[];
}

/** The arguments of `CALL name(…)`; undefined for another form. */
export function callArguments(sql: string, mode: LexMode): CallArguments | undefined {
  const tokens = new Lexer(sql, mode).run();
  if (!isWord(tokens[0], 'CALL')) return undefined;
  const outline = outlineOf(tokens);
  const open = tokens.findIndex((token) => isOperator(token, '('));
  const close = outline.closers.get(open) ?? open;
  const parameters: (number | undefined)[] = [];
  let marker = 0;
  for (let at = open + 1; at < close; at += 1) {
    const alone =
      (at === open + 1 || isOperator(tokens[at - 1], ',')) &&
      (at + 1 === close || isOperator(tokens[at + 1], ','));
    const begins = at === open + 1 || (isOperator(tokens[at], ',') && outline.depths[at] === 1);
    const isMarker = tokens[at]?.kind === 'parameter';
    if (begins) parameters.push(undefined);
    if (!isMarker) continue;
    if (alone && outline.depths[at] === 1) parameters[parameters.length - 1] = marker;
    marker += 1;
  }
  return { start: tokens[0]?.start ?? 0, parameters };
}

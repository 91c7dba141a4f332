import { MarkedText } from './marked-text.ts';

export { literalOf } from './literal-of.ts';

/** The text with the `?` at each of `offsets` replaced by the literal of the same index. */
export function renderWithParameters(
  sql: string,
  offsets: readonly number[],
  literals: readonly string[],
): string {
  return new MarkedText(sql, offsets).render(literals);
}

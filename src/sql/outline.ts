import type { Token } from './token.ts';

/** The parentheses of a token list. */
export interface Outline {
  /** How many parentheses are open at each token; a pair has the depth of what is around it. */
  readonly depths: readonly number[];
  /** For an opening parenthesis, the index of its closing one. */
  readonly closers: ReadonlyMap<number, number>;
  /** For each token, whether some parenthesis around it begins with SELECT, WITH, VALUES or TABLE. */
  readonly insideQuery: readonly boolean[];
  readonly balanced: boolean;
}

const queryWords = new Set(['SELECT', 'WITH', 'VALUES', 'TABLE']);

export function beginsQuery(token: Token | undefined): boolean {
  return token !== undefined && token.kind === 'word' && queryWords.has(token.text);
}

export function outlineOf(tokens: readonly Token[]): Outline {
  const depths: number[] = [];
  const insideQuery: boolean[] = [];
  const closers = new Map<number, number>();
  const open: { index: number; query: boolean }[] = [];
  let balanced = true;
  let query = false;
  for (let index = 0; index < tokens.length; index += 1) {
    const text = (tokens[index] as Token).text;
    if (text === ')') {
      const opener = open.pop();
      if (opener === undefined) balanced = false;
      else {
        closers.set(opener.index, index);
        query = opener.query;
      }
    }
    depths.push(open.length);
    insideQuery.push(query);
    if (text === '(') {
      open.push({ index, query });
      query ||= beginsQuery(tokens[index + 1]);
    }
  }
  return { depths, closers, insideQuery, balanced: balanced && open.length === 0 };
}

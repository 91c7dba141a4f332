import type { Token } from './token.ts';

/** The parentheses of a token list. */
export interface Outline {
  /** How many parentheses are open at each token; a pair has the depth of what is around it. */
  readonly depths: readonly number[];
  /** For an opening parenthesis, the index of its closing one. */
  readonly closers: ReadonlyMap<number, number>;
  /** For each token, whether some parenthesis around it holds a query. */
  readonly insideQuery: readonly boolean[];
  readonly balanced: boolean;
}

const queryWords = new Set(['SELECT', 'WITH', 'VALUES', 'TABLE']);

export function beginsQuery(token: Token | undefined): boolean {
  return token !== undefined && token.kind === 'word' && queryWords.has(token.text);
}

/** Behind a query in parentheses they make another one, of which it is the first. */
const setWords = new Set(['UNION', 'EXCEPT', 'INTERSECT', 'MINUS']);

/** Whether the parenthesis at `index` holds a query: `(SELECT …)`, `((SELECT …) UNION SELECT …)`. */
export function opensQuery(
  tokens: readonly Token[],
  { closers }: Pick<Outline, 'closers'>,
  index: number,
): boolean {
  if (beginsQuery(tokens[index + 1])) return true;
  const behind = tokens[(closers.get(index + 1) ?? tokens.length) + 1];
  return behind?.kind === 'word' && setWords.has(behind.text);
}

export function outlineOf(tokens: readonly Token[]): Outline {
  const depths: number[] = [];
  const closers = new Map<number, number>();
  const open: number[] = [];
  let balanced = true;
  for (let index = 0; index < tokens.length; index += 1) {
    const text = (tokens[index] as Token).text;
    if (text === ')') {
      const opener = open.pop();
      if (opener === undefined) balanced = false;
      else closers.set(opener, index);
    }
    depths.push(open.length);
    if (text === '(') open.push(index);
  }
  const insideQuery = queriesOf(tokens, closers);
  return { depths, closers, insideQuery, balanced: balanced && open.length === 0 };
}

function queriesOf(tokens: readonly Token[], closers: Outline['closers']): boolean[] {
  const insideQuery: boolean[] = [];
  const around: boolean[] = [];
  let query = false;
  for (let index = 0; index < tokens.length; index += 1) {
    const text = (tokens[index] as Token).text;
    if (text === ')') query = around.pop() ?? query;
    insideQuery.push(query);
    if (text === '(') {
      around.push(query);
      query ||= opensQuery(tokens, { closers }, index);
    }
  }
  return insideQuery;
}

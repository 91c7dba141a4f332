import { beginsQuery, type Outline } from './outline.ts';
import { isName, isOperator, isWord, nameOf, type Token } from './token.ts';

/** The clauses of the statement itself, outside every parenthesis. */
export interface Clauses {
  readonly limit: boolean;
  /** Index of the LIMIT or FETCH of the statement itself. */
  readonly limitIndex: number | undefined;
  readonly orderBy: readonly string[] | null;
  /** There is an ORDER BY, perhaps of more than plain columns. */
  readonly ordered: boolean;
  readonly insertSelect: boolean;
  readonly insertColumns: readonly string[] | null;
  readonly insertRows: number | null;
  /** Token indexes, `to` exclusive, in which each expression of an INSERT is evaluated once. */
  readonly valuesFrom: number;
  readonly valuesTo: number;
  readonly onDuplicateKey: boolean;
  readonly ignore: boolean;
  readonly delayed: number | undefined;
  /** Index of RETURNING. */
  readonly returningIndex: number | undefined;
}

interface Input {
  readonly sql: string;
  readonly tokens: readonly Token[];
  readonly outline: Outline;
  readonly main: number;
  readonly verb: string;
}

export function clausesOf(input: Input): Clauses {
  const { tokens, verb } = input;
  const inserts = verb === 'INSERT' || verb === 'REPLACE';
  const insert = inserts ? readInsert(input) : noInsert;
  const order = findOwn(input, (at) => isWord(tokens[at], 'ORDER') && isWord(tokens[at + 1], 'BY'));
  const limitIndex = findOwn(
    input,
    (at) =>
      isWord(tokens[at], 'LIMIT') ||
      (isWord(tokens[at], 'FETCH') && /^(?:FIRST|NEXT)$/.test(tokens[at + 1]?.text ?? '')),
  );
  const createSelect = verb === 'CREATE TABLE' && findQuery(input, input.main + 1) !== undefined;
  return {
    ...insert,
    insertSelect: insert.insertSelect || createSelect,
    limit: limitIndex !== undefined,
    limitIndex,
    ordered: order !== undefined,
    orderBy: order === undefined ? null : orderColumns(input, order + 2),
    ignore: hasModifier(input, 'IGNORE') !== undefined,
    delayed: inserts ? hasModifier(input, 'DELAYED') : undefined,
    returningIndex: findOwn(input, (at) => isWord(tokens[at], 'RETURNING')),
  };
}

function findOwn({ tokens, outline, main }: Input, matches: (at: number) => boolean) {
  for (let at = main; at < tokens.length; at += 1) {
    if (tokens[at]?.kind === 'word' && outline.depths[at] === 0 && matches(at)) return at;
  }
  return undefined;
}

const modifiers = new Set('LOW_PRIORITY HIGH_PRIORITY DELAYED QUICK IGNORE'.split(' '));

function hasModifier({ tokens, main, verb }: Input, modifier: string): number | undefined {
  for (let at = main + 1; modifiers.has(tokens[at]?.text ?? ''); at += 1) {
    if (isWord(tokens[at], modifier)) return at;
  }
  if (modifier !== 'IGNORE' || !/^(?:LOAD|CREATE TABLE)/.test(verb)) return undefined;
  // LOAD DATA … IGNORE INTO TABLE, CREATE TABLE … IGNORE SELECT
  for (let at = main + 1; at < tokens.length; at += 1) {
    if (!isWord(tokens[at], 'IGNORE')) continue;
    const next = tokens[at + 1];
    if (isWord(next, 'INTO') || isWord(next, 'AS') || isWord(next, 'SELECT')) return at;
  }
  return undefined;
}

/** Plain column names (the last part of `t.c`), or null if anything else is ordered by. */
function orderColumns({ sql, tokens }: Input, from: number): string[] | null {
  const columns: string[] = [];
  let at = from;
  for (;;) {
    let name = tokens[at];
    if (!isName(name)) return null;
    while (isOperator(tokens[at + 1], '.') && isName(tokens[at + 2])) {
      at += 2;
      name = tokens[at] as Token;
    }
    columns.push(nameOf(sql, name));
    at += 1;
    if (isWord(tokens[at], 'ASC') || isWord(tokens[at], 'DESC')) at += 1;
    if (!isOperator(tokens[at], ',')) break;
    at += 1;
  }
  const end = tokens[at];
  const ends = end === undefined || end.text === ';' || orderEnders.has(end.text);
  return ends ? columns : null;
}

const orderEnders = new Set(
  'LIMIT FETCH OFFSET FOR LOCK INTO RETURNING ON PROCEDURE ROWS UNION'.split(' '),
);

const noInsert = {
  insertSelect: false,
  insertColumns: null,
  insertRows: null,
  valuesFrom: 0,
  valuesTo: 0,
  onDuplicateKey: false,
} as const;

type InsertClauses = Pick<
  Clauses,
  'insertSelect' | 'insertColumns' | 'insertRows' | 'valuesFrom' | 'valuesTo' | 'onDuplicateKey'
>;

/** INSERT [modifiers] [INTO] t [PARTITION (…)] [(columns)] VALUES … | SET … | query. */
function readInsert(input: Input): InsertClauses {
  const { tokens, outline, main } = input;
  let at = main + 1;
  while (modifiers.has(tokens[at]?.text ?? '') || isWord(tokens[at], 'INTO')) at += 1;
  at += 1;
  while (isOperator(tokens[at], '.')) at += 2;
  if (isWord(tokens[at], 'PARTITION')) at = (outline.closers.get(at + 1) ?? at) + 1;
  let insertColumns: string[] | null = null;
  if (isOperator(tokens[at], '(') && !beginsQueryBehind(tokens, at)) {
    const close = outline.closers.get(at) ?? at;
    insertColumns = namesBetween(input, at + 1, close);
    at = close + 1;
  }
  const duplicate = findOwn(
    input,
    (index) => isWord(tokens[index], 'ON') && isWord(tokens[index + 1], 'DUPLICATE'),
  );
  const onDuplicateKey = duplicate !== undefined;
  const returning = findOwn(input, (index) => isWord(tokens[index], 'RETURNING'));
  const valuesTo = Math.min(duplicate ?? tokens.length, returning ?? tokens.length);
  const head = tokens[at];
  if (isWord(head, 'VALUES') || isWord(head, 'VALUE')) {
    const insertRows = countRows(input, at + 1, valuesTo);
    // VALUES ROW(1), ROW(2) LIMIT 1 is a query.
    const query = isWord(tokens[at + 1], 'ROW') && insertRows === null;
    const found = { insertColumns, insertRows, valuesFrom: at, valuesTo, onDuplicateKey };
    return { ...found, insertSelect: query };
  }
  if (isWord(head, 'SET')) {
    const columns = setColumns(input, at + 1, valuesTo);
    return {
      insertSelect: false,
      insertColumns: columns,
      insertRows: 1,
      valuesFrom: at,
      valuesTo,
      onDuplicateKey,
    };
  }
  return { ...noInsert, insertSelect: true, insertColumns, onDuplicateKey };
}

function beginsQueryBehind(tokens: readonly Token[], at: number): boolean {
  let cursor = at;
  while (isOperator(tokens[cursor], '(')) cursor += 1;
  return beginsQuery(tokens[cursor]) && !isWord(tokens[cursor], 'VALUES');
}

function namesBetween({ sql, tokens }: Input, from: number, to: number): string[] {
  const names: string[] = [];
  for (let at = from; at < to; at += 1) {
    const token = tokens[at];
    // Of db.t.c the last part is the column.
    if (isName(token) && !isOperator(tokens[at + 1], '.')) names.push(nameOf(sql, token));
  }
  return names;
}

function setColumns({ sql, tokens, outline }: Input, from: number, to: number): string[] {
  const columns: string[] = [];
  let expecting = true;
  for (let at = from; at < to; at += 1) {
    if (outline.depths[at] !== 0) continue;
    const token = tokens[at];
    if (isOperator(token, ',')) expecting = true;
    else if (expecting && isName(token) && !isOperator(tokens[at + 1], '.')) {
      columns.push(nameOf(sql, token));
      expecting = false;
    }
  }
  return columns;
}

/** Rows of `(…), (…)` or `ROW(…), ROW(…)`; null if something else stands between or behind. */
function countRows({ tokens, outline }: Input, from: number, to: number): number | null {
  let rows = 0;
  let at = from;
  for (;;) {
    if (isWord(tokens[at], 'ROW')) at += 1;
    const close = outline.closers.get(at);
    if (close === undefined) return null;
    rows += 1;
    at = close + 1;
    // MySQL: VALUES (…) AS new(a, b)
    if (at < to && isWord(tokens[at], 'AS')) return rows;
    if (at >= to || tokens[at]?.text === ';') return rows;
    if (!isOperator(tokens[at], ',')) return null;
    at += 1;
  }
}

/** The first SELECT, TABLE, VALUES or WITH of a CREATE TABLE that is its query. */
function findQuery({ tokens }: Input, from: number): number | undefined {
  for (let at = from + 1; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (isWord(token, 'SELECT')) return at;
    const previous = tokens[at - 1];
    const opens = isWord(previous, 'AS') || isOperator(previous, ')') || isName(previous);
    if (isWord(token, 'TABLE') && isWord(previous, 'AS')) return at;
    if (isWord(token, 'VALUES') && opens && isWord(tokens[at + 1], 'ROW')) return at;
  }
  return undefined;
}

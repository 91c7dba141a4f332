import type { Classification } from './classify.ts';
import { isLocalLoad } from './load-data.ts';
import type { TableName } from './statement.ts';
import { isName, isOperator, isWord, nameOf, type Token } from './token.ts';

interface Details {
  readonly chain: boolean;
  readonly release: boolean;
  readonly readOnly: boolean;
  readonly consistentSnapshot: boolean;
  readonly temporary: boolean;
  readonly local: boolean;
  readonly savepoint?: string;
  readonly schema?: string;
  readonly routine?: TableName;
}

const none: Details = {
  chain: false,
  release: false,
  readOnly: false,
  consistentSnapshot: false,
  temporary: false,
  local: false,
};

/** The fields of a Statement that only some kinds have. */
export function detailsOf(sql: string, tokens: readonly Token[], found: Classification): Details {
  const { kind, main } = found;
  switch (kind) {
    case 'begin':
      return { ...none, ...startOptions(tokens) };
    case 'commit':
    case 'rollback':
      return { ...none, chain: hasOption(tokens, 'CHAIN'), release: hasOption(tokens, 'RELEASE') };
    case 'savepoint':
    case 'release_savepoint':
    case 'rollback_to_savepoint':
    case 'use': {
      const name = tokens[tokens.length - 1];
      if (!isName(name) || tokens.length < main + 2) return none;
      const field = kind === 'use' ? 'schema' : 'savepoint';
      return { ...none, [field]: nameOf(sql, name) };
    }
    case 'call':
      return { ...none, ...routineAt(sql, tokens, main + 1) };
    case 'load_data':
      return { ...none, local: isLocalLoad(tokens, main) };
    case 'ddl':
      return definitionDetails(sql, tokens, found);
    default:
      return none;
  }
}

function hasOption(tokens: readonly Token[], option: string): boolean {
  const index = tokens.findIndex((token) => isWord(token, option));
  return index > 0 && !isWord(tokens[index - 1], 'NO');
}

function startOptions(tokens: readonly Token[]) {
  const pair = (first: string, second: string) =>
    tokens.some((token, index) => isWord(token, first) && isWord(tokens[index + 1], second));
  return {
    readOnly: pair('READ', 'ONLY'),
    consistentSnapshot: pair('CONSISTENT', 'SNAPSHOT'),
  };
}

function routineAt(sql: string, tokens: readonly Token[], at: number): { routine?: TableName } {
  const first = tokens[at];
  if (!isName(first)) return {};
  const second = tokens[at + 2];
  if (isOperator(tokens[at + 1], '.') && isName(second)) {
    return { routine: { schema: nameOf(sql, first), name: nameOf(sql, second) } };
  }
  return { routine: { name: nameOf(sql, first) } };
}

/** CREATE [OR REPLACE] … PROCEDURE [IF NOT EXISTS] name, DROP DATABASE [IF EXISTS] name. */
function definitionDetails(
  sql: string,
  tokens: readonly Token[],
  { verb, main }: Classification,
): Details {
  const object = verb.split(' ')[1] ?? '';
  const word = tokens.findIndex(
    (token, index) =>
      index > main && (isWord(token, object) || (object === 'DATABASE' && isWord(token, 'SCHEMA'))),
  );
  if (word < 0) return none;
  const temporary = tokens.slice(main, word).some((token) => isWord(token, 'TEMPORARY'));
  let at = word + 1;
  while (/^(?:IF|NOT|EXISTS)$/.test(tokens[at]?.text ?? '')) at += 1;
  const named = routineAt(sql, tokens, at).routine;
  if (named === undefined) return { ...none, temporary };
  if (object === 'DATABASE') return { ...none, schema: named.name };
  const routine = /^(?:PROCEDURE|FUNCTION|TRIGGER|EVENT|LIBRARY|PACKAGE)$/.test(object);
  return { ...none, temporary, ...(routine ? { routine: named } : {}) };
}

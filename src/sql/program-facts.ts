import { analyse } from './analyse.ts';
import type { LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import type { TableName } from './statement.ts';
import { isOperator, isWord, type Token } from './token.ts';

/** What the body of a function or trigger does that a write which runs it must know. */
export interface ProgramFacts {
  /** What makes it compute differently on every node; empty for none. */
  readonly unsafe: readonly string[];
  /** It selects from tables; such a SELECT takes no locks, whatever calls it. */
  readonly selects: boolean;
  readonly tables: readonly TableName[];
  readonly writtenTables: readonly TableName[];
  /** Functions it calls, upper case. */
  readonly functions: ReadonlySet<string>;
  readonly userVariablesRead: readonly string[];
  readonly usesLastInsertId: boolean;
  readonly usesSequence: boolean;
}

/**
 * Reads the body of a stored program (a binary string). `definer`: it runs with the rights of
 * the account that made it, so that CURRENT_USER is the same on every node.
 */
export function programFacts(body: string, mode: LexMode, definer: boolean): ProgramFacts {
  const statement = analyse(`CREATE PROCEDURE p()\n${body}`, mode);
  const tokens = new Lexer(body, mode).run();
  const unsafe = statement.unsafe
    .filter(({ kind, text }) => {
      if (kind === 'limit_without_order' || kind === 'limit_in_subquery') return false;
      return !(definer && kind === 'current_user' && /^CURRENT_(USER|ROLE)/i.test(text));
    })
    .map(({ text }) => text);
  if (tokens.some((token) => isWord(token, 'LIMIT'))) unsafe.push('LIMIT');
  if (tokens.some((token) => isWord(token, 'PORTION'))) unsafe.push('FOR PORTION OF');
  if (statement.usesRand) unsafe.push('RAND()');
  if (statement.usesSequence) unsafe.push('a sequence');
  if (assignsUserVariable(tokens)) unsafe.push('SET of a user variable');
  if (tokens.some((token) => isWord(token, 'PREPARE') || isWord(token, 'CALL'))) {
    unsafe.push('a statement that only it knows (CALL or PREPARE)');
  }
  return {
    unsafe,
    selects: tokens.some((token) => isWord(token, 'SELECT')) && statement.tables.length > 0,
    tables: statement.tables,
    writtenTables: statement.writtenTables,
    functions: statement.functions,
    userVariablesRead: statement.userVariablesRead,
    usesLastInsertId: statement.usesLastInsertId,
    usesSequence: statement.usesSequence,
  };
}

function assignsUserVariable(tokens: readonly Token[]): boolean {
  return tokens.some((token, index) => {
    if (token.kind !== 'user_variable') return false;
    if (isOperator(tokens[index + 1], ':=')) return true;
    const before = tokens[index - 1];
    return (
      isWord(before, 'INTO') ||
      (isOperator(tokens[index + 1], '=') && (isWord(before, 'SET') || isOperator(before, ',')))
    );
  });
}

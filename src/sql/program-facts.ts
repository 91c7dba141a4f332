import { analyse } from './analyse.ts';
import type { Unsafe } from './determinism.ts';
import { isOracleMode, type LexMode } from './lex-mode.ts';
import { Lexer } from './lexer.ts';
import { type ProgramStatements, programStatements } from './program-statements.ts';
import type { TableName } from './statement.ts';
import { isOperator, isWord, type Token } from './token.ts';

/** What the body of a function, trigger or procedure does that its caller must know. */
export interface ProgramFacts extends Omit<ProgramStatements, 'orderBound'> {
  /** What makes it compute differently on every node; empty for none. */
  readonly unsafe: readonly string[];
  readonly tables: readonly TableName[];
  readonly writtenTables: readonly TableName[];
  /** Functions it calls, upper case. */
  readonly functions: ReadonlySet<string>;
  readonly userVariablesRead: readonly string[];
  readonly usesLastInsertId: boolean;
  /** GET_LOCK and its like. */
  readonly usesUserLock: boolean;
  readonly usesSequence: boolean;
  /** INSERT … SELECT, which would number rows in no fixed order. */
  readonly insertsSelected: boolean;
}

export interface Program {
  readonly kind: 'function' | 'trigger' | 'procedure';
  /** A binary string. */
  readonly body: string;
  /** It runs as the account that made it: CURRENT_USER is the same on every node. */
  readonly definer: boolean;
  /** Names of its parameters. */
  readonly parameters: readonly string[];
  /** That it was made under. */
  readonly sqlMode: string;
}

/** A program is read under the sql_mode that it was made under. */
export const programMode = (sqlMode: string, mode: LexMode): LexMode => ({
  ...mode,
  ansiQuotes: /ANSI/.test(sqlMode),
  noBackslashEscapes: sqlMode.includes('NO_BACKSLASH_ESCAPES'),
});

/** `session`: how the server's texts are read otherwise. */
export function programFacts(program: Program, session: LexMode): ProgramFacts {
  const { kind, body, definer, sqlMode } = program;
  const mode = programMode(sqlMode, session);
  const statement = analyse(`${head}${body}`, mode);
  const tokens = new Lexer(body, mode).run();
  const { orderBound, ...statements } = programStatements(body, tokens, program.parameters);
  const unsafe = statement.unsafe
    .filter((item) => {
      if (item.kind === 'limit_without_order' || item.kind === 'limit_in_subquery') return false;
      if (item.kind === 'variable_assignment') return !isSet(tokens, item);
      return !(definer && item.kind === 'current_user' && /^CURRENT_(USER|ROLE)/i.test(item.text));
    })
    .map(({ text }) => text);
  unsafe.push(...orderBound);
  if (tokens.some((token) => isWord(token, 'LIMIT'))) unsafe.push('LIMIT');
  if (tokens.some((token) => isWord(token, 'PORTION'))) unsafe.push('FOR PORTION OF');
  const metadata = statement.tables.find(({ schema }) => metadataSchemas.test(schema ?? ''));
  if (metadata) unsafe.push(`${metadata.schema}.${metadata.name}`);
  if (statement.usesRand) unsafe.push('RAND()');
  if (statement.usesSequence) unsafe.push('a sequence');
  // What a procedure sets is read back after it; what runs within a statement is not.
  if (kind !== 'procedure' && statements.userVariablesAssigned.length > 0) {
    unsafe.push('SET of a user variable');
  }
  return {
    ...statements,
    beyond: isOracleMode(sqlMode) ? ['sql_mode ORACLE', ...statements.beyond] : statements.beyond,
    unsafe,
    tables: statement.tables,
    writtenTables: statement.writtenTables,
    functions: statement.functions,
    userVariablesRead: statement.userVariablesRead,
    usesLastInsertId: statement.usesLastInsertId,
    usesUserLock: statement.usesUserLock,
    usesSequence: statement.usesSequence,
    insertsSelected:
      tokens.some((token) => isWord(token, 'INSERT') || isWord(token, 'REPLACE')) &&
      /\b(?:INSERT|REPLACE)\b[^;]*\b(?:SELECT|TABLE)\b/i.test(body),
  };
}

const metadataSchemas = /^(?:information_schema|performance_schema|mysql|sys)$/i;

/** In front of a body the analysis needs what it is the body of. */
const head = 'CREATE PROCEDURE p()\n';

/** SET @x := …, which is as SET @x = … */
function isSet(tokens: readonly Token[], { start }: Unsafe): boolean {
  const index = tokens.findIndex((token) => token.start === start - head.length);
  return isWord(tokens[index - 1], 'SET') && isOperator(tokens[index + 1], ':=');
}

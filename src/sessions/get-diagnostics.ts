import { LockstepError } from '../base/errors.ts';
import { Lexer } from '../sql/lexer.ts';
import { isOperator, isWord, type Token, userVariableName } from '../sql/token.ts';
import { type Answer, errnoOf, okAnswer } from './answer.ts';
import type { Condition } from './ask-conditions.ts';
import { textRequest } from './node-request.ts';
import type { SessionCore } from './session-core.ts';
import { runStatement } from './statement-runner.ts';
import { syntaxError } from './syntax-error.ts';
import { numberOf } from './user-variables.ts';
import type { WriteRequest } from './write-request.ts';

const invalidCondition = { level: 'Error', code: 1758, message: 'Invalid condition number' };

/**
 * GET [CURRENT] DIAGNOSTICS: what is asked for is known here, so that it becomes a SET of the
 * user variables named. Undefined for another statement.
 */
export async function getDiagnostics(
  core: SessionCore,
  { sql, statement }: WriteRequest,
): Promise<Answer | undefined> {
  if (statement.verb !== 'GET DIAGNOSTICS') return undefined;
  const { diagnostics } = core;
  const tokens = new Lexer(sql, core.lexMode).run();
  const start = tokens.findIndex((token) => isWord(token, 'DIAGNOSTICS')) + 1;
  const ofCondition = isWord(tokens[start], 'CONDITION');
  const conditions = await diagnostics.conditions();
  let valueOf = (item: string): string | undefined => {
    if (item === 'NUMBER') return `CAST(${conditions.length} AS UNSIGNED)`;
    return item === 'ROW_COUNT' ? String(diagnostics.rowCount) : undefined;
  };
  if (ofCondition) {
    const condition = conditions[Number(numberAt(core, sql, tokens[start + 1])) - 1];
    if (!condition) {
      diagnostics.raise(invalidCondition);
      diagnostics.noteRowCount(-1);
      return { kind: 'ok', ok: { warnings: 1 } };
    }
    valueOf = (item) => conditionItem(core, condition, item);
  }
  const assignments: string[] = [];
  for (let at = ofCondition ? start + 2 : start; ; at += 4) {
    const [target, equals, item] = tokens.slice(at, at + 3);
    const value = valueOf(item?.text ?? '');
    if (target?.kind !== 'user_variable' || !isOperator(equals, '=') || value === undefined) {
      const place = (value === undefined ? item : target)?.start ?? sql.length;
      throw syntaxError(sql, place, core.lexMode.flavor);
    }
    assignments.push(`${sql.slice(target.start, target.end)}=${value}`);
    if (!isOperator(tokens[at + 3], ',')) break;
  }
  const set = `SET ${assignments.join(',')}`;
  const asSet = { sql: set, statement: core.analyse(set), parameters: [] };
  const before = diagnostics.snapshot();
  const answer = await runStatement(
    core,
    { ...asSet, request: textRequest(set) },
    { stream: false },
  );
  if (errnoOf(answer) !== undefined) return answer;
  // MySQL warns of utf8mb3 where it is written.
  diagnostics.restore(before);
  return okAnswer;
}

/** A condition's number: a literal, or a user variable. */
function numberAt(core: SessionCore, sql: string, token: Token | undefined): string {
  if (token?.kind === 'number') return sql.slice(token.start, token.end);
  if (token?.kind === 'user_variable') {
    return numberOf(core.state.carried.userVariables.get(userVariableName(sql, token)) ?? '0');
  }
  throw new LockstepError('unsupported', 'CONDITION takes a number or a user variable');
}

const emptyItems: ReadonlySet<string> = new Set(
  (
    'CLASS_ORIGIN SUBCLASS_ORIGIN CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME ' +
    'CATALOG_NAME SCHEMA_NAME TABLE_NAME COLUMN_NAME CURSOR_NAME'
  ).split(' '),
);

function conditionItem(core: SessionCore, condition: Condition, item: string): string | undefined {
  if (item === 'MYSQL_ERRNO') return `CAST(${condition.code} AS UNSIGNED)`;
  if (item === 'RETURNED_SQLSTATE')
    return text(core.diagnostics.sqlStateOf(condition, core.lexMode.flavor));
  if (item === 'MESSAGE_TEXT') {
    const results = core.state.carried.settings.get('character_set_results') ?? 'NULL';
    return text(condition.message, results === 'NULL' ? utf8 : results.replaceAll("'", ''));
  }
  return emptyItems.has(item) ? text('') : undefined;
}

/** What the servers speak among themselves, and so the character set of every item. */
const utf8 = 'utf8mb3';

/** An SQL literal of a binary string in a character set, as the servers give it. */
function text(bytes: string, charset = utf8): string {
  const literal = `_${charset} X'${Buffer.from(bytes, 'latin1').toString('hex')}'`;
  const converted = charset === utf8 ? literal : `CONVERT(${literal} USING ${utf8})`;
  return `${converted} COLLATE ${utf8}_general_ci`;
}

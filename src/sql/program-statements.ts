import { isName, isOperator, isWord, nameOf, type Token, userVariableName } from './token.ts';
import { ProgramBody } from './program-body.ts';
import type { TableName } from './statement.ts';
import { lowerName } from './lower-name.ts';

/** What the statements of a stored program's body do, told from their words. */
export interface ProgramStatements {
  /**
   * What no write that is repeated may hold: it ends or undoes the transaction, changes the
   * session, or only the server knows what it does.
   */
  readonly beyond: readonly string[];
  /** What meets rows in an order that nothing fixes, and does something with it. */
  readonly orderBound: readonly string[];
  /** A SELECT of its own that takes no locks. */
  readonly selects: boolean;
  /** It goes on after errors, also those of one node only: a lock that took too long. */
  readonly handlesErrors: boolean;
  /** It may set ROW_COUNT() itself, beside what it calls. */
  readonly countsRows: boolean;
  /** INSERT … ON DUPLICATE KEY UPDATE. */
  readonly upserts: boolean;
  readonly calls: readonly TableName[];
  /** Lower case, without @. */
  readonly userVariablesAssigned: readonly string[];
}

/** `parameters`: names of the program's parameters. */
export function programStatements(
  sql: string,
  tokens: readonly Token[],
  parameters: readonly string[],
): ProgramStatements {
  const statements = splitAtSemicolons(tokens);
  const declared = new Set(parameters.map((name) => lowerName(name)));
  for (const statement of statements) addDeclared(sql, statement, declared);
  return {
    beyond: tokens.flatMap((_token, index) => beyondAt(sql, tokens, index, declared) ?? []),
    orderBound: statements.flatMap((statement) => orderBoundIn(statement) ?? []),
    selects: statements.some(selectsUnlocked),
    handlesErrors: tokens.some((_token, index) => handlesErrorsAt(sql, tokens, index)),
    countsRows: countsRows(tokens),
    upserts: has(tokens, 'DUPLICATE'),
    calls: tokens.flatMap((_token, index) => calledAt(sql, tokens, index) ?? []),
    userVariablesAssigned: assignedVariables(sql, tokens),
  };
}

function splitAtSemicolons(tokens: readonly Token[]): Token[][] {
  const statements: Token[][] = [[]];
  for (const token of tokens) {
    if (isOperator(token, ';')) statements.push([]);
    else statements.at(-1)?.push(token);
  }
  return statements;
}

const has = (statement: readonly Token[], ...words: readonly string[]): boolean =>
  statement.some((token) => token.kind === 'word' && words.includes(token.text));

/** DECLARE a, b INT; the names are followed by a type, which does no harm in the set. */
function addDeclared(sql: string, statement: readonly Token[], declared: Set<string>): void {
  const at = statement.findIndex((token) => isWord(token, 'DECLARE'));
  if (at < 0) return;
  for (let index = at + 1; isName(statement[index]); index += 2) {
    declared.add(lowerName(nameOf(sql, statement[index] as Token)));
    if (!isOperator(statement[index + 1], ',')) return;
  }
}

const beyondWords = new Set(
  (
    'COMMIT ROLLBACK SAVEPOINT XA CREATE ALTER DROP RENAME GRANT REVOKE ANALYZE OPTIMIZE REPAIR ' +
    'FLUSH LOAD UNLOCK KILL PREPARE EXECUTE DEALLOCATE INSTALL UNINSTALL PURGE CHANGE SHUTDOWN'
  ).split(' '),
);
const sessionWords =
  'SESSION GLOBAL LOCAL PERSIST PERSIST_ONLY NAMES TRANSACTION PASSWORD ROLE CHARACTER STATEMENT';
const setIntroducers = new Set(sessionWords.split(' '));

function beyondAt(
  sql: string,
  tokens: readonly Token[],
  index: number,
  declared: ReadonlySet<string>,
): string | undefined {
  const token = tokens[index] as Token;
  if (token.kind !== 'word') return undefined;
  const next = tokens[index + 1];
  if (isOperator(tokens[index - 1], '.')) return undefined;
  if (beyondWords.has(token.text)) return token.text;
  if (token.text === 'TRUNCATE') return isOperator(next, '(') ? undefined : 'TRUNCATE';
  if (token.text === 'START') return isWord(next, 'TRANSACTION') ? 'START TRANSACTION' : undefined;
  if (token.text === 'LOCK') return isWord(next, 'IN') ? undefined : 'LOCK';
  if (token.text === 'SET') return sessionSet(sql, tokens, index + 1, declared);
  return undefined;
}

/** SET of a name that is no variable of the program: `SET sql_mode = …` is one of the session. */
function sessionSet(
  sql: string,
  tokens: readonly Token[],
  from: number,
  declared: ReadonlySet<string>,
): string | undefined {
  const target = tokens[from];
  // CHARACTER SET latin1, a column type SET('a'), UPDATE t SET …
  if (isWord(tokens[from - 2], 'CHARACTER') || isOperator(target, '(')) return undefined;
  if (isOfUpdate(tokens, from - 1) || isOfSignal(tokens, from - 1)) return undefined;
  let depth = 0;
  let expects = true;
  for (let at = from; at < tokens.length; at += 1) {
    const token = tokens[at] as Token;
    if (token.text === '(') depth += 1;
    else if (token.text === ')') depth -= 1;
    if (depth === 0 && token.text === ';') return undefined;
    if (depth === 0 && token.text === ',') {
      expects = true;
      continue;
    }
    if (!expects) continue;
    expects = false;
    if (token.kind === 'system_variable') return 'SET of the session';
    if (!isName(token) || isOperator(tokens[at + 1], '.')) continue;
    if (token.kind === 'word' && setIntroducers.has(token.text)) return `SET ${token.text}`;
    if (!declared.has(lowerName(nameOf(sql, token)))) return `SET ${nameOf(sql, token)}`;
  }
  return undefined;
}

/** UPDATE … SET and INSERT … SET begin in the same statement. */
function isOfUpdate(tokens: readonly Token[], set: number): boolean {
  for (let at = set - 1; at >= 0 && !isOperator(tokens[at], ';'); at -= 1) {
    const token = tokens[at];
    if (isWord(token, 'UPDATE') || isWord(token, 'INSERT') || isWord(token, 'REPLACE')) return true;
    if (isWord(token, 'THEN') || isWord(token, 'ELSE') || isWord(token, 'DO')) return false;
    if (isWord(token, 'BEGIN') || isWord(token, 'LOOP') || isWord(token, 'REPEAT')) return false;
  }
  return false;
}

/** SIGNAL condition SET and RESIGNAL [condition] SET say what the error will be. */
function isOfSignal(tokens: readonly Token[], set: number): boolean {
  for (let at = set - 1; at >= Math.max(set - 4, 0) && !isOperator(tokens[at], ';'); at -= 1) {
    if (isWord(tokens[at], 'SIGNAL') || isWord(tokens[at], 'RESIGNAL')) return true;
  }
  return false;
}

function orderBoundIn(statement: readonly Token[]): string | undefined {
  const ordered = has(statement, 'ORDER');
  if (has(statement, 'CURSOR') && !ordered) return 'a cursor without ORDER BY';
  if (has(statement, 'UPDATE') && has(statement, 'IGNORE')) return 'UPDATE IGNORE';
  const inserts = has(statement, 'INSERT', 'REPLACE') && has(statement, 'SELECT', 'TABLE');
  const merges = has(statement, 'IGNORE', 'REPLACE', 'DUPLICATE');
  return inserts && merges && !ordered ? 'INSERT … SELECT in no order' : undefined;
}

/** SELECT … INTO and results; FOR UPDATE and FOR SHARE lock what they read, but for subqueries. */
function selectsUnlocked(statement: readonly Token[]): boolean {
  const selects = statement.filter((token) => isWord(token, 'SELECT')).length;
  if (selects === 0 || !has(statement, 'FROM')) return false;
  const locks = statement.some(
    (token, index) =>
      (isWord(token, 'FOR') &&
        (isWord(statement[index + 1], 'UPDATE') || isWord(statement[index + 1], 'SHARE'))) ||
      (isWord(token, 'LOCK') && isWord(statement[index + 1], 'IN')),
  );
  return !locks || selects > 1;
}

/** DECLARE … HANDLER FOR anything but NOT FOUND, SQLWARNING and their states. */
function handlesErrorsAt(sql: string, tokens: readonly Token[], index: number): boolean {
  if (!isWord(tokens[index], 'HANDLER') || !isWord(tokens[index + 1], 'FOR')) return false;
  for (let at = index + 2; ; at += 1) {
    const token = tokens[at];
    if (isWord(token, 'NOT') && isWord(tokens[at + 1], 'FOUND')) at += 1;
    else if (isWord(token, 'SQLSTATE')) {
      at += isWord(tokens[at + 1], 'VALUE') ? 2 : 1;
      const state = tokens[at];
      if (!state || !/^'0[12]/.test(sql.slice(state.start, state.end))) return true;
    } else if (!isWord(token, 'SQLWARNING')) return true;
    if (!isOperator(tokens[at + 1], ',')) return false;
    at += 1;
  }
}

/** What is no statement to ROW_COUNT(), on MySQL (seen on 9.7). */
const control = new Set(
  (
    'BEGIN END IF ELSEIF ELSE CASE WHEN LOOP WHILE REPEAT UNTIL FOR LEAVE ITERATE RETURN ' +
    'DECLARE OPEN FETCH CLOSE CALL'
  ).split(' '),
);

function countsRows(tokens: readonly Token[]): boolean {
  const body = new ProgramBody(tokens);
  for (let at = 0; at < tokens.length; at = body.visit(at) + 1) {
    const token = tokens[at];
    if (!body.starts || token?.kind !== 'word' || isOperator(tokens[at + 1], ':')) continue;
    if (token.text === 'SET' ? setsOfSession(tokens, at) : !control.has(token.text)) return true;
  }
  return false;
}

function setsOfSession(tokens: readonly Token[], set: number): boolean {
  const end = tokens.findIndex((token, index) => index > set && isOperator(token, ';'));
  return tokens
    .slice(set, end < 0 ? tokens.length : end)
    .some(({ kind }) => kind === 'user_variable' || kind === 'system_variable');
}

function calledAt(sql: string, tokens: readonly Token[], index: number): TableName | undefined {
  const first = tokens[index + 1];
  if (!isWord(tokens[index], 'CALL') || !isName(first)) return undefined;
  const second = tokens[index + 3];
  if (!isOperator(tokens[index + 2], '.') || !isName(second)) return { name: nameOf(sql, first) };
  return { schema: nameOf(sql, first), name: nameOf(sql, second) };
}

/** SET @x =, SELECT … INTO @x, and whatever is handed to another procedure. */
function assignedVariables(sql: string, tokens: readonly Token[]): string[] {
  const names = new Set<string>();
  let inCall = false;
  let inInto = false;
  for (const [index, token] of tokens.entries()) {
    if (isWord(token, 'CALL')) inCall = true;
    else if (isOperator(token, ';')) inCall = false;
    if (isWord(token, 'INTO')) inInto = true;
    else if (token.kind === 'word') inInto = false;
    if (token.kind !== 'user_variable') continue;
    const before = tokens[index - 1];
    const next = tokens[index + 1];
    const begins = isWord(before, 'SET') || isOperator(before, ',');
    const assigns = isOperator(next, ':=') || (begins && isOperator(next, '='));
    if (assigns || inCall || inInto) names.add(userVariableName(sql, token));
  }
  return [...names];
}

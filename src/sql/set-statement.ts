import { Lexer } from './lexer.ts';
import type { LexMode } from './lex-mode.ts';
import {
  isName,
  isOperator,
  isWord,
  nameOf,
  systemVariableName,
  type Token,
  userVariableName,
} from './token.ts';
import { literalValue } from './literal-value.ts';

/**
 * `transaction_once` is SET TRANSACTION without a scope: the next transaction only.
 * `statement` is one of MariaDB's SET STATEMENT … FOR. `unknown`: a form that we cannot read.
 */
export type SetScope =
  | 'session'
  | 'global'
  | 'persist'
  | 'persist_only'
  | 'user_variable'
  | 'transaction_once'
  | 'transaction_session'
  | 'transaction_global'
  | 'names'
  | 'charset'
  | 'password'
  | 'role'
  | 'default_role'
  | 'resource_group'
  | 'statement'
  | 'unknown';

export interface SetAssignment {
  readonly scope: SetScope;
  /**
   * Variable in lower case; for a transaction's characteristics transaction_isolation and
   * transaction_read_only; for `names` and `charset` character_set_client.
   */
  readonly name: string;
  /** Byte offsets of the value in the text. */
  readonly expressionStart: number;
  readonly expressionEnd: number;
  /** The value where it is one literal or word: strings without quotes, words as written. */
  readonly literal?: string;
  readonly literalKind?: 'word' | 'string' | 'number';
  /** A user variable as the text has it. */
  readonly written?: string;
  /** The y of SET NAMES x COLLATE y. */
  readonly collation?: string;
  /** `@@transaction_read_only` and its like without a scope: for the next transaction only. */
  readonly once?: true;
}

/** The assignments of a SET statement, in order; empty if the text is no SET at all. */
export function parseSet(sql: string, mode: LexMode): SetAssignment[] {
  const tokens = new Lexer(sql, mode).run();
  return isWord(tokens[0], 'SET') ? parseSetTokens(sql, tokens, 1, mode) : [];
}

/**
 * Variables, in lower case, that the text may set where `parseSet` has seen no assignment: behind
 * forms that cannot be read, or within MariaDB's SET STATEMENT … FOR.
 */
export function unreadVariables(
  sql: string,
  mode: LexMode,
  assignments: readonly SetAssignment[],
): string[] {
  const tokens = new Lexer(sql, mode).run();
  const read = new Set(assignments.map(({ expressionStart }) => expressionStart));
  const unread: string[] = [];
  let depth = 0;
  for (const [at, token] of tokens.entries()) {
    if (isOperator(token, '(')) depth += 1;
    else if (isOperator(token, ')')) depth -= 1;
    const assigns = isOperator(tokens[at + 1], '=') || isOperator(tokens[at + 1], ':=');
    if (depth > 0 || !assigns || read.has(tokens[at + 2]?.start ?? -1)) continue;
    const before = tokens[at - 1];
    const begins = before?.kind !== 'operator' || before.text === ',' || before.text === '.';
    if (!begins) continue;
    if (token.kind === 'system_variable') {
      unread.push(systemVariableName(sql, token).replace(/^.*\./, ''));
    } else if (isName(token)) unread.push(nameOf(sql, token).toLowerCase());
  }
  return unread;
}

/** As `parseSet`, from tokens; `at` is behind the word SET. */
export function parseSetTokens(
  sql: string,
  tokens: readonly Token[],
  at: number,
  mode: LexMode,
): SetAssignment[] {
  return new SetParser(sql, tokens, at, mode).run();
}

const onceVariable = /^@@`?(?:transaction|tx)_(?:isolation|read_only)`?$/i;

type Sticky = 'session' | 'global' | 'persist' | 'persist_only';

const scopeWords: Readonly<Record<string, Sticky>> = {
  SESSION: 'session',
  LOCAL: 'session',
  GLOBAL: 'global',
  PERSIST: 'persist',
  PERSIST_ONLY: 'persist_only',
};

class SetParser {
  readonly #sql: string;
  readonly #mode: LexMode;
  readonly #tokens: readonly Token[];
  readonly #assignments: SetAssignment[] = [];
  #at: number;
  /** The latest GLOBAL, SESSION … holds for the bare names behind it (measured on both servers). */
  #sticky: Sticky = 'session';
  #forStatement = false;

  constructor(sql: string, tokens: readonly Token[], at: number, mode: LexMode) {
    this.#sql = sql;
    this.#mode = mode;
    this.#tokens = tokens;
    this.#at = at;
  }

  run(): SetAssignment[] {
    if (isWord(this.#peek(), 'STATEMENT') && isName(this.#peek(1))) {
      this.#forStatement = true;
      this.#at += 1;
    }
    for (;;) {
      this.#element();
      if (!isOperator(this.#peek(), ',')) break;
      this.#at += 1;
    }
    const end = this.#peek();
    if (end !== undefined && end.text !== ';' && !this.#forStatement) this.#unknown();
    return this.#assignments;
  }

  #peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }

  #assigns(ahead: number): boolean {
    const token = this.#peek(ahead);
    return isOperator(token, '=') || isOperator(token, ':=');
  }

  #unknown(): void {
    const start = this.#peek()?.start ?? this.#sql.length;
    this.#at = this.#tokens.length;
    const end = this.#sql.length;
    this.#assignments.push({
      scope: 'unknown',
      name: '',
      expressionStart: start,
      expressionEnd: end,
    });
  }

  #element(): void {
    const token = this.#peek();
    if (token === undefined) return this.#unknown();
    if (token.kind === 'user_variable') return this.#userVariable(token);
    if (token.kind === 'system_variable') return this.#systemVariable(token);
    if (!isName(token)) return this.#unknown();
    if (token.kind === 'word' && !this.#assigns(1) && this.#special(token.text)) return;
    const scope = token.kind === 'word' ? scopeWords[token.text] : undefined;
    if (scope !== undefined && !this.#assigns(1)) {
      this.#at += 1;
      if (isWord(this.#peek(), 'TRANSACTION') && !this.#assigns(1)) {
        return this.#transaction(scope === 'global' ? 'transaction_global' : 'transaction_session');
      }
      this.#sticky = scope;
    }
    this.#bareName();
  }

  /** The forms that are not `name = value`; true if one was read. */
  #special(word: string): boolean {
    const next = this.#peek(1);
    if (word === 'TRANSACTION') this.#transaction('transaction_once');
    else if (word === 'NAMES') this.#names();
    else if (word === 'CHARSET') this.#charset(1);
    else if ((word === 'CHARACTER' || word === 'CHAR') && isWord(next, 'SET')) this.#charset(2);
    else if (word === 'PASSWORD') this.#rest('password', 1);
    else if (word === 'ROLE') this.#rest('role', 1);
    else if (word === 'DEFAULT' && isWord(next, 'ROLE')) this.#rest('default_role', 2);
    else if (word === 'RESOURCE' && isWord(next, 'GROUP')) this.#rest('resource_group', 2);
    else return false;
    return true;
  }

  #rest(scope: SetScope, skip: number): void {
    this.#at += skip;
    const from = this.#at;
    const to = scope === 'password' ? this.#expressionEnd() : this.#statementEnd();
    this.#push(scope, '', from, to);
  }

  #userVariable(token: Token): void {
    if (!this.#assigns(1)) return this.#unknown();
    this.#at += 2;
    const written = this.#sql.slice(token.start, token.end);
    this.#value('user_variable', userVariableName(this.#sql, token), { written });
  }

  #systemVariable(token: Token): void {
    if (!this.#assigns(1)) return this.#unknown();
    this.#at += 2;
    const name = systemVariableName(this.#sql, token);
    const scoped = /^(global|persist|persist_only)\.(.*)$/.exec(name);
    const once = scoped === null && onceVariable.test(this.#sql.slice(token.start, token.end));
    if (scoped === null) this.#value('session', name, once ? { once } : {});
    else this.#value(scoped[1] as SetScope, scoped[2] as string);
  }

  #bareName(): void {
    const token = this.#peek();
    if (!isName(token)) return this.#unknown();
    let name = nameOf(this.#sql, token).toLowerCase();
    let length = 1;
    while (isOperator(this.#peek(length), '.')) {
      const part = this.#peek(length + 1);
      if (!isName(part)) return this.#unknown();
      name += `.${nameOf(this.#sql, part).toLowerCase()}`;
      length += 2;
    }
    if (!this.#assigns(length)) return this.#unknown();
    this.#at += length + 1;
    // MariaDB takes PASSWORD = … anywhere in the list; no server has a variable of that name.
    const scope = name === 'password' ? 'password' : this.#sticky;
    this.#value(this.#forStatement ? 'statement' : scope, name);
  }

  #names(): void {
    this.#at += 1;
    const from = this.#at;
    if (this.#peek() === undefined) return this.#unknown();
    this.#at += 1;
    let collation: string | undefined;
    if (isWord(this.#peek(), 'COLLATE')) {
      collation = literalValue(this.#sql, this.#peek(1), this.#mode)?.text;
      if (collation === undefined) return this.#unknown();
      this.#at += 2;
    }
    const more = collation === undefined ? {} : { collation };
    this.#push('names', 'character_set_client', from, from + 1, more);
  }

  #charset(skip: number): void {
    this.#at += skip;
    const from = this.#at;
    if (this.#peek() === undefined) return this.#unknown();
    this.#at += 1;
    this.#push('charset', 'character_set_client', from, from + 1);
  }

  #transaction(scope: SetScope): void {
    this.#at += 1;
    do {
      const from = this.#at;
      if (isWord(this.#peek(), 'ISOLATION') && isWord(this.#peek(1), 'LEVEL')) {
        this.#at = this.#statementEnd(true);
        const words = this.#tokens.slice(from + 2, this.#at).map((token) => token.text);
        this.#characteristic(scope, 'transaction_isolation', words.join('-'), from + 2);
      } else if (isWord(this.#peek(), 'READ')) {
        const readOnly = isWord(this.#peek(1), 'ONLY') ? '1' : '0';
        this.#at += 2;
        this.#characteristic(scope, 'transaction_read_only', readOnly, from);
      } else return this.#unknown();
    } while (this.#skipComma());
  }

  #skipComma(): boolean {
    if (!isOperator(this.#peek(), ',')) return false;
    this.#at += 1;
    return true;
  }

  #characteristic(scope: SetScope, name: string, literal: string, from: number): void {
    this.#assignments.push({
      scope,
      name,
      expressionStart: this.#tokens[from]?.start ?? this.#sql.length,
      expressionEnd: this.#tokens[this.#at - 1]?.end ?? this.#sql.length,
      literal,
      literalKind: 'word',
    });
  }

  #value(scope: SetScope, name: string, more: Pick<SetAssignment, 'once' | 'written'> = {}): void {
    const from = this.#at;
    const to = this.#expressionEnd();
    if (to === from) return this.#unknown();
    this.#push(scope, name, from, to, more);
  }

  /** Moves behind the expression: to the next comma outside parentheses, or FOR of SET STATEMENT. */
  #expressionEnd(): number {
    let depth = 0;
    while (this.#at < this.#tokens.length) {
      const token = this.#peek() as Token;
      if (token.text === '(') depth += 1;
      else if (token.text === ')') depth -= 1;
      else if (depth === 0 && (token.text === ',' || token.text === ';')) break;
      else if (depth === 0 && this.#forStatement && isWord(token, 'FOR')) break;
      this.#at += 1;
    }
    return this.#at;
  }

  #statementEnd(atComma = false): number {
    while (this.#at < this.#tokens.length) {
      const text = this.#peek()?.text;
      if (text === ';' || (atComma && text === ',')) break;
      this.#at += 1;
    }
    return this.#at;
  }

  #push(
    scope: SetScope,
    name: string,
    from: number,
    to: number,
    more: Pick<SetAssignment, 'collation' | 'once' | 'written'> = {},
  ): void {
    const value = literalOfTokens(this.#sql, this.#tokens.slice(from, to), this.#mode);
    this.#assignments.push({
      scope,
      name,
      expressionStart: this.#tokens[from]?.start ?? this.#sql.length,
      expressionEnd: this.#tokens[to - 1]?.end ?? this.#sql.length,
      ...(value === undefined ? {} : { literal: value.text, literalKind: value.kind }),
      ...more,
    });
  }
}

function literalOfTokens(sql: string, tokens: readonly Token[], mode: LexMode) {
  const [first, second] = tokens;
  if (tokens.length === 1) return literalValue(sql, first, mode);
  const signed = isOperator(first, '-') || isOperator(first, '+');
  if (tokens.length !== 2 || !signed || second?.kind !== 'number') return undefined;
  const sign = isOperator(first, '-') ? '-' : '';
  return { kind: 'number' as const, text: sign + sql.slice(second.start, second.end) };
}

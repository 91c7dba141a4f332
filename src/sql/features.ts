import { bareFunctions, isBuiltinFunction, spaceSensitiveFunctions } from './function-names.ts';
import {
  definitionParenthesisWords,
  perhapsFunctions,
  queryParenthesisWords,
  reservedWords,
} from './keywords.ts';
import type { LexMode } from './lex-mode.ts';
import type { Outline } from './outline.ts';
import {
  isName,
  isOperator,
  isWord,
  nameOf,
  systemVariableName,
  type Token,
  userVariableName,
} from './token.ts';
import { upperWord } from './upper-word.ts';

/** One call: `name(…)`, or a bare CURRENT_USER. `close` is the index of `)` or of the name itself. */
export interface FunctionCall {
  readonly name: string;
  readonly index: number;
  readonly close: number;
}

export interface SystemVariableUse {
  readonly name: string;
  readonly index: number;
}

/** What the tokens mention, wherever they stand. */
export interface Features {
  readonly calls: readonly FunctionCall[];
  readonly hasUnknownFunction: boolean;
  readonly userVariablesRead: readonly string[];
  readonly userVariablesAssigned: readonly string[];
  readonly systemVariables: readonly SystemVariableUse[];
  readonly parameterOffsets: readonly number[];
  readonly locking: boolean;
  /** FOR UPDATE … SKIP LOCKED or NOWAIT, index of the word. */
  readonly skipLocked: number | undefined;
  readonly sequence: boolean;
  readonly into: 'none' | 'outfile' | 'dumpfile' | 'variables';
  readonly calcFoundRows: boolean;
  /** A word that the lexer could not read, or a form only allowed elsewhere. */
  readonly strange: boolean;
}

interface Input {
  readonly sql: string;
  readonly tokens: readonly Token[];
  readonly outline: Outline;
  readonly mode: LexMode;
  /** CREATE, ALTER …: column types and partitions have parentheses; `a@b` is an account. */
  readonly definition: boolean;
  /** It is the definition of a routine, trigger or event, and holds statements. */
  readonly program: boolean;
  /** CALL and EXECUTE may assign the variables they are given. */
  readonly variablesInOut: boolean;
  /** The statement is a SET: `@x =` assigns. */
  readonly set: boolean;
}

export function featuresOf(input: Input): Features {
  return new FeatureScan(input).run();
}

/** Words behind which a name with `(` is being declared or addressed, not called. */
const nameIntroducers = new Set(
  (
    'AS CONSTRAINT EXISTS FUNCTION FULLTEXT INDEX INSERT INTO KEY PARTITION PROCEDURE RECURSIVE ' +
    'REFERENCES REPLACE SEQUENCE SPATIAL TABLE TRIGGER UNIQUE VIEW CALL LIBRARY'
  ).split(' '),
);

/** They may stand between INSERT or REPLACE and a name; behind SELECT some stand before a call. */
const insertModifiers = new Set('IGNORE DELAYED LOW_PRIORITY HIGH_PRIORITY'.split(' '));

class FeatureScan {
  readonly #input: Input;
  readonly #tokens: readonly Token[];
  readonly #calls: FunctionCall[] = [];
  readonly #read: string[] = [];
  readonly #assigned: string[] = [];
  readonly #systemVariables: SystemVariableUse[] = [];
  readonly #parameterOffsets: number[] = [];
  #hasUnknownFunction = false;
  #locking = false;
  #skipLocked: number | undefined;
  #sequence = false;
  #into: Features['into'] = 'none';
  #calcFoundRows = false;
  #strange = false;
  #intoVariables = false;

  constructor(input: Input) {
    this.#input = input;
    this.#tokens = input.tokens;
  }

  run(): Features {
    for (let index = 0; index < this.#tokens.length; index += 1) this.#visit(index);
    return {
      calls: this.#calls,
      hasUnknownFunction: this.#hasUnknownFunction,
      userVariablesRead: this.#read,
      userVariablesAssigned: this.#assigned,
      systemVariables: this.#systemVariables,
      parameterOffsets: this.#parameterOffsets,
      locking: this.#locking,
      skipLocked: this.#skipLocked,
      sequence: this.#sequence,
      into: this.#into,
      calcFoundRows: this.#calcFoundRows,
      strange: this.#strange,
    };
  }

  #visit(index: number): void {
    const token = this.#tokens[index] as Token;
    switch (token.kind) {
      case 'parameter':
        this.#parameterOffsets.push(token.start);
        break;
      case 'user_variable':
        this.#userVariable(token, index);
        break;
      case 'system_variable':
        this.#systemVariables.push({ name: systemVariableName(this.#input.sql, token), index });
        break;
      case 'word':
        if (isOperator(this.#tokens[index + 1], '(')) this.#maybeCall(token, index);
        else if (this.#isBareFunction(token.text)) this.#call(token.text, index, index);
        this.#word(token.text, index);
        break;
      case 'identifier':
        if (isOperator(this.#tokens[index + 1], '(')) this.#maybeCall(token, index);
        break;
      case 'string':
        // A dollar-quoted text: allowed only as the body of a routine or library.
        if (token.text === '$' && !this.#input.definition) this.#strange = true;
        break;
      case 'unknown':
        this.#strange = true;
        break;
      default:
        break;
    }
  }

  #isBareFunction(text: string): boolean {
    if (!bareFunctions.has(text)) return false;
    return text !== 'CURRENT_ROLE' || this.#input.mode.flavor === 'mariadb';
  }

  #word(text: string, index: number): void {
    const next = this.#tokens[index + 1];
    switch (text) {
      case 'FOR':
        if (isWord(next, 'UPDATE') || isWord(next, 'SHARE')) this.#locking = true;
        break;
      case 'LOCK':
        if (isWord(next, 'IN') && isWord(this.#tokens[index + 2], 'SHARE')) this.#locking = true;
        break;
      case 'SKIP':
        if (isWord(next, 'LOCKED')) this.#skipLocked ??= index;
        break;
      case 'NOWAIT':
        this.#skipLocked ??= index;
        break;
      case 'NEXT':
        if (isWord(next, 'VALUE') && isWord(this.#tokens[index + 2], 'FOR')) this.#sequence = true;
        break;
      case 'INTO':
        this.#visitInto(next);
        break;
      case 'SQL_CALC_FOUND_ROWS':
        this.#calcFoundRows = true;
        break;
      default:
        break;
    }
  }

  #visitInto(next: Token | undefined): void {
    if (isWord(next, 'OUTFILE')) this.#into = 'outfile';
    else if (isWord(next, 'DUMPFILE')) this.#into = 'dumpfile';
    else if (next?.kind === 'user_variable') {
      this.#into = 'variables';
      this.#intoVariables = true;
    }
  }

  #userVariable(token: Token, index: number): void {
    const previous = this.#tokens[index - 1];
    const next = this.#tokens[index + 1];
    if (this.#isAccountHost(token, previous)) return;
    const name = userVariableName(this.#input.sql, token);
    if (this.#intoVariables) {
      add(this.#assigned, name);
      this.#intoVariables =
        isOperator(next, ',') && this.#tokens[index + 2]?.kind === 'user_variable';
      return;
    }
    if (isOperator(next, ':=') || (isOperator(next, '=') && this.#equalsAssigns(previous))) {
      add(this.#assigned, name);
      return;
    }
    add(this.#read, name);
    if (this.#input.variablesInOut) add(this.#assigned, name);
  }

  /** In SET, `@x =` is an assignment only at the beginning of a list element. */
  #equalsAssigns(previous: Token | undefined): boolean {
    return this.#input.set && (isWord(previous, 'SET') || isOperator(previous, ','));
  }

  /** `root@localhost`, `'root'@'%'`: the parts of an account touch. */
  #isAccountHost(token: Token, previous: Token | undefined): boolean {
    if (previous === undefined || previous.end !== token.start) return false;
    if (previous.kind === 'string' || previous.kind === 'identifier') return true;
    return previous.kind === 'word' && !reservedWords.has(previous.text);
  }

  #call(name: string, index: number, close: number): void {
    this.#calls.push({ name, index, close });
    if (name === 'NEXTVAL' || name === 'SETVAL') {
      this.#sequence ||= this.#input.mode.flavor === 'mariadb';
    }
  }

  #maybeCall(token: Token, index: number): void {
    const { sql, mode } = this.#input;
    const word = token.kind === 'word' ? token.text : '';
    const close = this.#input.outline.closers.get(index + 1) ?? index;
    if (this.#isGrammar(word, close === index + 2) || this.#isDeclaredName(index)) return;
    const written = word !== '' && token.charset === undefined;
    const name = written ? word : upperWord(nameOf(sql, token));
    this.#call(name, index, close);
    const qualified = isOperator(this.#tokens[index - 1], '.');
    const spaced = (this.#tokens[index + 1] as Token).start !== token.end;
    // A name that the grammar knows calls a stored function when quoted or apart from its `(`.
    const grammarOnly = spaceSensitiveFunctions.has(name) && (spaced || word === '');
    if (qualified || grammarOnly || word === '' || !isBuiltinFunction(name, mode.flavor)) {
      this.#hasUnknownFunction = true;
    }
  }

  /** The word has its parenthesis by the grammar. */
  #isGrammar(word: string, empty: boolean): boolean {
    const { mode, definition, program } = this.#input;
    if ((program || !definition) && perhapsFunctions[mode.flavor].has(word)) return false;
    if (queryParenthesisWords.has(word)) return true;
    // MariaDB has a type UUID, which takes no length: `UUID()` is the function.
    return definition && definitionParenthesisWords.has(word) && !(word === 'UUID' && empty);
  }

  #isDeclaredName(index: number): boolean {
    let first = index;
    while (isOperator(this.#tokens[first - 1], '.') && isName(this.#tokens[first - 2])) first -= 2;
    const previous = this.#tokens[first - 1];
    // Two expressions never stand side by side: behind `)` a name is an alias.
    if (previous === undefined || isOperator(previous, ')')) return true;
    if (this.#introduces(first - 1)) return true;
    // INSERT INTO t VALUE (1)
    if (isWord(this.#tokens[index], 'VALUE') && isName(previous)) return true;
    // CREATE INDEX i ON t (c)
    if (isWord(previous, 'ON') && isWord(this.#tokens[first - 3], 'INDEX')) return true;
    // WITH a (x) AS (…), b (y) AS (…)
    const close = this.#input.outline.closers.get(index + 1);
    if (close === undefined) return false;
    return isWord(this.#tokens[close + 1], 'AS') && isOperator(this.#tokens[close + 2], '(');
  }

  #introduces(at: number): boolean {
    let index = at;
    while (isOneOf(this.#tokens[index], insertModifiers)) index -= 1;
    const word = this.#tokens[index];
    if (index < at) return isWord(word, 'INSERT') || isWord(word, 'REPLACE');
    return isOneOf(word, nameIntroducers);
  }
}

const isOneOf = (token: Token | undefined, words: ReadonlySet<string>): boolean =>
  token?.kind === 'word' && words.has(token.text);

function add(names: string[], name: string): void {
  if (!names.includes(name)) names.push(name);
}

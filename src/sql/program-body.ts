import { isName, isOperator, isWord, type Token } from './token.ts';

type Block = 'begin' | 'if' | 'case' | 'case_expression' | 'loop' | 'while' | 'repeat' | 'for';

const blockWords: Readonly<Record<string, Block>> = {
  BEGIN: 'begin',
  IF: 'if',
  CASE: 'case',
  LOOP: 'loop',
  WHILE: 'while',
  REPEAT: 'repeat',
  FOR: 'for',
};

/** Words of a compound statement behind which a new statement begins. */
const statementIntroducers = new Set(['THEN', 'ELSE', 'DO', 'LOOP', 'REPEAT', 'BEGIN', 'ATOMIC']);

/**
 * Follows the blocks of a stored program. The words of blocks are also names and functions
 * (`IF(a, b, c)`, a column `end`), so that a block opens only where a statement may begin and closes
 * only there, or where a CASE expression is open.
 */
export class ProgramBody {
  readonly #tokens: readonly Token[];
  readonly #blocks: Block[] = [];
  #statementStarts = true;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** A statement may begin at the token that is visited next. */
  get starts(): boolean {
    return this.#statementStarts;
  }

  get depth(): number {
    return this.#blocks.length;
  }

  /** Reads the token at `at`; returns the index of the last token it took. */
  visit(at: number): number {
    const token = this.#tokens[at];
    const starts = this.#statementStarts;
    this.#statementStarts = false;
    if (token === undefined) return at;
    if (token.kind === 'operator') {
      // A label: `name: BEGIN`; and every statement ends in a semicolon.
      this.#statementStarts = token.text === ';' || token.text === ':';
      return at;
    }
    if (token.kind !== 'word') return at;
    if (token.text === 'END' && this.#closes(at, starts)) return this.#close(at);
    if (token.text === 'CASE') {
      this.#blocks.push(starts ? 'case' : 'case_expression');
      return at;
    }
    if (token.text === 'HANDLER' && isWord(this.#tokens[at + 1], 'FOR')) {
      this.#statementStarts = true;
      return this.#handlerConditionsEnd(at + 2);
    }
    if (starts) return this.#statement(token.text, at);
    if (this.#top() !== 'case_expression' && statementIntroducers.has(token.text)) {
      this.#statementStarts = true;
    }
    return at;
  }

  #top(): Block | undefined {
    return this.#blocks[this.#blocks.length - 1];
  }

  #statement(word: string, at: number): number {
    const block = blockWords[word];
    if (block !== undefined) this.#blocks.push(block);
    this.#statementStarts = statementIntroducers.has(word);
    if (word === 'BEGIN' && isWord(this.#tokens[at + 1], 'NOT')) return at + 2;
    return at;
  }

  #closes(at: number, starts: boolean): boolean {
    const top = this.#top();
    if (top === 'case_expression') return true;
    if (starts) return top !== undefined;
    return top === 'repeat' && isWord(this.#tokens[at + 1], 'REPEAT');
  }

  /** END [IF|CASE|LOOP|WHILE|REPEAT|FOR]; what follows is a label or a semicolon. */
  #close(at: number): number {
    const block = this.#blocks.pop();
    if (block === 'case_expression') return at;
    const next = this.#tokens[at + 1];
    return next?.kind === 'word' && blockWords[next.text] === block && block !== 'begin'
      ? at + 1
      : at;
  }

  /** Conditions are separated by commas; the handler's statement follows the last. */
  #handlerConditionsEnd(from: number): number {
    let at = from;
    for (;;) {
      if (isWord(this.#tokens[at], 'NOT')) at += 1;
      else if (isWord(this.#tokens[at], 'SQLSTATE')) {
        at += isWord(this.#tokens[at + 1], 'VALUE') ? 2 : 1;
      }
      if (!isOperator(this.#tokens[at + 1], ',')) return Math.min(at, this.#tokens.length - 1);
      at += 2;
    }
  }
}

/**
 * Where the body of a stored program begins, if the statement at `from` is one: CREATE … PROCEDURE,
 * FUNCTION, TRIGGER, EVENT, ALTER EVENT, or one of MariaDB's compound statements outside programs.
 */
export function programBodyStart(tokens: readonly Token[], from: number): number | undefined {
  const first = tokens[from];
  if (first?.kind !== 'word') return undefined;
  if (first.text === 'BEGIN') return isWord(tokens[from + 1], 'NOT') ? from : undefined;
  if (blockWords[first.text] !== undefined || isOperator(tokens[from + 1], ':')) return from;
  if (first.text !== 'CREATE' && first.text !== 'ALTER') return undefined;
  const object = findObject(tokens, from + 1);
  if (object === undefined) return undefined;
  const word = (tokens[object] as Token).text;
  if (word === 'EVENT') return findWord(tokens, object, 'DO');
  if (first.text === 'ALTER') return undefined;
  if (word === 'TRIGGER') return triggerBody(tokens, object);
  return routineBody(tokens, object);
}

const objectWords = new Set(['PROCEDURE', 'FUNCTION', 'TRIGGER', 'EVENT']);
const headWords = new Set(
  'OR REPLACE DEFINER AGGREGATE CURRENT_USER CURRENT_ROLE SQL SECURITY INVOKER'.split(' '),
);

/** The object's word, behind OR REPLACE, DEFINER = account, AGGREGATE. */
function findObject(tokens: readonly Token[], from: number): number | undefined {
  for (let at = from; at < tokens.length; at += 1) {
    const token = tokens[at] as Token;
    if (token.kind !== 'word') continue;
    if (objectWords.has(token.text)) return at;
    const account = isOperator(tokens[at - 1], '=');
    if (!headWords.has(token.text) && !account) return undefined;
  }
  return undefined;
}

function findWord(tokens: readonly Token[], from: number, word: string): number | undefined {
  for (let at = from; at < tokens.length; at += 1) {
    if (isOperator(tokens[at], ';')) return undefined;
    if (isWord(tokens[at], word)) return at + 1;
  }
  return undefined;
}

function triggerBody(tokens: readonly Token[], object: number): number | undefined {
  const each = findWord(tokens, object, 'EACH');
  if (each === undefined) return undefined;
  const behind = each + 1;
  const ordered = isWord(tokens[behind], 'FOLLOWS') || isWord(tokens[behind], 'PRECEDES');
  return ordered ? behind + 2 : behind;
}

const bodyWords = new Set(
  (
    'BEGIN IF CASE LOOP WHILE REPEAT FOR SELECT INSERT UPDATE DELETE REPLACE SET CALL RETURN DO WITH ' +
    'TRUNCATE CREATE DROP ALTER SIGNAL EXECUTE PREPARE VALUES TABLE'
  ).split(' '),
);

/** Behind `(parameters) [RETURNS type] characteristics`. */
function routineBody(tokens: readonly Token[], object: number): number | undefined {
  let at = object + 1;
  while (at < tokens.length && !isOperator(tokens[at], '(')) at += 1;
  for (let depth = 0; at < tokens.length; at += 1) {
    const token = tokens[at] as Token;
    if (token.text === '(') depth += 1;
    else if (token.text === ')') depth -= 1;
    if (depth > 0) continue;
    if (token.text === ';') return undefined;
    if (isName(token) && isOperator(tokens[at + 1], ':')) return at;
    if (token.kind !== 'word' || !bodyWords.has(token.text)) continue;
    // RETURNS SET('a'), RETURNS CHAR CHARACTER SET latin1
    const type = isWord(tokens[at - 1], 'RETURNS') || isWord(tokens[at - 1], 'CHARACTER');
    if (!type) return at;
  }
  return undefined;
}

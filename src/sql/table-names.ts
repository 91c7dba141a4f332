import { FoundTables, type TableUse } from './found-tables.ts';
import { reservedWords } from './keywords.ts';
import { endsTableList, goesOn, isInIndexHint } from './list-ends.ts';
import { beginsQuery, opensQuery, type Outline } from './outline.ts';
import type { TableName } from './statement.ts';
import { type Level, newLevel } from './table-level.ts';
import { isName, isOperator, isWord, nameOf, type Token } from './token.ts';
import { lowerName } from './lower-name.ts';

/**
 * Collects the tables that a statement names. It walks all tokens with a stack of parentheses and
 * expects a name behind FROM, JOIN, INTO, UPDATE, TABLE …; stored programs are walked the same way,
 * statement by statement. Names that WITH defines are left out where they hide real ones.
 */
export const tablesOf = (input: Input): TableUse => new TableWalk(input).run();

interface Input {
  readonly sql: string;
  readonly tokens: readonly Token[];
  readonly outline: Outline;
  readonly verb: string;
  /** Index of the word that begins the statement itself, behind SET STATEMENT … FOR. */
  readonly main: number;
}

const insertModifiers = new Set('LOW_PRIORITY DELAYED HIGH_PRIORITY IGNORE INTO QUICK'.split(' '));

class TableWalk {
  readonly #sql: string;
  readonly #tokens: readonly Token[];
  readonly #outline: Outline;
  readonly #verb: string;
  readonly #main: number;
  readonly #found = new FoundTables();
  readonly #withNames: string[] = [];
  /** Index of the `)` behind which a WITH name begins to hide tables. */
  readonly #pendingNames = new Map<number, string>();
  readonly #levels: Level[] = [];
  #level: Level = newLevel(true, 0);
  #at = 0;

  constructor({ sql, tokens, outline, verb, main }: Input) {
    this.#sql = sql;
    this.#tokens = tokens;
    this.#outline = outline;
    this.#verb = verb;
    this.#main = main;
  }

  run(): TableUse {
    if (/^(?:GRANT|REVOKE|USE|KILL|XA|EXECUTE|PREPARE|DEALLOCATE)/.test(this.#verb)) {
      return { references: [], tables: [], writtenTables: [] };
    }
    // The arguments of a CALL may be queries.
    if (this.#verb === 'CALL') this.#at = this.#tokens.findIndex((one) => isOperator(one, '('));
    if (this.#at < 0) this.#at = this.#tokens.length;
    for (; this.#at < this.#tokens.length; this.#at += 1) {
      this.#visit(this.#tokens[this.#at] as Token);
    }
    return this.#found.use();
  }

  #visit(token: Token): void {
    const level = this.#level;
    if (token.kind === 'operator') {
      if (token.text === '(') this.#open();
      else if (token.text === ')') this.#close();
      else if (token.text === ',') level.expectTable ||= level.inList;
      else if (token.text === ';') this.#nextStatement();
      else if (token.text === '{' && level.expectTable) this.#at += 1; // { OJ t1 LEFT JOIN t2 … }
      return;
    }
    const named = isName(token) && !isWord(token, 'LATERAL') && !isWord(token, 'SELECT');
    if (level.expectTable && named) {
      level.expectTable = false;
      this.#reference();
      return;
    }
    if (token.kind === 'word' && level.statement) this.#word(token.text);
  }

  /** Of a program. */
  #nextStatement(): void {
    this.#withNames.length = 0;
    this.#level = newLevel(true, 0);
  }

  #open(): void {
    const join = this.#level.expectTable && !beginsQuery(this.#peek());
    const query = opensQuery(this.#tokens, this.#outline, this.#at);
    this.#levels.push(this.#level);
    const level = newLevel(query || join, this.#withNames.length);
    level.expectTable = join;
    level.inList = join;
    level.written = join && this.#level.written;
    this.#level.expectTable = false;
    this.#level = level;
  }

  #close(): void {
    this.#withNames.length = this.#level.namesBefore;
    this.#level = this.#levels.pop() ?? newLevel(true, 0);
    const name = this.#pendingNames.get(this.#at);
    if (name !== undefined) this.#withNames.push(name);
  }

  #peek(ahead = 1): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }

  #list(written = false): void {
    this.#level.expectTable = true;
    this.#level.inList = true;
    this.#level.written = written;
  }

  #word(text: string): void {
    const level = this.#level;
    if (endsTableList(this.#tokens, this.#at)) level.inList = false;
    // Not FOR SYSTEM_TIME AS OF …, nor USE INDEX FOR JOIN (…).
    if (text === 'FOR' && (isWord(this.#peek(), 'UPDATE') || isWord(this.#peek(), 'SHARE'))) {
      level.inList = false;
    }
    switch (text) {
      case 'FROM':
        this.#from();
        break;
      case 'JOIN':
      case 'STRAIGHT_JOIN':
        if (level.inList && !isInIndexHint(this.#tokens, this.#at)) level.expectTable = true;
        break;
      case 'INSERT':
      case 'REPLACE':
        if (this.#isInsert()) this.#insert();
        break;
      case 'UPDATE':
        if (!this.#isEvent() && !isWord(this.#previous(), 'KEY')) this.#update();
        break;
      case 'DELETE':
        if (!this.#isEvent()) this.#delete();
        break;
      case 'WITH':
        this.#with();
        break;
      case 'TABLE':
      case 'TABLES':
        this.#table();
        break;
      case 'USING':
        // DELETE FROM a, b USING a JOIN b
        if (this.#found.hasDeleteTargets && !isOperator(this.#peek(), '(')) this.#list();
        break;
      default:
        this.#definitionWord(text);
    }
  }

  #previous(): Token | undefined {
    return this.#tokens[this.#at - 1];
  }

  /** ON DELETE CASCADE, FOR UPDATE, BEFORE INSERT, AFTER UPDATE: no statement begins here. */
  #isEvent(): boolean {
    const previous = this.#at === this.#main ? undefined : this.#previous();
    return (
      isWord(previous, 'ON') ||
      isWord(previous, 'FOR') ||
      isWord(previous, 'BEFORE') ||
      isWord(previous, 'AFTER') ||
      (isWord(previous, 'OR') && this.#verb === 'CREATE TRIGGER')
    );
  }

  /** Not the function of that name, an event of a trigger, OR REPLACE, LOAD DATA … REPLACE. */
  #isInsert(): boolean {
    if (isOperator(this.#peek(), '(') || this.#isEvent()) return false;
    return !isWord(this.#previous(), 'OR') && !this.#verb.startsWith('LOAD');
  }

  #from(): void {
    if (!this.#verb.startsWith('SHOW') || this.#levels.length > 0) return this.#list();
    // SHOW COLUMNS FROM t FROM db; SHOW TABLES FROM db
    const object = this.#previous();
    if (/^(?:COLUMNS|FIELDS|INDEX|INDEXES|KEYS)$/.test(object?.text ?? '')) {
      this.#level.expectTable = true;
    }
  }

  #insert(): void {
    this.#skipWords(insertModifiers);
    this.#named(true);
  }

  #update(): void {
    this.#skipWords(insertModifiers);
    this.#list(true);
  }

  #delete(): void {
    const modifiers = new Set(['LOW_PRIORITY', 'QUICK', 'IGNORE', 'HISTORY']);
    this.#skipWords(modifiers);
    const behindFrom = isWord(this.#peek(), 'FROM');
    const start = this.#at;
    if (behindFrom) this.#at += 1;
    const targets: TableName[] = [];
    while (isName(this.#peek())) {
      const { table, length } = this.#qualifiedName(this.#at + 1);
      this.#at += length;
      targets.push(table);
      while (isOperator(this.#peek(), '.') || isOperator(this.#peek(), '*')) this.#at += 1;
      if (!isOperator(this.#peek(), ',')) break;
      this.#at += 1;
    }
    if (behindFrom && !isWord(this.#peek(), 'USING')) {
      // Single table: DELETE FROM t [AS] a …; walked again as a list.
      this.#at = start + 1;
      this.#list(true);
      return;
    }
    this.#found.addDeleteTargets(targets);
  }

  #with(): void {
    let cursor = this.#at + 1;
    const recursive = isWord(this.#tokens[cursor], 'RECURSIVE');
    if (recursive) cursor += 1;
    for (;;) {
      const token = this.#tokens[cursor];
      if (!isName(token)) return;
      cursor += 1;
      const columns = this.#outline.closers.get(cursor);
      if (columns !== undefined) cursor = columns + 1;
      const close = this.#outline.closers.get(cursor + 1);
      if (!isWord(this.#tokens[cursor], 'AS') || close === undefined) return;
      const name = lowerName(nameOf(this.#sql, token));
      if (recursive) this.#withNames.push(name);
      else this.#pendingNames.set(close, name);
      if (!isOperator(this.#tokens[close + 1], ',')) return;
      cursor = close + 2;
    }
  }

  #table(): void {
    const previous = this.#previous();
    const verb = this.#verb;
    const defines = /^(?:CREATE|ALTER|DROP|RENAME|TRUNCATE)/.test(verb);
    if (isWord(previous, 'EXCHANGE') || isWord(previous, 'COLUMN')) return;
    if (verb.startsWith('SHOW')) {
      if (isWord(previous, 'CREATE')) this.#named(false);
      return;
    }
    if (verb === 'FLUSH') {
      this.#list();
      return;
    }
    const written = defines || /^(?:OPTIMIZE|REPAIR|ANALYZE|LOAD|IMPORT)/.test(verb);
    this.#skipWords(new Set(['IF', 'NOT', 'EXISTS']));
    if (/^(?:DROP|LOCK|OPTIMIZE|REPAIR|ANALYZE|CHECK|RENAME|FLUSH)/.test(verb)) this.#list(written);
    else this.#named(written);
    if (verb === 'LOCK TABLES') this.#lockTables();
  }

  /** LOCK TABLES t [AS a] READ|WRITE, …: those locked for writing count as written. */
  #lockTables(): void {
    this.#level.expectTable = false;
    this.#level.inList = false;
    for (;;) {
      if (!isName(this.#peek())) return;
      const { table, length } = this.#qualifiedName(this.#at + 1);
      this.#at += length;
      let written = false;
      while (this.#peek() !== undefined && !isOperator(this.#peek(), ',')) {
        written ||= isWord(this.#peek(), 'WRITE');
        this.#at += 1;
      }
      this.#add(table, '', written);
      this.#at += 1;
    }
  }

  #definitionWord(text: string): void {
    const verb = this.#verb;
    const first = this.#levels.length === 0;
    switch (text) {
      case 'REFERENCES':
        this.#named(false);
        break;
      case 'LIKE':
        if (verb === 'CREATE TABLE' && isName(this.#peek())) this.#named(false);
        break;
      case 'VIEW':
      case 'SEQUENCE':
        if (!first || !/^(?:CREATE|ALTER|DROP)/.test(verb)) break;
        this.#skipWords(new Set(['IF', 'NOT', 'EXISTS']));
        if (verb.startsWith('DROP')) this.#list(true);
        else this.#named(true);
        break;
      case 'ON':
        if (first && /^(?:CREATE|DROP) (?:INDEX|TRIGGER)$/.test(verb) && this.#found.empty) {
          this.#named(true);
        }
        break;
      case 'TO':
      case 'RENAME':
        this.#renameTarget(text);
        break;
      default:
        this.#statementWord(text);
    }
  }

  /** RENAME TABLE a TO b, c TO d; ALTER TABLE a RENAME [TO|AS] b. */
  #renameTarget(text: string): void {
    if (this.#levels.length > 0) return;
    if (this.#verb === 'RENAME TABLE' && text === 'TO') {
      this.#named(true);
      this.#level.inList = true;
    }
    if (this.#verb !== 'ALTER TABLE' || text !== 'RENAME') return;
    if (/^(?:COLUMN|INDEX|KEY|PARTITION|CONSTRAINT)$/.test(this.#peek()?.text ?? '')) return;
    if (isWord(this.#peek(), 'TO') || isWord(this.#peek(), 'AS') || isOperator(this.#peek(), '=')) {
      this.#at += 1;
    }
    this.#named(true);
  }

  #statementWord(text: string): void {
    const second = this.#at === 1 || this.#at === 0;
    if (text === 'TRUNCATE' && second && !isWord(this.#peek(), 'TABLE')) this.#named(true);
    else if (text === 'HANDLER' && this.#at === 0) this.#named(false);
    else if (/^(?:DESC|DESCRIBE|EXPLAIN)$/.test(text) && this.#at === 0) this.#describe();
  }

  #describe(): void {
    const next = this.#peek();
    if (next?.kind === 'identifier') return this.#named(false);
    if (next?.kind !== 'word' || reservedWords.has(next.text)) return;
    const ends = this.#tokens.length <= this.#at + 6;
    if (ends && !/^(?:FORMAT|EXTENDED|PARTITIONS|FOR)$/.test(next.text)) this.#named(false);
  }

  #skipWords(words: ReadonlySet<string>): void {
    for (;;) {
      const next = this.#peek();
      if (next?.kind !== 'word' || !words.has(next.text)) return;
      this.#at += 1;
    }
  }

  /** The name right behind the current token. */
  #named(written: boolean): void {
    if (!isName(this.#peek()) || goesOn(this.#peek())) return;
    const { table, length } = this.#qualifiedName(this.#at + 1);
    this.#add(table, '', written);
    this.#at += length;
  }

  /** The name at the current token, in a list of table references. */
  #reference(): void {
    const token = this.#tokens[this.#at] as Token;
    if (isWord(token, 'DUAL')) return;
    const { table, length } = this.#qualifiedName(this.#at);
    const next = this.#tokens[this.#at + length];
    // JSON_TABLE(…) and the like make rows, they are no table.
    if (isOperator(next, '(')) return;
    this.#at += length - 1;
    this.#skipPartition();
    this.#add(table, this.#aliasBehind(), this.#level.written);
  }

  #skipPartition(): void {
    if (!isWord(this.#peek(), 'PARTITION')) return;
    const close = this.#outline.closers.get(this.#at + 2);
    if (close !== undefined) this.#at = close;
  }

  #aliasBehind(): string {
    let next = this.#peek();
    const as = isWord(next, 'AS');
    if (as) next = this.#peek(2);
    if (!isName(next) || (next.kind === 'word' && reservedWords.has(next.text))) return '';
    this.#at += as ? 2 : 1;
    return nameOf(this.#sql, next);
  }

  #qualifiedName(start: number): { table: TableName; length: number } {
    const first = nameOf(this.#sql, this.#tokens[start] as Token);
    const second = this.#tokens[start + 2];
    if (!isOperator(this.#tokens[start + 1], '.') || !isName(second)) {
      return { table: { name: first }, length: 1 };
    }
    return { table: { schema: first, name: nameOf(this.#sql, second) }, length: 3 };
  }

  #add(table: TableName, alias: string, written: boolean): void {
    const hidden = table.schema === undefined && this.#withNames.includes(lowerName(table.name));
    if (!hidden) this.#found.add({ table, alias, written });
  }
}

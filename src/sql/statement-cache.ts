import { analyse } from './analyse.ts';
import type { LexMode } from './lex-mode.ts';
import { isPlainRead } from './plain-read.ts';
import { isPlainWrite } from './plain-write.ts';
import { shapeOf } from './statement-shape.ts';
import type { Statement } from './statement.ts';

/** Texts longer than this (bytes) are analysed each time: they are seldom repeated. */
const cachedTextBytesMax = 16_384;

/** Of SELECT, INSERT, UPDATE, DELETE and REPLACE. */
const firstOfPlain = new Set('SsIiUuDdRr(');

/**
 * `analyse` with a memory of at most `capacity` statements, by text and mode; plain ones, of which
 * applications send the same with ever other literals, by shape. It keeps two generations:
 * when the younger is full it becomes the older, and what is not asked for again is dropped with
 * it. So a hit costs one or two look-ups and no bookkeeping.
 */
export class StatementCache {
  readonly #capacity: () => number;
  #young = new Map<string, Statement>();
  #old = new Map<string, Statement>();
  #mode: LexMode | undefined;
  #modeKey = '';

  /** `capacity` is asked at each new statement. */
  constructor(capacity: () => number) {
    this.#capacity = capacity;
  }

  /** Statements remembered now. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  analyse(sql: string, mode: LexMode): Statement {
    if (sql.length > cachedTextBytesMax) return analyse(sql, mode);
    const shape = firstOfPlain.has(sql.charAt(0)) ? shapeOf(sql) : undefined;
    if (shape !== undefined) {
      const known = this.#find(this.#keyOf(mode) + shape);
      if (known) return known;
    }
    const key = this.#keyOf(mode) + sql;
    const known = this.#find(key);
    if (known) return known;
    const statement = analyse(sql, mode);
    const plain = isPlainRead(statement) || isPlainWrite(statement);
    const byShape = shape !== undefined && plain;
    this.#add(byShape ? this.#keyOf(mode) + shape : key, statement);
    return statement;
  }

  #find(key: string): Statement | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.#add(key, old);
    }
    return old;
  }

  #add(key: string, statement: Statement): void {
    if (this.#young.size >= Math.max(1, Math.floor(this.#capacity() / 2))) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, statement);
  }

  #keyOf(mode: LexMode): string {
    if (mode === this.#mode) return this.#modeKey;
    const flags = (mode.ansiQuotes ? 1 : 0) + (mode.noBackslashEscapes ? 2 : 0);
    this.#mode = mode;
    this.#modeKey = `${mode.flavor}${mode.serverVersion ?? ''}${mode.charset ?? ''}/${flags} `;
    return this.#modeKey;
  }
}

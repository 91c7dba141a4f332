import { analyse } from './analyse.ts';
import { type LexMode, sharedMode } from './lex-mode.ts';
import { isPlainRead } from './plain-read.ts';
import { isPlainWrite } from './plain-write.ts';
import { shapeOf } from './statement-shape.ts';
import type { Statement } from './statement.ts';

/** Texts longer than this (bytes) are analysed each time: they are seldom repeated. */
const cachedTextBytesMax = 16_384;

/** Of SELECT, INSERT, UPDATE, DELETE and REPLACE. */
const firstOfPlain = new Set('SsIiUuDdRr(');

/** Statements by mode, and then by text or shape: a look-up hashes nothing else. */
class Generation {
  size = 0;
  readonly #modes = new Map<LexMode, Map<string, Statement>>();

  ofMode(mode: LexMode): Map<string, Statement> {
    let statements = this.#modes.get(mode);
    if (!statements) {
      statements = new Map();
      this.#modes.set(mode, statements);
    }
    return statements;
  }
}

/**
 * `analyse` with a memory of at most `capacity` statements, by text and mode; plain ones, of which
 * applications send the same with ever other literals, by shape. It keeps two generations:
 * when the younger is full it becomes the older, and what is not asked for again is dropped with
 * it. So a hit costs one or two look-ups and no bookkeeping; it is quickest with a mode of
 * `sharedMode`.
 */
export class StatementCache {
  readonly #capacity: () => number;
  #young = new Generation();
  #old = new Generation();
  /** The mode asked for last, and what is remembered of it. */
  #mode: LexMode | undefined;
  #youngOfMode = new Map<string, Statement>();
  #oldOfMode = new Map<string, Statement>();

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
    if (mode !== this.#mode) this.#turnTo(mode);
    const shape = firstOfPlain.has(sql.charAt(0)) ? shapeOf(sql) : undefined;
    if (shape !== undefined) {
      const known = this.#find(shape);
      if (known) return known;
    }
    const known = this.#find(sql);
    if (known) return known;
    const statement = analyse(sql, mode);
    const plain = isPlainRead(statement) || isPlainWrite(statement);
    this.#add(shape !== undefined && plain ? shape : sql, statement);
    return statement;
  }

  #find(key: string): Statement | undefined {
    const young = this.#youngOfMode.get(key);
    if (young !== undefined) return young;
    const old = this.#oldOfMode.get(key);
    if (old !== undefined) {
      this.#oldOfMode.delete(key);
      this.#old.size -= 1;
      this.#add(key, old);
    }
    return old;
  }

  #add(key: string, statement: Statement): void {
    if (this.#young.size >= Math.max(1, Math.floor(this.#capacity() / 2))) {
      this.#old = this.#young;
      this.#young = new Generation();
      if (this.#mode) this.#turnTo(this.#mode);
    }
    this.#young.size += 1;
    this.#youngOfMode.set(key, statement);
  }

  #turnTo(mode: LexMode): void {
    this.#mode = mode;
    const one = sharedMode(mode);
    this.#youngOfMode = this.#young.ofMode(one);
    this.#oldOfMode = this.#old.ofMode(one);
  }
}

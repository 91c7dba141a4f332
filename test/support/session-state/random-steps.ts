import { seededRandom } from '../../../src/log/testing/seeded-random.ts';
import type { BoundParameter } from '../../../src/protocol/stmt-execute.ts';
import { boundValues, type Sent, type Step } from './step.ts';
import * as words from './vocabulary.ts';

const slots = 2;

/** For where a session starts afresh: see docs/COMPATIBILITY.md on `character_set_database`. */
const inDefaultCharset: Omit<Step, 'who'> = { sent: { kind: 'use', schema: 'app' }, alone: false };

/** Unless what it names is a temporary table, for all others to wait for. */
const actsOnAll = /\b(?:CREATE TABLE|ALTER TABLE|DROP TABLE|TRUNCATE)\b/;

/** What sessions do, by chance, from a seed. */
export class RandomSteps {
  readonly #random: () => number;
  readonly #sessions: number;

  constructor(sessions: number, seed: number) {
    this.#random = seededRandom(seed);
    this.#sessions = sessions;
  }

  make(count: number): Step[] {
    const steps: Step[] = [];
    while (steps.length < count) {
      const who = this.#below(this.#sessions);
      for (const { sent, alone } of this.#some()) {
        steps.push({ who, sent: ofSession(sent, who), alone });
      }
    }
    return countingAlike(inTheirSchema(bindingAlike(steps)));
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)] as T;
  }

  /** Usually one; under table locks, all until they are given back. */
  #some(): Omit<Step, 'who'>[] {
    const kind = this.#random();
    if (kind < 0.02) {
      const inside = Array.from({ length: this.#below(6) }, () => this.#pick(words.underLocks));
      const sqls = [this.#pick(words.tableLocks), ...inside, 'UNLOCK TABLES'];
      return sqls.map((sql, index) => ({ sent: { kind: 'query', sql }, alone: index === 0 }));
    }
    if (kind < 0.04) {
      return [{ sent: { kind: 'query', sql: this.#pick(words.definitions) }, alone: true }];
    }
    const sent = this.#one(kind);
    if (sent.kind === 'reset') return [inDefaultCharset, { sent, alone: false }];
    return [{ sent, alone: 'sql' in sent && actsOnAll.test(sent.sql) }];
  }

  #one(kind: number): Sent {
    if (kind < 0.045) return { kind: 'reset' };
    if (kind < 0.05) return { kind: 'change_user', schema: this.#pick(['app', '']) };
    if (kind < 0.055) return { kind: 'use', schema: this.#pick(['app', 'information_schema']) };
    if (kind < 0.15) return this.#bound();
    if (kind < 0.19) {
      // Its error would be quoted with what follows it: see docs/COMPATIBILITY.md.
      const sqls = Array.from({ length: 2 + this.#below(3) }, () => this.#statement()).filter(
        (sql) => !words.unreadable.test(sql),
      );
      return { kind: 'query', sql: sqls.join('; ') };
    }
    return { kind: 'query', sql: this.#statement() };
  }

  #bound(): Sent {
    const slot = this.#below(slots);
    const kind = this.#random();
    if (kind < 0.4) return { kind: 'prepare', slot, sql: this.#pick(words.bound) };
    if (kind < 0.45) return { kind: 'close', slot };
    const values = Array.from({ length: 3 }, () => this.#pick(boundValues));
    return { kind: 'execute', slot, values };
  }

  #statement(): string {
    const kind = this.#random();
    if (kind < 0.14) return `SELECT ${words.shown.join(', ')}`;
    if (kind < 0.34) return this.#set();
    if (kind < 0.54) return this.#pick(words.asked);
    if (kind < 0.65) return this.#pick(words.ofOwnTable);
    if (kind < 0.75) return this.#pick(words.transactional);
    if (kind < 0.81) return this.#pick(words.failing);
    if (kind < 0.86) return this.#pick(words.ofTemporaryTables);
    if (kind < 0.9) return this.#pick(words.prepared);
    if (kind < 0.92) return this.#pick(words.ofLocks);
    return this.#pick(words.others);
  }

  #set(): string {
    const some = Array.from({ length: 1 + this.#below(2) }, () => this.#assignment());
    // What it has raised itself by then counts as well, on MariaDB: see docs/COMPATIBILITY.md.
    const assignments = some.some((one) => one.includes('warning_count')) ? some.slice(-1) : some;
    return `SET ${assignments.join(', ')}`;
  }

  #assignment(): string {
    if (this.#random() < 0.4) {
      const value = this.#pick(words.values);
      return `@${value === words.notAscii ? 'c' : this.#pick(['a', 'b', 'c'])} = ${value}`;
    }
    const [name, choices] = this.#pick(words.settings);
    return `${this.#pick(['', 'SESSION ', '@@'])}${name} = ${this.#pick(choices)}`;
  }
}

/**
 * On MySQL a parameter stays the number that it once was, see docs/COMPATIBILITY.md: so each
 * execution of a prepared statement binds values of the types of the first.
 */
function bindingAlike(steps: readonly Step[]): Step[] {
  const firsts = new Map<string, readonly BoundParameter[]>();
  return steps.map((step) => {
    const { who, sent } = step;
    if (sent.kind !== 'prepare' && sent.kind !== 'execute') return step;
    const place = `${who} ${sent.slot}`;
    if (sent.kind === 'prepare') {
      firsts.delete(place);
      return step;
    }
    const first = firsts.get(place) ?? sent.values;
    firsts.set(place, first);
    const values = sent.values.map((value, index) => {
      const like = first[index] ?? value;
      return value.type === like.type ? value : like;
    });
    return { ...step, sent: { ...sent, values } };
  });
}

const asksSchema = /DATABASE\(\)/;
const choosesSchema = /\bUSE (?:app|information_schema)/;

/** What is prepared in no schema is in the one chosen since: see docs/COMPATIBILITY.md. */
function inTheirSchema(steps: readonly Step[]): Step[] {
  const inNone = new Set<number>();
  return steps.map((step) => {
    const { who, sent } = step;
    if (sent.kind === 'change_user' && sent.schema === '') inNone.add(who);
    const chooses = sent.kind === 'query' && choosesSchema.test(sent.sql);
    if (chooses || sent.kind === 'use') inNone.delete(who);
    if (sent.kind !== 'prepare' || !inNone.has(who) || !asksSchema.test(sent.sql)) return step;
    return { ...step, sent: { ...sent, sql: 'SELECT ? AS x' } };
  });
}

const keepsNone = /max_error_count = 0/;
const callsWarning = /CALL app\.warns\('x'\)/g;

/** What a CALL raises that keeps nothing is not seen: see docs/COMPATIBILITY.md. */
function countingAlike(steps: readonly Step[]): Step[] {
  const keepNone = new Set<number>();
  return steps.map((step) => {
    const { who, sent } = step;
    if (sent.kind !== 'query') return step;
    if (keepsNone.test(sent.sql)) keepNone.add(who);
    if (!keepNone.has(who)) return step;
    return { ...step, sent: { ...sent, sql: sent.sql.replace(callsWarning, 'CALL app.sets(@a)') } };
  });
}

/** `{own}` becomes the table that only this session uses. */
function ofSession(sent: Sent, who: number): Sent {
  return 'sql' in sent ? { ...sent, sql: sent.sql.replaceAll('{own}', `app.t${who}`) } : sent;
}

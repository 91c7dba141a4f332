import type { Config } from '../../config/config.ts';
import { parseDuration } from '../../config/units.ts';
import type { TableName } from '../../sql/statement.ts';

export type CacheRule = Config['cache']['rules'][number];

/** How a read is kept; undefined where it is not. */
export interface Keeping {
  readonly maxAgeMs: number;
}

/** A read as rules and hints see it. */
export interface AskedRead {
  readonly sql: string;
  readonly tables: readonly TableName[];
  readonly schema: string;
  readonly user: string;
}

/** Which reads are kept, by rules of the configuration and hints in the text. */
export class CacheRules {
  readonly #rules: readonly { readonly rule: CacheRule; readonly pattern: RegExp }[];

  constructor(rules: readonly CacheRule[]) {
    this.#rules = rules.map((rule) => ({ rule, pattern: patternOf(rule.tables) }));
  }

  keeping(read: AskedRead): Keeping | undefined {
    const hint = hintIn(read.sql);
    if (hint) return hint.keep ? { maxAgeMs: hint.maxAgeMs } : undefined;
    const names = read.tables.map(({ schema = read.schema, name }) => `${schema}.${name}`);
    for (const { rule, pattern } of this.#rules) {
      if (rule.user !== undefined && rule.user !== read.user) continue;
      const named = (name: string): boolean => pattern.test(name);
      if (!(rule.keep ? names.every(named) : names.some(named))) continue;
      return rule.keep ? { maxAgeMs: rule.maxAgeMs ?? Number.POSITIVE_INFINITY } : undefined;
    }
    return undefined;
  }
}

/** `shop.*, app.user_?` is not: only `*` stands for anything. Names are compared without case. */
function patternOf(tables: string): RegExp {
  const one = (name: string): string =>
    name
      .trim()
      .replaceAll('`', '')
      .split('*')
      .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
      .join('.*');
  return new RegExp(`^(?:${tables.split(',').map(one).join('|')})$`, 'is');
}

const hint = /\/\*\s*lockstep:\s*(no_cache|cache)(?:\s+max_age\s*=\s*(\w+))?\s*\*\//i;

/** A comment such as `/* lockstep: cache max_age=10s *\/`. */
function hintIn(sql: string): { keep: boolean; maxAgeMs: number } | undefined {
  if (!sql.includes('/*')) return undefined;
  const [, word = '', age] = hint.exec(sql) ?? [];
  if (word === '') return undefined;
  const maxAgeMs = age === undefined ? Number.POSITIVE_INFINITY : parseDuration(age);
  // Rather not kept than for longer than was meant.
  return {
    keep: word.toLowerCase() === 'cache' && maxAgeMs !== undefined,
    maxAgeMs: maxAgeMs ?? 0,
  };
}

import type { Flavor } from '../nodes/server-facts.ts';
import type { Statement } from '../sql/statement.ts';

/** What FOUND_ROWS() is after a statement that has succeeded. */
export type FoundRows =
  /** The rows of its answer, if it had any. */
  | { readonly kind: 'counted' }
  /** What it was before. */
  | { readonly kind: 'kept' }
  | { readonly kind: 'known'; readonly rows: number }
  /** Only the connection that ran it can tell. */
  | { readonly kind: 'asked' };

/** As seen on the servers. */
export function foundRowsAfter(statement: Statement | undefined, flavor: Flavor): FoundRows {
  if (!statement) return { kind: 'kept' };
  const { kind, verb, tables, into, calcFoundRows } = statement;
  if (calcFoundRows || into === 'variables') return { kind: 'asked' };
  if (verb === 'EXPLAIN') {
    return flavor === 'mariadb' && tables.length === 0
      ? { kind: 'known', rows: 0 }
      : { kind: 'kept' };
  }
  if (verb !== 'DO' && kind !== 'set') return { kind: 'counted' };
  if (flavor === 'mariadb') return { kind: tables.length > 0 ? 'asked' : 'kept' };
  return verb === 'DO' ? { kind: 'known', rows: 1 } : { kind: 'kept' };
}

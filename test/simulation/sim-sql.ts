import { lists } from './lists.ts';

/**
 * The little language that simulated servers understand, made so that every mistake shows:
 *
 *   APPEND list token         adds the token, and the version of table t0 that it saw
 *   TAKE from to token        adds the token and the length of another list
 *   COPY from to token        as TAKE, but a function reads the other list without a lock
 *   INSERT row token          error 1062, with the row's token, if the row is there
 *   DELETE row                affected rows tell whether it was there
 *   CREATE|ALTER|DROP TABLE t token
 *
 * Data is a map of text to text; a list is its name in `lists`.
 */
export interface View {
  get(key: string): string | undefined;
  set(key: string, value: string | undefined): void;
  /** As a SELECT without locks sees it. */
  look(key: string): string | undefined;
}

export type Effect =
  | { readonly kind: 'done'; readonly affectedRows: number }
  | { readonly kind: 'error'; readonly errno: number; readonly message?: string };

const done = (affectedRows: number): Effect => ({ kind: 'done', affectedRows });
const failed = (errno: number, message = ''): Effect => ({ kind: 'error', errno, message });

const duplicateKey = 1062;
const tableExists = 1050;
const unknownTable = 1051;

export const isDdl = (sql: string): boolean => /^(CREATE|ALTER|DROP) TABLE t\d/.test(sql);
export const isDml = (sql: string): boolean => /^(APPEND|TAKE|COPY|INSERT|DELETE) [lr]\d/.test(sql);

/** The rows that a statement locks, in the order in which it takes them. */
export function lockedKeys(sql: string, serializable: boolean): readonly string[] {
  const [verb, first = '', second = ''] = sql.split(' ');
  if (verb === 'COPY') return serializable ? [first, second] : [second];
  return verb === 'TAKE' ? [first, second] : [first];
}

/** Runs one statement of data or DDL. */
export function runStatement(sql: string, view: View): Effect {
  if (isDdl(sql)) return runDdl(sql, view);
  const [verb, key = '', other = '', token = ''] = sql.split(' ');
  const known = view.get(key);
  switch (verb) {
    case 'APPEND':
      view.set(key, lists.append(known, other, String(lists.lengthOf(view.get('t0')))));
      return done(known === undefined ? 1 : 2);
    case 'TAKE':
      view.set(other, lists.append(view.get(other), token, String(lists.lengthOf(known))));
      return done(1);
    case 'COPY': {
      const length = String(lists.lengthOf(view.look(key)));
      view.set(other, lists.append(view.get(other), token, length));
      return done(1);
    }
    case 'INSERT':
      if (known !== undefined) return failed(duplicateKey, known);
      view.set(key, other);
      return done(1);
    case 'DELETE':
      view.set(key, undefined);
      return done(known === undefined ? 0 : 1);
    default:
      throw new Error(`the simulated servers do not understand: ${sql}`);
  }
}

function runDdl(sql: string, view: View): Effect {
  const [verb, , table = '', token = ''] = sql.split(' ');
  const known = view.get(table);
  if (verb === 'CREATE') {
    if (known !== undefined) return failed(tableExists);
    view.set(table, lists.append(undefined, token));
    return done(0);
  }
  if (known === undefined) return failed(unknownTable);
  view.set(table, verb === 'DROP' ? undefined : lists.append(known, token));
  return done(0);
}

/** Equal texts mean equal data: what belongs to the application, in a fixed order. */
export function dataText(entries: Iterable<readonly [string, string]>): string {
  return [...entries]
    .filter(([key]) => isData(key))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}

/** `l0`, `r1`, `t2`: not the markers. */
export const isData = (key: string): boolean => key.length === 2;

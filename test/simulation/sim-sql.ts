/**
 * The little language that simulated servers understand, made so that every mistake shows:
 *
 *   APPEND list token         adds the token, and the version of table t0 that it saw
 *   TAKE from to token        adds the token and the length of another list
 *   INSERT row token          error 1062 if the row is there
 *   DELETE row                affected rows tell whether it was there
 *   CREATE|ALTER|DROP TABLE t token
 *
 * Data is a map of text to text; a list is its items joined by commas.
 */
export interface View {
  get(key: string): string | undefined;
  set(key: string, value: string | undefined): void;
}

export type Effect =
  | { readonly kind: 'done'; readonly affectedRows: number }
  | { readonly kind: 'error'; readonly errno: number };

const done = (affectedRows: number): Effect => ({ kind: 'done', affectedRows });
const failed = (errno: number): Effect => ({ kind: 'error', errno });

const duplicateKey = 1062;
const tableExists = 1050;
const unknownTable = 1051;

export const isDdl = (sql: string): boolean => /^(CREATE|ALTER|DROP) TABLE t\d/.test(sql);
export const isDml = (sql: string): boolean => /^(APPEND|TAKE|INSERT|DELETE) [lr]\d/.test(sql);

/** The rows that a statement locks, in the order in which it takes them. */
export function lockedKeys(sql: string): readonly string[] {
  const [verb, first = '', second = ''] = sql.split(' ');
  return verb === 'TAKE' ? [first, second] : [first];
}

/** Runs one statement of data or DDL. */
export function runStatement(sql: string, view: View): Effect {
  if (isDdl(sql)) return runDdl(sql, view);
  const [verb, key = '', other = '', token = ''] = sql.split(' ');
  const known = view.get(key);
  switch (verb) {
    case 'APPEND':
      append(view, key, `${other}@${lengthOf(view.get('t0'))}`);
      return done(known === undefined ? 1 : 2);
    case 'TAKE':
      append(view, other, `${token}@${lengthOf(known)}`);
      return done(1);
    case 'INSERT':
      if (known !== undefined) return failed(duplicateKey);
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
    view.set(table, token);
    return done(0);
  }
  if (known === undefined) return failed(unknownTable);
  view.set(table, verb === 'DROP' ? undefined : `${known},${token}`);
  return done(0);
}

function append(view: View, key: string, item: string): void {
  const known = view.get(key);
  view.set(key, known === undefined ? item : `${known},${item}`);
}

const lengthOf = (list: string | undefined): number =>
  list === undefined ? 0 : list.split(',').length;

/** The tokens in a list, without what they saw. */
export const tokensOf = (list: string | undefined): string[] =>
  list === undefined ? [] : list.split(',').map((item) => item.split('@')[0] ?? '');

/** Equal texts mean equal data: what belongs to the application, in a fixed order. */
export function dataText(entries: Iterable<readonly [string, string]>): string {
  return [...entries]
    .filter(([key]) => /^[lrt]\d/.test(key))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}

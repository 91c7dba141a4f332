import type { TextResult } from '../../src/protocol/result-set.ts';

export const okResult = (affectedRows = 0): TextResult => ({
  kind: 'ok',
  ok: {
    affectedRows,
    lastInsertId: 0n,
    statusFlags: 0,
    warnings: 0,
    info: '',
    sessionChanges: [],
  },
});

export const errResult = (errno: number, message = `error ${errno}`): TextResult => ({
  kind: 'err',
  error: { errno, sqlState: 'HY000', message },
});

export function rowsResult(rows: readonly Readonly<Record<string, string | null>>[]): TextResult {
  const names = Object.keys(rows[0] ?? {});
  return {
    kind: 'rows',
    columns: names.map((name) => ({ name })) as never,
    rows: rows.map((row) => names.map((name) => row[name] ?? null)),
    statusFlags: 0,
  };
}

/** What a statement needs of the transaction it runs in. */
export interface Transaction {
  get(key: string): string | undefined;
  set(key: string, value: string | undefined): void;
  look(key: string): string | undefined;
  keys(prefix: string): string[];
  lock(key: string): Promise<number>;
}

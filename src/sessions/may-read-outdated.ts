/**
 * Whether a SELECT without locks inside a function or trigger of a write may miss what was logged
 * before the write: in a transaction it sees a snapshot, which may be older. Outside of one the
 * write runs alone, so that its snapshot has all there is; at SERIALIZABLE every SELECT locks.
 */
export const mayReadOutdated = (
  transaction: { readonly serializable: boolean } | undefined,
): boolean => transaction !== undefined && !transaction.serializable;

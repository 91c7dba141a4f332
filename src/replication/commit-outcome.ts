import type { Seq } from '../base/brands.ts';

/** It takes effect nowhere, and may be run again. */
export interface Aborted {
  readonly kind: 'aborted';
  readonly reason: string;
  /** The leader is as good as before: what was logged meanwhile broke the premise. */
  readonly overtaken?: true;
}

/** How a commit ended. */
export type CommitOutcome =
  | { readonly kind: 'committed'; readonly seq: Seq }
  | Aborted
  /** The log refused it: rolled back, nothing took effect. */
  | { readonly kind: 'not_logged'; readonly error: Error };

export const aborted = (reason: string): Aborted => ({ kind: 'aborted', reason });

export const overtaken: Aborted = {
  kind: 'aborted',
  reason: 'a transaction that was committed meanwhile gave rows keys that it had found free',
  overtaken: true,
};

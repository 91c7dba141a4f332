import type { Seq } from '../base/brands.ts';

/** How a commit ended. */
export type CommitOutcome =
  | { readonly kind: 'committed'; readonly seq: Seq }
  /** It takes effect nowhere, and may be run again. */
  | { readonly kind: 'aborted'; readonly reason: string }
  /** The log refused it: rolled back, nothing took effect. */
  | { readonly kind: 'not_logged'; readonly error: Error };

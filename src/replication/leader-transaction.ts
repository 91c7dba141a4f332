import type { Seq } from '../base/brands.ts';

/** How the leader's own COMMIT ended, after the entry was in the log. */
export type LeaderCommit =
  | { readonly kind: 'confirmed' }
  /** Lost or refused: whether it took effect must be read from the markers. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** An open transaction on the leader whose statements have all been answered. */
export interface LeaderTransaction {
  /** False once its connection broke: then its locks may be gone. */
  readonly alive: boolean;
  /** Sends the marker row and COMMIT in one packet. Never rejects. */
  commit(seq: Seq): Promise<LeaderCommit>;
  /** Never rejects. */
  rollback(): Promise<void>;
}

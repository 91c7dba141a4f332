import type { KnownDifference } from './frame/judge.ts';

/**
 * What passes on a server and cannot pass through Lockstep. Each has its line in
 * docs/COMPATIBILITY.md; whoever makes one pass removes it from both.
 */
export const knownDifferences: readonly KnownDifference[] = [];

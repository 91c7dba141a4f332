import type { NodeName } from '../base/brands.ts';

/** What a check found. `startedAtS`: when the server started, in seconds since 1970. */
export type HealthCheckResult =
  | { readonly kind: 'healthy'; readonly latencyMs: number; readonly startedAtS?: number }
  /** Nobody answered, or not as a healthy server does. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** The server answered that it is full ("too many connections"): not down. */
  | { readonly kind: 'busy'; readonly reason: string };

/**
 * Asks the node whether it is well. `signal` is aborted when the deadline has passed, after
 * which the answer is ignored. A rejection counts as unreachable.
 */
export type HealthCheck = (node: NodeName, signal: AbortSignal) => Promise<HealthCheckResult>;

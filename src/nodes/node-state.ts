/**
 * The life of a node as an operator sees it.
 *
 *   JOINING ──▶ UP | RECOVERING          UP ──▶ LAGGING (too slow, still applying)
 *   UP | LAGGING | RECOVERING ──▶ DOWN   DOWN ──▶ RECOVERING ──▶ UP
 *   UP ──▶ DRAINING ──▶ DISABLED         DISABLED ──▶ JOINING
 *   any ──▶ QUARANTINED ──▶ RESYNCING ──▶ RECOVERING
 *
 * Only UP serves reads; UP and LAGGING apply live; DOWN and DISABLED accumulate pending entries.
 */
export const nodeStates = [
  'JOINING',
  'UP',
  'RECOVERING',
  'LAGGING',
  'DOWN',
  'DRAINING',
  'DISABLED',
  'QUARANTINED',
  'RESYNCING',
] as const;

export type NodeState = (typeof nodeStates)[number];

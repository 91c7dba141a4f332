/** What an operator does to a node that stays one. */
export const nodeActions = ['enable', 'disable', 'drain', 'resync'] as const;
export type NodeAction = (typeof nodeActions)[number];

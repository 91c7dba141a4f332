import type { NodeState } from '../nodes/node-state.ts';

/** What the line needs to know of a node. */
export interface SummarisedNode {
  readonly name: string;
  readonly state: NodeState;
  readonly inSync: boolean;
  readonly pending: number;
  readonly needsResync: boolean;
}

/** What an operator does about a node that is out, or what happens by itself. */
const remedies: Readonly<Record<NodeState, string>> = {
  JOINING: 'it is being looked at',
  UP: 'it applies what it has yet to apply',
  RECOVERING: 'what it missed is replayed',
  LAGGING: 'it serves again when it has caught up; look at its load',
  DOWN: 'start its server, and what it missed is replayed',
  DRAINING: 'it is disabled when its reads are done',
  DISABLED: 'enable it when it may serve again',
  QUARANTINED: 'resync it, for its data may differ',
  RESYNCING: 'it becomes a copy of another node',
};

/** How things are, in one line: that all is well, or what is wrong and what to do. */
export function summarise(nodes: readonly SummarisedNode[]): string {
  const inSync = nodes.filter((node) => node.inSync).length;
  const pending = nodes.reduce((sum, node) => sum + node.pending, 0);
  const waiting = pending === 0 ? 'nothing' : pending;
  const out = nodes.filter((node) => !node.inSync).map(outOfSync);
  return [`${inSync} of ${nodes.length} nodes in sync, ${waiting} pending`, ...out].join('; ');
}

function outOfSync({ name, state, needsResync }: SummarisedNode): string {
  if (!needsResync || state === 'QUARANTINED') return `${name} is ${state}: ${remedies[state]}`;
  const remedy = state === 'DOWN' ? 'start its server and resync it' : 'resync it to have it back';
  return `${name} is ${state} and needs a resync: ${remedy}`;
}

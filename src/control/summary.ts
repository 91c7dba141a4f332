import type { NodeState } from '../nodes/node-state.ts';

/** What the line needs to know of a node. */
export interface SummarisedNode {
  readonly name: string;
  readonly state: NodeState;
  /** Why it is in that state. */
  readonly reason?: string;
  readonly inSync: boolean;
  readonly pending: number;
  readonly needsResync: boolean;
}

/** What an operator does about a node that is out, or what happens by itself. */
const remedies: Readonly<Record<NodeState, string>> = {
  JOINING: 'it is being looked at',
  UP: 'it applies what it has yet to apply',
  RECOVERING: 'what was missed is replayed',
  LAGGING: 'it serves again when it has caught up; look at its load',
  DOWN: 'start the server, and what was missed is replayed',
  DRAINING: 'it is disabled when its reads are done',
  DISABLED: 'enable it when it may serve again',
  QUARANTINED: 'resync it, for its data may differ',
  RESYNCING: 'it becomes a copy of another node',
};

/**
 * How things are, in one line: that all is well, or what is wrong and what to do. `differing`:
 * nodes that a verification found to hold other data than most, or all when none has a majority.
 */
export function summarise(
  nodes: readonly SummarisedNode[],
  differing: readonly string[] = [],
): string {
  const inSync = nodes.filter((node) => node.inSync).length;
  const pending = nodes.reduce((sum, node) => sum + node.pending, 0);
  const waiting = pending === 0 ? 'nothing' : pending;
  const known = nodes.some(({ state }) => state !== 'QUARANTINED');
  const out = new Map<string, string[]>();
  for (const node of nodes) {
    if (node.inSync) continue;
    const text = outOfSync(node, known);
    out.set(text, [...(out.get(text) ?? []), node.name]);
  }
  const parts = [...out].map(([text, names]) => {
    const verb = names.length === 1 ? 'is' : 'are';
    return `${names.join(', ')} ${verb} ${text}`;
  });
  const served = `${inSync} of ${nodes.length} nodes in sync, ${waiting} pending`;
  return [served, ...parts, ...dataOf(nodes, differing)].join('; ');
}

function dataOf(nodes: readonly SummarisedNode[], differing: readonly string[]): string[] {
  if (differing.length === 0) return [];
  if (differing.length === nodes.length) return ['the nodes hold different data: see verify'];
  const holds = differing.length === 1 ? 'holds' : 'hold';
  return [`${differing.join(', ')} ${holds} other data than most: repair it by verify, or resync`];
}

/** `known`: some node is not in quarantine, so that there may be good data to copy. */
function outOfSync({ state, reason = '', needsResync }: SummarisedNode, known: boolean): string {
  if (state === 'QUARANTINED' && !known) {
    return `${state}: no node has data that this log knows; see the reasons, and log.folder`;
  }
  const remedy = state === 'DOWN' ? remedyOfDown(reason) : remedies[state];
  if (!needsResync || state === 'QUARANTINED') return `${state}: ${remedy}`;
  const resync = state === 'DOWN' ? 'start the server and resync it' : 'resync it to have it back';
  return `${state} and needs a resync: ${resync}`;
}

function remedyOfDown(reason: string): string {
  if (/access denied/i.test(reason)) {
    return "the server does not let Lockstep's account in: correct its password or rights";
  }
  if (reason.startsWith('no answer'))
    return 'the server does not answer: look at it, or restart it';
  return remedies.DOWN;
}

import type { NodeStatus } from '../../src/http/schemas.ts';
import type { Change, DemoAction, DemoNode } from './queries.ts';

export interface NodeAction {
  readonly name: string;
  readonly label: string;
  /** Names what would be done to what; asked where there is a consequence. */
  readonly question: string;
  /** What it would cost; asked before it is done. Undefined: it costs nothing. */
  readonly consequence: string | undefined;
  /** Data or service may suffer. */
  readonly dangerous: boolean;
  readonly change: Change;
}

type State = NodeStatus['state'];
type OperatorAction = 'drain' | 'disable' | 'enable' | 'resync' | 'remove';

const possible: Readonly<Record<State, readonly OperatorAction[]>> = {
  UP: ['drain', 'disable'],
  LAGGING: ['drain', 'disable'],
  DOWN: ['disable', 'remove'],
  RECOVERING: ['disable'],
  JOINING: ['disable'],
  RESYNCING: ['disable'],
  DRAINING: ['disable'],
  DISABLED: ['enable', 'resync', 'remove'],
  QUARANTINED: ['resync', 'remove'],
};

const labels: Readonly<Record<OperatorAction, string>> = {
  drain: 'Drain',
  disable: 'Disable',
  enable: 'Enable',
  resync: 'Resync',
  remove: 'Remove',
};

/** What may be done to a node in its state. */
export const operatorActions = (node: NodeStatus, nodes: readonly NodeStatus[]): NodeAction[] =>
  possible[node.state].map((name) => operatorAction(name, node, nodes));

/** Possible in every state, though it is offered only where it may be wanted. */
export const resyncAction = (node: NodeStatus): NodeAction => operatorAction('resync', node, []);

function operatorAction(
  name: OperatorAction,
  node: NodeStatus,
  nodes: readonly NodeStatus[],
): NodeAction {
  const path = `/nodes/${encodeURIComponent(node.name)}`;
  const change: Change =
    name === 'remove'
      ? { method: 'DELETE', path: `${path}${node.state === 'DOWN' ? '?force=true' : ''}` }
      : { method: 'POST', path: `${path}/${name}` };
  return {
    name,
    label: labels[name],
    question: `${labels[name]} ${node.name}?`,
    dangerous: name === 'resync' || name === 'remove' || name === 'disable',
    change,
    consequence: consequenceOf(name, node, nodes),
  };
}

function consequenceOf(
  action: OperatorAction,
  { name, leader, inSync }: NodeStatus,
  nodes: readonly NodeStatus[],
): string | undefined {
  const left = nodes.filter((node) => node.inSync && node.name !== name).length;
  const copies =
    left === 0
      ? 'No other node is in sync: reads and writes will fail until one is.'
      : `${left} ${left === 1 ? 'node stays' : 'nodes stay'} in sync.`;
  const hand = leader ? ' Another node becomes the leader.' : '';
  const misses = 'What it misses is kept in the log until it is enabled again.';
  const after = `${misses}${hand} ${inSync ? copies : ''}`.trim();
  switch (action) {
    case 'drain':
      return `${name} finishes the reads it has and then serves none. ${after}`;
    case 'disable':
      return `${name} serves no more reads at once. ${after}`;
    case 'resync':
      return `Everything on ${name} is deleted and replaced by a copy of a node in sync.`;
    case 'remove':
      return (
        `${name} is no member of the cluster any more and gets no more writes. Its server keeps ` +
        'the data it has. To take it back, it has to be added and copied anew.'
      );
    case 'enable':
      return undefined;
  }
}

const demoLabels: Readonly<Record<DemoAction, string>> = {
  stop: 'Stop server (SIGTERM)',
  kill: 'Kill server (kill -9)',
  pause: 'Pause server (SIGSTOP)',
  resume: 'Resume server',
  start: 'Start server',
};

/** What the demo can do to the process of a node's server. */
export function serverActions({ name, actions }: DemoNode): NodeAction[] {
  return actions.map((action) => {
    const consequence = serverConsequence(action, name);
    return {
      name: action,
      label: demoLabels[action],
      question: `${action[0]?.toUpperCase()}${action.slice(1)} the server of ${name}?`,
      dangerous: action === 'kill' || action === 'stop' || action === 'pause',
      change: { method: 'POST', path: `/demo/nodes/${encodeURIComponent(name)}/${action}` },
      consequence,
    };
  });
}

function serverConsequence(action: DemoAction, name: string): string | undefined {
  const after =
    'Reads go to other nodes, writes wait for it in the log. ' +
    'When it is started again it replays what it missed.';
  switch (action) {
    case 'stop':
      return `The server of ${name} is shut down in order. ${after}`;
    case 'kill':
      return `The server of ${name} dies at once, as in a crash. ${after}`;
    case 'pause':
      return (
        `The server of ${name} is frozen: it keeps its connections and answers nothing. ` +
        'Lockstep takes it out when it notices. Resume lets it go on.'
      );
    case 'resume':
    case 'start':
      return undefined;
  }
}

import { asError } from '../base/as-error.ts';
import type { NodeConfig } from '../config/config.ts';
import { addressOf } from '../config/member-changes.ts';
import {
  differencesBetween,
  type SettingDifference,
  settingsOf,
} from '../config/placed-settings.ts';
import type { SettingsChange } from '../http/settings-control.ts';
import type { Membership } from './membership.ts';

export type NodeChange = SettingsChange['nodes'][number];

const byName = (nodes: readonly NodeConfig[]) => new Map(nodes.map((node) => [node.name, node]));

/** Takes in the nodes that are wanted and no members yet, or are other servers now, one by one. */
export async function joinWanted(
  membership: Membership,
  wanted: readonly NodeConfig[],
): Promise<NodeChange[]> {
  const members = byName(membership.configs);
  const changes: NodeChange[] = [];
  for (const node of wanted) {
    const member = members.get(node.name);
    if (member === undefined) {
      changes.push(await tried(node, 'added', () => membership.join(node)));
    } else if (addressOf(member) !== addressOf(node)) {
      changes.push(await tried(node, 'replaced', () => membership.putInPlace(node)));
    }
  }
  return changes;
}

/** Lets the members go that are not wanted. */
export async function leaveUnwanted(
  membership: Membership,
  wanted: readonly NodeConfig[],
): Promise<NodeChange[]> {
  const names = byName(wanted);
  const changes: NodeChange[] = [];
  for (const node of membership.configs) {
    if (names.has(node.name)) continue;
    changes.push(await tried(node, 'removed', () => membership.remove(node.name, {})));
  }
  return changes;
}

async function tried(
  { name: node }: NodeConfig,
  change: NodeChange['change'],
  run: () => Promise<void>,
): Promise<NodeChange> {
  try {
    await run();
    return { node, change };
  } catch (error) {
    return { node, change, refused: asError(error).message };
  }
}

/** Nodes that are there on one side only as their addresses, others setting by setting. */
export function nodeDifferences(
  from: readonly NodeConfig[],
  to: readonly NodeConfig[],
): SettingDifference[] {
  const [before, after] = [byName(from), byName(to)];
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].flatMap((name) => {
    const [old, other] = [before.get(name), after.get(name)];
    const path = `nodes.${name}`;
    if (old === undefined) return { path, from: null, to: other ? addressOf(other) : null };
    if (other === undefined) return { path, from: addressOf(old), to: null };
    const sides = [{ nodes: [old] }, { nodes: [other] }] as const;
    return differencesBetween(...sides, settingsOf({ nodes: [old] }).filter(isOfNode));
  });
}

const isOfNode = ({ path }: { readonly path: string }): boolean => path.startsWith('nodes.');

import type { NodeName } from '../base/brands.ts';
import type { NodeConfig } from './config.ts';

/** That a node was added, replaced or removed while Lockstep ran. */
export interface MemberChange {
  readonly name: NodeName;
  /** Where the configuration had the node when it was changed; null: nowhere. */
  readonly configured: string | null;
  /** What the name stands for since; null: nothing, it was removed. */
  readonly node: NodeConfig | null;
}

export interface Members {
  readonly nodes: readonly NodeConfig[];
  /** The changes that still count. */
  readonly changes: readonly MemberChange[];
  /** Names whose change no longer counts, because the configuration was edited after it. */
  readonly overruled: readonly NodeName[];
}

export const addressOf = ({ host, port }: NodeConfig): string => `${host.toLowerCase()}:${port}`;

/**
 * The nodes of the configuration with what was changed while running. For each name the later
 * word counts: a change holds until the configuration gives the name another address, or
 * another node the address.
 */
export function membersOf(
  configured: readonly NodeConfig[],
  changes: readonly MemberChange[],
): Members {
  const places = new Map(configured.map((node) => [node.name, addressOf(node)]));
  const current = changes.filter(({ name, configured: then }) => then === placeOf(places, name));
  const changed = new Set(current.map(({ name }) => name));
  const others = configured.filter(({ name }) => !changed.has(name));
  const taken = new Set(others.map(addressOf));
  const kept = current.filter(({ node }) => node === null || !taken.has(addressOf(node)));
  const byName = new Map(kept.map((change) => [change.name, change]));
  const inPlace = configured.flatMap((node) => {
    const change = byName.get(node.name);
    return change ? (change.node ?? []) : node;
  });
  const added = kept.flatMap(({ name, node }) => (node && !places.has(name) ? node : []));
  const keptNames = new Set(kept.map(({ name }) => name));
  return {
    nodes: [...inPlace, ...added],
    changes: kept,
    overruled: changes.flatMap(({ name }) => (keptNames.has(name) ? [] : name)),
  };
}

/** The changes after a further one. What the configuration says anyway is none. */
export function withChange(
  configured: readonly NodeConfig[],
  changes: readonly MemberChange[],
  { name, node }: { readonly name: NodeName; readonly node: NodeConfig | null },
): readonly MemberChange[] {
  const others = changes.filter((change) => change.name !== name);
  const place = placeOf(new Map(configured.map((one) => [one.name, addressOf(one)])), name);
  if (place === (node && addressOf(node))) return others;
  return [...others, { name, configured: place, node }];
}

/** What the changes make of the configuration, for people; passwords are not in it. */
export function changesText(changes: readonly MemberChange[]): string {
  return changes
    .map(({ name, configured, node }) => {
      if (node === null) return `${name} was removed`;
      const place = addressOf(node);
      return configured === null ? `${name} (${place}) was added` : `${name} is now ${place}`;
    })
    .join(', ');
}

const placeOf = (places: ReadonlyMap<NodeName, string>, name: NodeName): string | null =>
  places.get(name) ?? null;

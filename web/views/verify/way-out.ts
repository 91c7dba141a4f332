import type { VerifiedTable, VerifyReport } from '../../data/shapes.ts';

/** What makes the nodes equal again. */
export type WayOut =
  | { readonly kind: 'nothing' }
  /** Most do not agree: nobody is known to be right. */
  | { readonly kind: 'choose'; readonly nodes: readonly string[] }
  | { readonly kind: 'mend'; readonly nodes: readonly OddNode[] }
  /** It was repaired, and this did not work everywhere. */
  | { readonly kind: 'left'; readonly nodes: readonly string[] };

export interface OddNode {
  readonly name: string;
  readonly tables: number;
  /** Rows of ranges can be replaced; otherwise only a copy of all helps. */
  readonly repairable: boolean;
}

export function wayOutOf({ tables, repairs, repaired }: VerifyReport): WayOut {
  if (repairs !== undefined) {
    const open = repairs.filter(({ outcome }) => outcome === 'refused' || outcome === 'failed');
    if (repaired === true) return { kind: 'nothing' };
    return { kind: 'left', nodes: [...new Set(open.map(({ node }) => node))] };
  }
  const differing = tables.filter(({ equal }) => !equal);
  const all = new Set(tables.flatMap(({ nodes }) => Object.keys(nodes)));
  const odd = [...new Set(differing.flatMap((table) => table.differing))];
  if (odd.length === 0) return { kind: 'nothing' };
  if (odd.length >= all.size) return { kind: 'choose', nodes: odd };
  return {
    kind: 'mend',
    nodes: odd.map((name) => {
      const own = differing.filter((table) => table.differing.includes(name));
      return { name, tables: own.length, repairable: own.every(isOfRows) };
    }),
  };
}

/** It differs in rows alone, which can be replaced by their key. */
export const isOfRows = ({ definitionDiffers, ranges }: VerifiedTable): boolean =>
  definitionDiffers !== true && (ranges ?? []).length > 0 && (ranges ?? []).every(({ key }) => key);

import type { VerifyReport } from './verify-report.ts';

/**
 * The nodes that hold something else than most, by table (`app.users`), as far as was found and
 * nothing has mended since.
 */
export type KnownDifferences = Readonly<Record<string, readonly string[]>>;

/** After a verification of all tables or of `some`: what it did not look at is as before. */
export function differencesAfter(
  before: KnownDifferences,
  report: VerifyReport,
  some: boolean,
): KnownDifferences {
  const missed = new Set<string>(report.missed.map(({ node }) => node));
  const looked = new Set(report.tables.map(nameOf));
  const after = mapped(before, (nodes, table) =>
    some && !looked.has(table) ? nodes : nodes.filter((node) => missed.has(node)),
  );
  if (report.repaired === true) return after;
  const found = report.tables.map((one) => {
    const kept = after[nameOf(one)] ?? [];
    return [nameOf(one), [...new Set([...kept, ...one.differing])]] as const;
  });
  return mapped({ ...after, ...Object.fromEntries(found) }, (nodes) => nodes);
}

/** After `node` became a copy of `source`, which then differs from it no more. */
export const differencesAfterResync = (
  before: KnownDifferences,
  node: string,
  source: string,
): KnownDifferences =>
  mapped(before, (nodes) => {
    const left = nodes.filter((name) => name !== node);
    return left.length === 1 && left[0] === source ? [] : left;
  });

export const differencesWithout = (before: KnownDifferences, node: string): KnownDifferences =>
  mapped(before, (nodes) => nodes.filter((name) => name !== node));

/** By name, each once. */
export const nodesOf = (differences: KnownDifferences): string[] =>
  [...new Set(Object.values(differences).flat())].toSorted();

const nameOf = ({ schema, table }: { schema: string; table: string }): string =>
  `${schema}.${table}`;

/** Without tables of which no node is left. */
function mapped(
  differences: KnownDifferences,
  change: (nodes: readonly string[], table: string) => readonly string[],
): KnownDifferences {
  const changed = Object.entries(differences).map(
    ([table, nodes]) => [table, change(nodes, table)] as const,
  );
  return Object.fromEntries(changed.filter(([, nodes]) => nodes.length > 0));
}

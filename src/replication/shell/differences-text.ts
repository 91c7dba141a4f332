import type { ComparedTable } from './node-contents.ts';

const rowsShownMax = 20;

/** A table of what differs, one line a table and one column a node; the first few. */
export function differencesText(tables: readonly ComparedTable[]): string {
  const differing = tables.filter(({ equal }) => !equal);
  const nodes = Object.keys(differing[0]?.nodes ?? {});
  const rows = differing
    .slice(0, rowsShownMax)
    .map(({ schema, table, nodes: found }) =>
      [`${schema}.${table}`].concat(nodes.map((node) => cell(table, found[node]))),
    );
  const all = [['', ...nodes], ...rows];
  const widths = nodes.map((_, index) => widest(all.map((row) => row[index + 1] ?? '')));
  const first = widest(all.map((row) => row[0] ?? ''));
  const lines = all.map(([name = '', ...cells]) =>
    [name.padEnd(first), ...cells.map((text, index) => text.padEnd(widths[index] ?? 0))]
      .join('  ')
      .trimEnd(),
  );
  const more = differing.length - rowsShownMax;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

const widest = (texts: readonly string[]): number =>
  texts.reduce((width, text) => Math.max(width, text.length), 0);

function cell(table: string, found: { rows: number; checksum: string } | undefined): string {
  if (!found || found.checksum === 'absent') return 'missing';
  const checksum = found.checksum.slice(0, 8);
  // What has its kind behind its name has no rows.
  return table.endsWith(')') ? checksum : `${found.rows} rows (${checksum})`;
}

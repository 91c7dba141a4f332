export interface TableColumn {
  readonly head: string;
  readonly align?: 'left' | 'right';
  /** The column that is shortened when the table is wider than the terminal. */
  readonly shrinks?: boolean;
}

const gap = '  ';
const shrunkWidthMin = 8;

/** Rows as aligned columns, no line longer than `widthMax` as far as shrinking goes. */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  widthMax: number,
): string {
  const heads = columns.map(({ head }) => head);
  const cleaned = rows.map((row) => row.map((cell) => printable(cell)));
  const widths = columns.map(({ head }, index) =>
    Math.max(head.length, ...cleaned.map((row) => (row[index] ?? '').length)),
  );
  const total = widths.reduce((sum, width) => sum + width, 0) + gap.length * (columns.length - 1);
  const shrinking = columns.findIndex(({ shrinks }) => shrinks === true);
  if (total > widthMax && shrinking !== -1) {
    const width = (widths[shrinking] ?? 0) - (total - widthMax);
    widths[shrinking] = Math.max(shrunkWidthMin, width);
  }
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        const fitted = cell.length > width ? `${cell.slice(0, width - 1)}…` : cell;
        return columns[index]?.align === 'right' ? fitted.padStart(width) : fitted.padEnd(width);
      })
      .join(gap)
      .trimEnd();
  return [heads, ...cleaned].map(line).join('\n');
}

/** One line, without the control characters that would move a terminal's cursor. */
export function printable(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/\p{Cc}/gu, '�');
}

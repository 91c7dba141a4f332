export interface TableColumn {
  readonly head: string;
  readonly align?: 'left' | 'right';
  /** Shortened when the table is wider than the terminal. */
  readonly shrinks?: boolean;
  /** Left out when shortening is not enough; the highest goes first. */
  readonly drops?: number;
  /** Colours a cell that has its final width. */
  readonly paint?: (cell: string, row: number) => string;
}

const gap = '  ';
const shrunkWidthMin = 8;

interface Fitted {
  readonly column: TableColumn;
  readonly index: number;
  width: number;
}

/** Aligned columns, no line longer than `widthMax` as far as shrinking and leaving out go. */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  widthMax: number,
): string {
  const cleaned = rows.map((row) => row.map((cell) => printable(cell)));
  const shown = fitColumns(
    columns.map((column, index) => {
      const cells = cleaned.map((row) => (row[index] ?? '').length);
      return { column, index, width: Math.max(column.head.length, ...cells) };
    }),
    widthMax,
  );
  const line = (cells: readonly string[], row: number): string =>
    shown
      .map(({ column, index, width }, place) => {
        const cell = fitText(cells[index] ?? '', width);
        const isLast = place === shown.length - 1 && column.align !== 'right';
        const text = isLast ? cell : padded(cell, width, column.align);
        return row >= 0 && column.paint ? column.paint(text, row) : text;
      })
      .join(gap)
      .trimEnd();
  const heads = columns.map(({ head }) => head);
  return [line(heads, -1), ...cleaned.map((cells, row) => line(cells, row))].join('\n');
}

function fitColumns(columns: readonly Fitted[], widthMax: number): readonly Fitted[] {
  let shown = columns;
  const least = ({ column, width }: Fitted): number =>
    column.shrinks === true ? Math.min(width, shrunkWidthMin) : width;
  while (totalOf(shown.map(least)) > widthMax) {
    const order = shown.map(({ column }) => column.drops ?? 0);
    const most = Math.max(...order);
    if (most === 0) break;
    const dropped = order.lastIndexOf(most);
    shown = shown.filter((_, index) => index !== dropped);
  }
  const over = (): number => totalOf(shown.map(({ width }) => width)) - widthMax;
  // The widest gives first, so that none is short while another is long.
  const shrinking = shown
    .filter(({ column }) => column.shrinks === true)
    .toSorted((a, b) => b.width - a.width);
  for (const one of shrinking) {
    if (over() > 0) one.width = Math.max(Math.min(one.width, shrunkWidthMin), one.width - over());
  }
  return shown;
}

const totalOf = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width, 0) + gap.length * Math.max(0, widths.length - 1);

const padded = (cell: string, width: number, align: TableColumn['align']): string =>
  align === 'right' ? cell.padStart(width) : cell.padEnd(width);

/** With an ellipsis where something is missing. */
export function fitText(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
}

/** One line, without the control characters that would move a terminal's cursor. */
export function printable(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/\p{Cc}/gu, '�');
}

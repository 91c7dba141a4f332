import { useMemo, useRef } from 'react';
import { useVirtualRows } from '../../parts/virtual-rows.ts';
import { textOf } from './export-rows.ts';
import type { Column, Row } from './query-shapes.ts';

interface ResultGridProps {
  readonly label: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

const rowHeight = 26;
const characterWidth = 7.4;
const cellPadding = 22;
const widths = { min: 56, max: 420, sampled: 100 };
/** As the protocol calls them. */
const numberTypes = new Set([
  ...['TINY', 'SHORT', 'INT24', 'LONG', 'LONGLONG', 'YEAR'],
  ...['FLOAT', 'DOUBLE', 'DECIMAL', 'NEWDECIMAL'],
]);
const shownCharactersMax = 500;

/** Draws only the rows that are seen, so that ten thousand cost no more than forty. */
export function ResultGrid({ label, columns, rows }: ResultGridProps) {
  const box = useRef<HTMLDivElement>(null);
  const { first, end } = useVirtualRows(box, { rows: rows.length, rowHeight });
  const layout = useMemo(() => layoutOf(columns, rows), [columns, rows]);
  const width = layout.reduce((sum, column) => sum + column.width, 0);
  return (
    <div
      className="grid-box"
      ref={box}
      tabIndex={0}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length}
    >
      <div className="grid-head" role="row" aria-rowindex={1} style={{ minWidth: width }}>
        {columns.map(({ name, type }, index) => (
          <div
            key={index}
            role="columnheader"
            className={layout[index]?.number ? 'number' : ''}
            style={{ flexBasis: layout[index]?.width }}
            title={`${name} (${type})`}
          >
            {name}
          </div>
        ))}
      </div>
      <div role="rowgroup" style={{ height: rows.length * rowHeight, minWidth: width }}>
        {rows.slice(first, end).map((row, index) => (
          <div
            key={first + index}
            role="row"
            aria-rowindex={first + index + 2}
            className="grid-row"
            style={{ transform: `translateY(${(first + index) * rowHeight}px)` }}
          >
            {columns.map((_, place) => (
              <Cell key={place} value={row[place]} {...(layout[place] ?? plainColumn)} />
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

interface ColumnLayout {
  readonly width: number;
  readonly number: boolean;
}

const plainColumn: ColumnLayout = { width: widths.min, number: false };

function Cell({ value, width, number }: ColumnLayout & { readonly value: unknown }) {
  const isNull = value === null || value === undefined;
  const text = textOf(value);
  const cut = text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)} …` : text;
  return (
    <div
      role="cell"
      className={`${number ? 'number' : ''} ${isNull ? 'null' : ''}`}
      style={{ flexBasis: width }}
      title={cut.length > 30 ? cut : undefined}
    >
      {cut}
    </div>
  );
}

/** From the header and the first rows: a fixed width, or the grid would jump while it scrolls. */
function layoutOf(columns: readonly Column[], rows: readonly Row[]): ColumnLayout[] {
  const sample = rows.slice(0, widths.sampled);
  return columns.map(({ name, type }, index) => {
    const longest = sample.reduce(
      (most, row) => Math.max(most, textOf(row[index]).length),
      name.length,
    );
    const wanted = Math.ceil(longest * characterWidth) + cellPadding;
    return {
      width: Math.min(widths.max, Math.max(widths.min, wanted)),
      number: numberTypes.has(type),
    };
  });
}

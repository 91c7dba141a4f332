import type { ReactNode } from 'react';

export interface DataColumn<Row> {
  readonly name: string;
  /** Words for a screen reader alone. */
  readonly hidden?: boolean;
  /** A number stands at the right, `wide` takes what room is left, `short` never breaks. */
  readonly kind?: 'number' | 'wide' | 'short' | 'text';
  readonly cell: (row: Row) => ReactNode;
}

interface DataTableProps<Row> {
  readonly label: string;
  readonly columns: readonly DataColumn<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row, index: number) => string | number;
}

const headClass = { number: 'number', wide: 'wide', short: '', text: '' } as const;
const cellClass = {
  number: 'number nowrap',
  wide: 'statement',
  short: 'nowrap',
  text: '',
} as const;

/** A list of things by their columns; where there is no room for these, each is a card. */
export function DataTable<Row>({ label, columns, rows, keyOf }: DataTableProps<Row>) {
  return (
    <div className="scroll framed">
      <table className="table data-table" aria-label={label}>
        <thead>
          <tr>
            {columns.map(({ name, kind = 'short', hidden }) => (
              <th key={name} scope="col" className={headClass[kind]}>
                {hidden ? <span className="visually-hidden">{name}</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={keyOf(row, index)}>
              {columns.map(({ name, kind = 'short', hidden, cell }) => (
                <td key={name} className={cellClass[kind]} data-label={hidden ? undefined : name}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A statement, cut after some lines; the whole of it is its title. */
export const Statement = ({ sql }: { readonly sql: string }) => (
  <code className="sql clipped" title={sql}>
    {sql}
  </code>
);

import type { Column, Row } from './query-shapes.ts';

export interface Exported {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

export function textOf(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** RFC 4180; NULL is an empty field, as spreadsheets have it. */
export function csvOf({ columns, rows }: Exported): string {
  const lines = [columns.map(({ name }) => name), ...rows].map((row) =>
    row.map((value) => quoted(value)).join(','),
  );
  return `${lines.join('\r\n')}\r\n`;
}

function quoted(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = textOf(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What a spreadsheet takes from the clipboard. */
export function tabbedOf({ columns, rows }: Exported): string {
  const lines = [columns.map(({ name }) => name), ...rows].map((row) =>
    row.map((value) => textOf(value).replaceAll(/[\t\r\n]+/g, ' ')).join('\t'),
  );
  return lines.join('\n');
}

/** Columns of one name get a number, or only the last of them would be left. */
export function jsonOf({ columns, rows }: Exported): string {
  const seen = new Map<string, number>();
  const names = columns.map(({ name }) => {
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before === 0 ? name : `${name}_${before + 1}`;
  });
  const objects = rows.map((row) =>
    Object.fromEntries(names.map((name, index) => [name, row[index] ?? null])),
  );
  return `${JSON.stringify(objects, null, 2)}\n`;
}

export function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

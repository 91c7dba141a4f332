import { readBinaryValue, writeBinaryValue } from './binary-value.ts';
import type { BinaryType, BinaryValue } from './binary-value.ts';
import { ColumnFlag } from './column-definition.ts';
import type { ColumnDefinition41 } from './column-definition.ts';
import { malformed, PayloadReader } from './packet-reader.ts';
import { PayloadWriter } from './packet-writer.ts';

/** The bitmap of a row, unlike that of parameters, begins with two unused bits. */
const bitmapOffset = 2;

/** Source: page "Binary Protocol Resultset Row". */
export function decodeBinaryRow(
  payload: Buffer,
  columns: readonly Pick<ColumnDefinition41, 'type' | 'flags'>[],
): BinaryValue[] {
  const reader = new PayloadReader(payload);
  if (reader.u8() !== 0) throw malformed('not a binary row');
  const bitmap = reader.bytes(bitmapBytes(columns.length, bitmapOffset));
  return columns.map((column, index) =>
    isNullAt(bitmap, index + bitmapOffset) ? null : readBinaryValue(reader, typeOf(column)),
  );
}

export function encodeBinaryRow(
  values: readonly BinaryValue[],
  columns: readonly Pick<ColumnDefinition41, 'type' | 'flags'>[],
): Buffer {
  const writer = new PayloadWriter(64).u8(0);
  writer.bytes(nullBitmap(values, bitmapOffset));
  for (const [index, column] of columns.entries()) {
    const value = values[index] ?? null;
    if (value !== null) writeBinaryValue(writer, typeOf(column), value);
  }
  return writer.finish();
}

function typeOf({ type, flags }: Pick<ColumnDefinition41, 'type' | 'flags'>): BinaryType {
  return { type, unsigned: (flags & ColumnFlag.UNSIGNED) !== 0 };
}

export function bitmapBytes(count: number, offset: number): number {
  return (count + offset + 7) >> 3;
}

export function isNullAt(bitmap: Buffer, bit: number): boolean {
  return ((bitmap[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
}

export function nullBitmap(values: readonly unknown[], offset: number): Buffer {
  const bitmap = Buffer.alloc(bitmapBytes(values.length, offset));
  for (const [index, value] of values.entries()) {
    if (value !== null) continue;
    const bit = index + offset;
    bitmap[bit >> 3] = (bitmap[bit >> 3] ?? 0) | (1 << (bit & 7));
  }
  return bitmap;
}

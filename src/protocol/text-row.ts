import { PayloadReader } from './packet-reader.ts';
import { PayloadWriter } from './packet-writer.ts';

const nullByte = 0xfb;

/** The values of a text row as views into it. Source: page "Text Resultset Row". */
export function decodeTextRow(payload: Buffer): (Buffer | null)[] {
  const values: (Buffer | null)[] = [];
  const reader = new PayloadReader(payload);
  while (!reader.atEnd) values.push(reader.nullableLenencBytes());
  return values;
}

/** Strings are written as UTF-8. */
export function encodeTextRow(values: readonly (Uint8Array | string | null)[]): Buffer {
  const writer = new PayloadWriter(64);
  for (const value of values) {
    if (value === null) writer.u8(nullByte);
    else writer.lenencBytes(typeof value === 'string' ? Buffer.from(value, 'utf8') : value);
  }
  return writer.finish();
}

import { expect, test } from 'vitest';
import { nodeName, seq } from '../base/brands.ts';
import { checkRecord } from './check-record.ts';
import { encodeEntry } from './entry-codec.ts';
import { encodeIntent } from './intent.ts';
import { entryOf } from './testing/entries.ts';

const entry = entryOf(7, 'DELETE FROM t');
const intent = encodeIntent({ leader: nodeName('mysql1'), fingerprint: 'f', entry });

test('a record holds the entry of its seq, an intent too', () => {
  checkRecord({ seq: seq(7), kind: 'entry', payload: encodeEntry(entry) });
  checkRecord({ seq: seq(7), kind: 'intent', payload: intent });
});

test('another entry, or nothing that can be read, is damage', () => {
  const damaged = { code: 'log_corrupt' };
  const wrong = [
    { seq: seq(8), kind: 'entry', payload: encodeEntry(entry) },
    { seq: seq(7), kind: 'entry', payload: encodeEntry(entry).subarray(0, 20) },
    { seq: seq(8), kind: 'intent', payload: intent },
    { seq: seq(7), kind: 'intent', payload: intent.subarray(0, 9) },
    { seq: seq(7), kind: 'intent', payload: Buffer.alloc(2) },
  ] as const;
  for (const record of wrong) {
    expect(() => checkRecord(record)).toThrow(expect.objectContaining(damaged));
  }
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seq } from '../base/brands.ts';
import { type Command, comparables, type Pins } from './command.ts';
import { type Entry, entryKinds } from './entry.ts';
import { decodeEntry, encodeEntry } from './entry-codec.ts';
import { commandOf, entryOf } from './testing/entries.ts';

/** Text is bytes: one character is one of them. */
const bytes = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes));
const seqs = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }).map(seq);

const pins: fc.Arbitrary<Pins> = fc.record(
  {
    timestamp: bytes,
    insertId: bytes,
    lastInsertId: bytes,
    randSeed1: bytes,
    randSeed2: bytes,
    userVariables: fc.array(fc.tuple(bytes, bytes), { maxLength: 3 }),
  },
  { requiredKeys: [] },
);

const parameters = fc.array(fc.tuple(fc.nat(), bytes), { maxLength: 3 });
const commands: fc.Arbitrary<Command> = fc
  .record({
    sql: bytes,
    parameters,
    context: fc.record({
      schema: fc.constantFrom('', 'app', 'other'),
      settings: fc.constantFrom('', "SET sql_mode=''"),
    }),
    pins,
    file: fc.option(fc.record({ id: bytes, bytes: fc.nat(), crc: fc.nat(0xffffffff) }), {
      nil: undefined,
    }),
    result: fc.record({
      affectedRows: fc.nat(),
      insertId: fc.nat().map(String),
      errno: fc.integer({ min: 0, max: 65_535 }),
      comparable: fc.constantFrom(...comparables),
    }),
  })
  .map(({ parameters: pairs, file, ...command }) =>
    Object.assign(command, {
      ...(file && { file }),
      parameters: pairs.map(([, literal]) => literal),
      parameterOffsets: pairs.map(([offset]) => offset),
    }),
  );

const entries: fc.Arbitrary<Entry> = fc.record({
  seq: seqs,
  epoch: fc.nat(),
  kind: fc.constantFrom(...entryKinds),
  atMs: fc.nat(),
  lastCommitted: seqs,
  confirmed: seqs,
  commands: fc.array(commands, { maxLength: 5 }),
});

test('what is decoded is what was encoded', () => {
  fc.assert(
    fc.property(entries, (entry) => {
      expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
    }),
  );
});

test('an entry cut short anywhere is corrupt, never another entry', () => {
  fc.assert(
    fc.property(entries, fc.double({ min: 0, max: 0.999, noNaN: true }), (entry, share) => {
      const whole = encodeEntry(entry);
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      expect(() => decodeEntry(cut)).toThrow(expect.objectContaining({ code: 'log_corrupt' }));
    }),
  );
});

test('what names no file is still written as version 2 had it', () => {
  const entry = entryOf(1, 'DELETE FROM t');
  expect(encodeEntry(entry)[0]).toBe(2);
  const [command] = entry.commands;
  const file = { id: 'f', bytes: 1, crc: 2 };
  expect(encodeEntry({ ...entry, commands: [{ ...command!, file }] })[0]).toBe(3);
});

test('contexts are those of the entry itself, whatever was read before it', () => {
  const inSchema = (schema: string): Entry => {
    const context = { schema, settings: 'SET x=1' };
    return { ...entryOf(1), commands: [commandOf('X', { context })] };
  };
  const all = ['a', 'a', 'b', 'a', 'ab', ''].map(inSchema);
  const read = all.map(encodeEntry).map(decodeEntry);
  expect(read).toEqual(all);
  expect(read[1]!.commands[0]!.context).toBe(read[0]!.commands[0]!.context);
});

test('a large statement grows the buffer', () => {
  const entry = entryOf(1, 'x'.repeat(100_000));
  expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
});

function withByte(at: number, value: number): Buffer {
  const payload = encodeEntry(entryOf(1, 'DELETE FROM t'));
  payload[at] = value;
  return payload;
}

test('an entry of a later version is no damage, and the refusal names both versions', () => {
  expect(() => decodeEntry(withByte(0, 4))).toThrow(
    expect.objectContaining({
      code: 'log_too_new',
      message: expect.stringContaining('an entry has format 4, this version reads up to 3'),
      remedy: expect.stringContaining('Run the version of Lockstep that wrote this log'),
    }),
  );
});

test('a version or kind that never was is corrupt', () => {
  const corrupt = expect.objectContaining({ code: 'log_corrupt' });
  expect(() => decodeEntry(withByte(0, 0))).toThrow(corrupt);
  expect(() => decodeEntry(withByte(1, 99))).toThrow(corrupt);
});

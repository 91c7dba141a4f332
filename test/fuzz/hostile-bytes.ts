import fc from 'fast-check';

/** How one example departs from what was recorded. */
type Edit = (bytes: Buffer) => Buffer;

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
/** Bytes that mean something: lengths, headers, ends. */
const tellingByte = fc.oneof(
  fc.nat(255),
  fc.constantFrom(0, 1, 0x0a, 0x7f, 0x80, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff),
);
const someBytes = fc
  .array(tellingByte, { minLength: 1, maxLength: 12 })
  .map((bytes) => Buffer.from(bytes));

const at = (bytes: Buffer, share: number): number => Math.floor(share * (bytes.length + 1));

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(place, someBytes).map(
    ([share, put]): Edit =>
      (bytes) => {
        const from = at(bytes, share);
        return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + put.length)]);
      },
  ),
  fc.tuple(place, someBytes).map(
    ([share, put]): Edit =>
      (bytes) => {
        const from = at(bytes, share);
        return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from)]);
      },
  ),
  place.map(
    (share): Edit =>
      (bytes) =>
        bytes.subarray(0, at(bytes, share)),
  ),
  fc.tuple(place, place).map(
    ([from, to]): Edit =>
      (bytes) => {
        const [start, end] = [at(bytes, Math.min(from, to)), at(bytes, Math.max(from, to))];
        return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
      },
  ),
  fc.tuple(place, fc.nat(7)).map(
    ([share, bit]): Edit =>
      (bytes) => {
        const copy = Buffer.from(bytes);
        const index = at(bytes, share);
        if (index < copy.length) copy[index] = (copy[index] as number) ^ (1 << bit);
        return copy;
      },
  ),
);

/** Bytes of any kind, or recorded ones with some edits. */
export function hostile(recorded: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const anything = fc.array(tellingByte, { maxLength: 80 }).map((bytes) => Buffer.from(bytes));
  const edited = fc
    .tuple(fc.nat(recorded.length - 1), fc.array(edit, { maxLength: 4 }))
    .map(([index, edits]) =>
      edits.reduce((bytes, change) => change(bytes), recorded[index] as Buffer),
    );
  return fc.oneof({ weight: 1, arbitrary: anything }, { weight: 4, arbitrary: edited });
}

/** The same bytes twice, with other bytes around them in memory. */
export function surrounded(payload: Buffer): readonly [Buffer, Buffer] {
  const within = (filler: number): Buffer => {
    const memory = Buffer.alloc(payload.length + 64, filler);
    payload.copy(memory, 32);
    return memory.subarray(32, 32 + payload.length);
  };
  return [within(0x01), within(0xfe)];
}

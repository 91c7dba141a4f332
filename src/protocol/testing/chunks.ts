/** `bytes` in pieces, cut at the given offsets (any order; those beyond the end are ignored). */
export function cutAt(bytes: Buffer, offsets: readonly number[]): Buffer[] {
  const ends = [...new Set([...offsets, bytes.length])]
    .filter((offset) => offset > 0 && offset <= bytes.length)
    .sort((left, right) => left - right);
  // Copies, so that nothing outside a chunk can be read through its underlying memory.
  return ends.map((end, index) => Buffer.from(bytes.subarray(ends[index - 1] ?? 0, end)));
}

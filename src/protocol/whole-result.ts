import { eofLengthLimit, eofPayloadBytes } from './eof-packet.ts';
import { headerBytes } from './packet-writer.ts';
import { endStatus } from './quick-fields.ts';
import type { Terminal } from './response-sink.ts';
import { StatusFlag } from './status-flags.ts';

/** An answer that is one result set, of which all is there. */
export interface WholeResult {
  readonly bytes: Buffer;
  /** Where in them the EOF behind the definitions begins; -1 where it has none. */
  readonly definitionsEndAt: number;
  /** A view into them. */
  readonly end: Terminal;
}

/** A longer one is passed on as it comes. */
const wholeBytesMax = 64 * 1024;

const okByte = 0x00;
const infileByte = 0xfb;
const eofByte = 0xfe;
const errByte = 0xff;
const columnCountBytes = headerBytes + 1;
const eofBytes = headerBytes + eofPayloadBytes;
/** Those with which more may follow, or no rows. */
const unusual =
  StatusFlag.CURSOR_EXISTS | StatusFlag.PS_OUT_PARAMS | StatusFlag.MORE_RESULTS_EXISTS;

const lengthAt = (chunk: Buffer, at: number): number =>
  (chunk[at] as number) | ((chunk[at + 1] as number) << 8) | ((chunk[at + 2] as number) << 16);

/** Behind so many packets; beyond the chunk where they do not all lie in it. */
function behindPackets(chunk: Buffer, from: number, count: number): number {
  let at = from;
  for (let left = count; left > 0 && at + headerBytes <= chunk.length; left -= 1) {
    at += headerBytes + lengthAt(chunk, at);
    if (left === 1) return at;
  }
  return chunk.length + 1;
}

/**
 * The answer to a query that begins here, if it is a result set of fewer than 251 columns that
 * ends in the chunk and has nothing behind it. Undefined for every other one, and for what is not
 * as it should be: `ResponseScanner` reads them all.
 */
export function wholeResultAt(
  chunk: Buffer,
  from: number,
  deprecateEof: boolean,
): WholeResult | undefined {
  const { length } = chunk;
  if (length - from < columnCountBytes) return undefined;
  const columns = chunk[from + headerBytes] as number;
  if (lengthAt(chunk, from) !== 1 || columns === okByte || columns >= infileByte) return undefined;
  let at = behindPackets(chunk, from + columnCountBytes, columns);
  let definitionsEndAt = -1;
  if (!deprecateEof) {
    if (at + eofBytes > length || !isPlainEof(chunk, at)) return undefined;
    definitionsEndAt = at - from;
    at += eofBytes;
  }
  let rows = 0;
  while (at + headerBytes < length) {
    const bytes = lengthAt(chunk, at);
    const first = chunk[at + headerBytes] as number;
    const next = at + headerBytes + bytes;
    if (next > length || next - from > wholeBytesMax) return undefined;
    if (bytes === 0 || first === errByte) return undefined;
    if (first === eofByte) {
      // A row may begin with that byte too.
      if (!deprecateEof && bytes >= eofLengthLimit) return undefined;
      return resultOf({ chunk, from, at, next, definitionsEndAt, rows });
    }
    rows += 1;
    at = next;
  }
  return undefined;
}

function isPlainEof(chunk: Buffer, at: number): boolean {
  if (lengthAt(chunk, at) !== eofPayloadBytes || chunk[at + headerBytes] !== eofByte) return false;
  return (chunk.readUInt16LE(at + headerBytes + 3) & unusual) === 0;
}

interface Places {
  readonly chunk: Buffer;
  readonly from: number;
  /** Where the packet that ends it begins, and what is behind that. */
  readonly at: number;
  readonly next: number;
  readonly definitionsEndAt: number;
  readonly rows: number;
}

function resultOf(places: Places): WholeResult | undefined {
  const { chunk, from, at, next, definitionsEndAt, rows } = places;
  const bytes = from === 0 && next === chunk.length ? chunk : chunk.subarray(from, next);
  const raw = chunk.subarray(at, next);
  const payload = raw.subarray(headerBytes);
  const type = payload.length === eofPayloadBytes ? 'eof' : 'result_end_ok';
  const statusFlags = endStatus(type === 'eof', payload);
  if ((statusFlags & unusual) !== 0) return undefined;
  const sequenceId = raw[headerBytes - 1] as number;
  const end: Terminal = {
    type,
    payload,
    raw,
    sequenceId,
    statusFlags,
    last: true,
    resultIndex: 0,
    rows,
  };
  return { bytes, definitionsEndAt, end };
}

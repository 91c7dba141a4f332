import { Capability } from '../protocol/capabilities.ts';
import { decodeOk, encodeOk, okHeader, resultEndHeader } from '../protocol/ok-packet.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import type { SessionChange } from '../protocol/session-change.ts';
import { StatusFlag } from '../protocol/status-flags.ts';
import type { Terminal } from '../protocol/response-sink.ts';
import type { WholeResult } from '../protocol/whole-result.ts';

/** What an OK packet has to tell of the session; whoever asks tells it. */
export type ChangesOf = () => readonly SessionChange[];

const packetHeaderBytes = 4;
/** Behind the header, the byte of an EOF and its warnings. */
const eofStatusAt = packetHeaderBytes + 3;
const sessionFlags = StatusFlag.IN_TRANS | StatusFlag.AUTOCOMMIT;

/** The flags a client must see: those of its own session, not of the connection behind it. */
export interface VisibleStatus {
  readonly inTransaction: boolean;
  readonly autocommit: boolean;
  readonly moreResults: boolean;
}

/**
 * Rewrites the status flags of a packet that ends a result, in place. Errors carry none.
 * `changes` go into the last packet of an answer, where that can carry them.
 */
export function patchStatus(
  terminal: Terminal,
  status: VisibleStatus,
  changes?: ChangesOf,
): Buffer {
  if (terminal.type === 'err') return terminal.raw;
  const at = statusOffset(terminal);
  let flags = terminal.raw.readUInt16LE(at) & ~(sessionFlags | StatusFlag.MORE_RESULTS_EXISTS);
  if (status.inTransaction) flags |= StatusFlag.IN_TRANS;
  if (status.autocommit) flags |= StatusFlag.AUTOCOMMIT;
  if (status.moreResults || !terminal.last) flags |= StatusFlag.MORE_RESULTS_EXISTS;
  terminal.raw.writeUInt16LE(flags, at);
  if (!changes || !terminal.last || terminal.type === 'eof') return terminal.raw;
  return withChanges(terminal, changes());
}

function withChanges(terminal: Terminal, sessionChanges: readonly SessionChange[]): Buffer {
  if (sessionChanges.length === 0) return terminal.raw;
  const ok = decodeOk(terminal.raw.subarray(packetHeaderBytes), Capability.PROTOCOL_41);
  const header = terminal.type === 'ok' ? okHeader : resultEndHeader;
  const told = encodeOk({ ...ok, sessionChanges }, Capability.SESSION_TRACK, { header });
  return encodePacket(told, terminal.sequenceId);
}

/**
 * The same for the EOF behind a result's definitions, in place. A client that leaves the rows
 * unread knows by it alone whether more results follow (seen with MariaDB's client library).
 */
export function patchDefinitionsEnd(raw: Buffer, status: VisibleStatus): Buffer {
  patchEofAt(raw, 0, status);
  return raw;
}

function patchEofAt(bytes: Buffer, at: number, status: VisibleStatus): void {
  const flags = bytes.readUInt16LE(at + eofStatusAt) & ~sessionFlags;
  bytes.writeUInt16LE(flags | flagsOf(status), at + eofStatusAt);
}

/** Both, of a result set that is there as a whole: all that the client is to get. */
export function patchWhole(
  { bytes, definitionsEndAt, end }: WholeResult,
  status: VisibleStatus,
  changes: ChangesOf | undefined,
): Buffer {
  if (definitionsEndAt >= 0) patchEofAt(bytes, definitionsEndAt, status);
  const patched = patchStatus(end, status, changes);
  if (patched === end.raw) return bytes;
  return Buffer.concat([bytes.subarray(0, bytes.length - end.raw.length), patched]);
}

/** A copy of it whose flags are zero. */
export function definitionsEndWithoutStatus(raw: Buffer): Buffer {
  const copy = Buffer.from(raw);
  copy.writeUInt16LE(0, eofStatusAt);
  return copy;
}

/** A copy whose flags are zero: they tell of the connection and the plan, not of the data. */
export function withoutStatus(terminal: Terminal): Buffer {
  const copy = Buffer.from(terminal.raw);
  if (terminal.type !== 'err') copy.writeUInt16LE(0, statusOffset(terminal));
  return copy;
}

/** Where the flags lie: after the warnings of an EOF, after two numbers of an OK packet. */
function statusOffset(terminal: Terminal): number {
  const body = packetHeaderBytes + 1;
  if (terminal.type === 'eof') return body + 2;
  const afterRows = body + lengthEncodedBytes(terminal.raw[body] ?? 0);
  return afterRows + lengthEncodedBytes(terminal.raw[afterRows] ?? 0);
}

function lengthEncodedBytes(first: number): number {
  if (first === 0xfc) return 3;
  if (first === 0xfd) return 4;
  if (first === 0xfe) return 9;
  return 1;
}

/** The same as the flags of an OK or EOF packet. */
export function flagsOf(status: VisibleStatus): number {
  let flags = 0;
  if (status.inTransaction) flags |= StatusFlag.IN_TRANS;
  if (status.autocommit) flags |= StatusFlag.AUTOCOMMIT;
  if (status.moreResults) flags |= StatusFlag.MORE_RESULTS_EXISTS;
  return flags;
}

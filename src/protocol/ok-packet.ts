import { Capability, has } from './capabilities.ts';
import { malformed, PayloadReader } from './packet-reader.ts';
import { PayloadWriter } from './packet-writer.ts';
import { decodeSessionChanges, encodeSessionChanges } from './session-change.ts';
import type { SessionChange } from './session-change.ts';
import { StatusFlag } from './status-flags.ts';

/**
 * ```
 * 00 or fe | affected rows lenenc | last insert id lenenc | status u16 | warnings u16
 *          | [info lenenc] | [session changes lenenc, when status has SESSION_STATE_CHANGED]
 * ```
 * Source: page "Protocol::OK_Packet". Both servers leave out an empty info when no session
 * changes follow.
 */
export interface OkPacket {
  /** A bigint only above 2^53. */
  readonly affectedRows: number | bigint;
  readonly lastInsertId: bigint;
  readonly statusFlags: number;
  readonly warnings: number;
  /** E.g. `Rows matched: 1  Changed: 1  Warnings: 0`; a binary string. */
  readonly info: string;
  readonly sessionChanges: readonly SessionChange[];
}

/** 0xfe where the packet ends a result set under DEPRECATE_EOF, else 0x00. */
export type OkHeader = 0x00 | 0xfe;

export const okHeader = 0x00;
export const resultEndHeader = 0xfe;

/** `capabilities`: those agreed on the connection; only SESSION_TRACK matters. */
export function decodeOk(payload: Buffer, capabilities: number): OkPacket {
  const reader = new PayloadReader(payload);
  const header = reader.u8();
  if (header !== okHeader && header !== resultEndHeader) throw malformed('not an OK packet');
  const affectedRows = reader.lenencNumber();
  const lastInsertId = reader.lenencBigInt();
  const statusFlags = reader.u16();
  const warnings = reader.u16();
  const info = reader.atEnd ? '' : reader.lenencBytes().toString('latin1');
  const tracked =
    has(capabilities, Capability.SESSION_TRACK) &&
    has(statusFlags, StatusFlag.SESSION_STATE_CHANGED) &&
    !reader.atEnd;
  const sessionChanges = tracked ? decodeSessionChanges(reader.lenencBytes()) : [];
  return { affectedRows, lastInsertId, statusFlags, warnings, info, sessionChanges };
}

/**
 * Session changes are written only under SESSION_TRACK; SESSION_STATE_CHANGED is set when
 * there are any and cleared when there are none, so that the packet is always consistent.
 */
export function encodeOk(
  packet: OkPacket,
  capabilities: number,
  { header = okHeader }: { header?: OkHeader } = {},
): Buffer {
  const track = has(capabilities, Capability.SESSION_TRACK) && packet.sessionChanges.length > 0;
  const statusFlags = track
    ? packet.statusFlags | StatusFlag.SESSION_STATE_CHANGED
    : packet.statusFlags & ~StatusFlag.SESSION_STATE_CHANGED;
  const writer = new PayloadWriter(32 + packet.info.length)
    .u8(header)
    .lenencInt(packet.affectedRows)
    .lenencInt(packet.lastInsertId)
    .u16(statusFlags)
    .u16(packet.warnings);
  if (packet.info !== '' || track) writer.lenencLatin1(packet.info);
  if (track) writer.lenencBytes(encodeSessionChanges(packet.sessionChanges));
  return writer.finish();
}

/** An OK packet with nothing to report but the state of the session. */
export function plainOk(statusFlags: number): OkPacket {
  return {
    affectedRows: 0,
    lastInsertId: 0n,
    statusFlags,
    warnings: 0,
    info: '',
    sessionChanges: [],
  };
}

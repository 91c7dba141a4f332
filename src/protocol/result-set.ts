import { Capability, has } from './capabilities.ts';
import { decodeColumnDefinition } from './column-definition.ts';
import type { ColumnDefinition41 } from './column-definition.ts';
import { PacketAssembler } from './command-scanner.ts';
import type { AssembledPacket } from './command-scanner.ts';
import { decodeEof, isEof } from './eof-packet.ts';
import { decodeErr, errHeader } from './err-packet.ts';
import type { ErrPacket } from './err-packet.ts';
import { decodeOk, okHeader, resultEndHeader } from './ok-packet.ts';
import type { OkPacket } from './ok-packet.ts';
import { malformed, PayloadReader } from './packet-reader.ts';
import { partBytesMax } from './packet-writer.ts';
import { eofWarnings, okWarnings } from './quick-fields.ts';
import { StatusFlag } from './status-flags.ts';
import { decodeTextRow } from './text-row.ts';
import { decodeBinaryRow } from './binary-row.ts';
import type { BinaryValue } from './binary-value.ts';

export type TextResult =
  | {
      readonly kind: 'rows';
      readonly columns: readonly ColumnDefinition41[];
      /**
       * UTF-8 text, unless asked for as binary strings; bytes that are no UTF-8 do not survive:
       * ask for HEX() of binary columns.
       */
      readonly rows: readonly (readonly (string | null)[])[];
      readonly statusFlags: number;
    }
  | { readonly kind: 'ok'; readonly ok: OkPacket }
  | { readonly kind: 'err'; readonly error: ErrPacket };

/**
 * Decodes the whole answer to a COM_QUERY, headers included: for queries of our own, whose
 * results are small; `latin1` gives binary strings. An ERR after some rows is a result of its
 * own; those rows are dropped.
 * Throws LockstepError('malformed_packet') also when the answer is not whole.
 */
export function parseTextResults(
  bytes: Buffer,
  capabilities: number,
  encoding: 'utf8' | 'latin1' = 'utf8',
): TextResult[] {
  const packets = new PacketAssembler({ payloadBytesMax: Infinity }).push(bytes);
  const cursor = new PacketCursor(packets);
  const results: TextResult[] = [];
  for (;;) {
    const result = parseResult(cursor, capabilities, encoding);
    results.push(result);
    if (result.kind === 'err') return results;
    const flags = result.kind === 'ok' ? result.ok.statusFlags : result.statusFlags;
    if (!has(flags, StatusFlag.MORE_RESULTS_EXISTS)) return results;
  }
}

export interface BinaryRows {
  readonly kind: 'rows';
  readonly columns: readonly ColumnDefinition41[];
  readonly rows: readonly (readonly BinaryValue[])[];
  readonly warnings: number;
}

/** Decodes the whole answer to a COM_STMT_EXECUTE of a query. Throws as `parseTextResults`. */
export function parseBinaryRows(
  bytes: Buffer,
  capabilities: number,
): BinaryRows | { readonly kind: 'err'; readonly error: ErrPacket } {
  const cursor = new PacketCursor(new PacketAssembler({ payloadBytesMax: Infinity }).push(bytes));
  const first = cursor.next();
  if (first[0] === errHeader) return { kind: 'err', error: decodeErr(first) };
  if (first[0] === okHeader) return { kind: 'rows', columns: [], rows: [], warnings: 0 };
  const columns = readColumns(cursor, first, capabilities);
  const deprecateEof = has(capabilities, Capability.DEPRECATE_EOF);
  const rows: BinaryValue[][] = [];
  for (;;) {
    const payload = cursor.next();
    if (payload[0] === errHeader) return { kind: 'err', error: decodeErr(payload) };
    if (endsRows(payload, deprecateEof)) {
      const warnings = deprecateEof ? okWarnings(payload) : eofWarnings(payload);
      return { kind: 'rows', columns, rows, warnings };
    }
    rows.push(decodeBinaryRow(payload, columns));
  }
}

function readColumns(
  cursor: PacketCursor,
  first: Buffer,
  capabilities: number,
): ColumnDefinition41[] {
  const columnCount = new PayloadReader(first).lenencInt();
  const columns: ColumnDefinition41[] = [];
  while (columns.length < columnCount) {
    columns.push(decodeColumnDefinition(cursor.next(), capabilities));
  }
  const deprecateEof = has(capabilities, Capability.DEPRECATE_EOF);
  if (!deprecateEof && !isEof(cursor.next())) throw malformed('no EOF after the definitions');
  return columns;
}

class PacketCursor {
  readonly #packets: readonly AssembledPacket[];
  #index = 0;

  constructor(packets: readonly AssembledPacket[]) {
    this.#packets = packets;
  }

  next(): Buffer {
    const packet = this.#packets[this.#index];
    if (packet === undefined) throw malformed('the answer is not whole');
    this.#index += 1;
    return packet.payload;
  }
}

function parseResult(
  cursor: PacketCursor,
  capabilities: number,
  encoding: 'utf8' | 'latin1',
): TextResult {
  const first = cursor.next();
  if (first[0] === errHeader) return { kind: 'err', error: decodeErr(first) };
  if (first[0] === okHeader) return { kind: 'ok', ok: decodeOk(first, capabilities) };
  const columns = readColumns(cursor, first, capabilities);
  const deprecateEof = has(capabilities, Capability.DEPRECATE_EOF);
  const rows: (string | null)[][] = [];
  for (;;) {
    const payload = cursor.next();
    if (payload[0] === errHeader) return { kind: 'err', error: decodeErr(payload) };
    if (endsRows(payload, deprecateEof)) {
      const { statusFlags } =
        isEof(payload) && payload.length === 5
          ? decodeEof(payload)
          : decodeOk(payload, capabilities);
      return { kind: 'rows', columns, rows, statusFlags };
    }
    rows.push(decodeTextRow(payload).map((value) => value?.toString(encoding) ?? null));
  }
}

function endsRows(payload: Buffer, deprecateEof: boolean): boolean {
  if (payload[0] !== resultEndHeader) return false;
  return deprecateEof ? payload.length < partBytesMax : isEof(payload);
}

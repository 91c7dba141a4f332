import { encodeBinaryRow } from '../protocol/binary-row.ts';
import { Capability, has } from '../protocol/capabilities.ts';
import { type ColumnDefinition41, encodeColumnDefinition } from '../protocol/column-definition.ts';
import { encodeEof } from '../protocol/eof-packet.ts';
import { encodeOk, plainOk, resultEndHeader } from '../protocol/ok-packet.ts';
import { encodePacket, PayloadWriter } from '../protocol/packet-writer.ts';
import type { ResultsetMetadata } from '../protocol/metadata-filter.ts';
import type { ChangesOf } from './status-patch.ts';
import { encodeTextRow } from '../protocol/text-row.ts';

/** Rows that Lockstep answers with itself. Text is a binary string. */
export interface MadeResult {
  readonly columns: readonly ColumnDefinition41[];
  readonly rows: readonly (readonly (number | bigint | string | null)[])[];
  /** As a prepared statement's answer. */
  readonly binary: boolean;
}

/** The whole answer, packets numbered from `firstSequenceId`. */
export function encodeResult(
  { columns, rows, binary }: MadeResult,
  options: {
    capabilities: number;
    statusFlags: number;
    firstSequenceId: number;
    changes?: ChangesOf | undefined;
    metadata?: ResultsetMetadata | undefined;
  },
): { bytes: Buffer; nextSequenceId: number } {
  const { capabilities, statusFlags, metadata } = options;
  const deprecateEof = has(capabilities, Capability.DEPRECATE_EOF);
  const eof = encodeEof({ warnings: 0, statusFlags });
  const endOk = (): Buffer => {
    const ok = { ...plainOk(statusFlags), sessionChanges: options.changes?.() ?? [] };
    return encodeOk(ok, capabilities, { header: resultEndHeader });
  };
  const count = new PayloadWriter().lenencInt(columns.length);
  if (metadata) count.u8(metadata === 'full' ? 1 : 0);
  const payloads = [
    count.finish(),
    ...(metadata === 'none'
      ? []
      : columns.map((column) => encodeColumnDefinition(column, capabilities))),
    ...(deprecateEof ? [] : [eof]),
    ...rows.map((row) => (binary ? binaryRow(row, columns) : textRow(row))),
    deprecateEof ? endOk() : eof,
  ];
  let sequenceId = options.firstSequenceId;
  const packets = payloads.map((payload) => encodePacket(payload, sequenceId++ & 0xff));
  return { bytes: Buffer.concat(packets), nextSequenceId: sequenceId & 0xff };
}

type Row = MadeResult['rows'][number];

const textRow = (row: Row): Buffer =>
  encodeTextRow(row.map((value) => (value === null ? null : Buffer.from(`${value}`, 'latin1'))));

const binaryRow = (row: Row, columns: readonly ColumnDefinition41[]): Buffer =>
  encodeBinaryRow(
    row.map((value) => (typeof value === 'string' ? Buffer.from(value, 'latin1') : value)),
    columns,
  );

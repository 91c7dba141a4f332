import { bitmapBytes, isNullAt, nullBitmap } from './binary-row.ts';
import { readBinaryValue, writeBinaryValue } from './binary-value.ts';
import type { BinaryType, BinaryValue } from './binary-value.ts';
import { Capability, has } from './capabilities.ts';
import { ColumnType } from './column-definition.ts';
import { CommandByte } from './commands.ts';
import { malformed, PayloadReader } from './packet-reader.ts';
import { PayloadWriter } from './packet-writer.ts';

export type ParameterType = BinaryType;

/** A parameter with the value bound to it; see `BinaryValue` for what stands for what. */
export interface BoundParameter extends ParameterType {
  readonly value: BinaryValue;
}

/**
 * ```
 * 17 | statement id u32 | flags u8 | iterations u32 | [parameter count lenenc]
 *    | null bitmap | new types u8 | [type u16, [name lenenc]]… | values…
 * ```
 * Parameter count and names only with QUERY_ATTRIBUTES; the attributes are the parameters
 * beyond those of the statement. Source: page "COM_STMT_EXECUTE".
 */
export interface StmtExecute {
  readonly statementId: number;
  /** 0, or bits of `CursorFlag`. */
  readonly cursorFlags: number;
  readonly iterations: number;
  /** The packet carries types; else those of the execution before hold. */
  readonly newTypes: boolean;
  readonly types: readonly ParameterType[];
  readonly parameters: readonly BoundParameter[];
}

export const CursorFlag = {
  READ_ONLY: 1,
  FOR_UPDATE: 2,
  SCROLLABLE: 4,
  PARAMETER_COUNT_AVAILABLE: 8,
} as const;

export interface StmtExecuteContext {
  /** Of the statement, as the server said when it was prepared. */
  readonly parameterCount: number;
  /** Types of the execution before; empty when there was none. */
  readonly previousTypes: readonly ParameterType[];
  readonly capabilities: number;
  /** Values that came by COM_STMT_SEND_LONG_DATA, by parameter index: the packet has none. */
  readonly longData?: ReadonlyMap<number, Buffer>;
}

const unsignedBit = 0x80;

/** Throws LockstepError('malformed_packet'), also when types are missing. */
export function decodeStmtExecute(payload: Buffer, context: StmtExecuteContext): StmtExecute {
  const reader = new PayloadReader(payload);
  if (reader.u8() !== CommandByte.STMT_EXECUTE) throw malformed('not a COM_STMT_EXECUTE');
  const statementId = reader.u32();
  const cursorFlags = reader.u8();
  const iterations = reader.u32();
  const head = { statementId, cursorFlags, iterations };
  const attributes = has(context.capabilities, Capability.QUERY_ATTRIBUTES);
  const counted = attributes && has(cursorFlags, CursorFlag.PARAMETER_COUNT_AVAILABLE);
  if (context.parameterCount === 0 && !counted) {
    return { ...head, newTypes: false, types: [], parameters: [] };
  }
  const sent = counted ? reader.lenencInt() : context.parameterCount;
  if (sent < context.parameterCount) throw malformed(`${sent} parameters sent`);
  if (sent === 0) return { ...head, newTypes: false, types: [], parameters: [] };
  const bitmap = reader.bytes(bitmapBytes(sent, 0));
  const newTypes = reader.u8() !== 0;
  const sentTypes = newTypes ? readTypes(reader, sent, attributes) : context.previousTypes;
  const types = sentTypes.slice(0, context.parameterCount);
  if (types.length < context.parameterCount) throw malformed('no types for the parameters');
  const parameters = types.map((type, index): BoundParameter => {
    const long = context.longData?.get(index);
    if (long !== undefined) return { ...type, value: long };
    if (isNullAt(bitmap, index)) return { ...type, value: null };
    return { ...type, value: readBinaryValue(reader, type) };
  });
  return { ...head, newTypes, types, parameters };
}

function readTypes(reader: PayloadReader, count: number, named: boolean): ParameterType[] {
  // Each type takes two bytes: a count beyond what is there must not allocate anything.
  if (count * 2 > reader.remaining) throw malformed(`${count} parameter types`);
  const types: ParameterType[] = [];
  for (let index = 0; index < count; index += 1) {
    const type = reader.u8();
    types.push({ type, unsigned: (reader.u8() & unsignedBit) !== 0 });
    if (named) reader.lenencBytes();
  }
  return types;
}

/** Always with types and without attributes. */
export function encodeStmtExecute(execute: {
  readonly statementId: number;
  readonly parameters: readonly BoundParameter[];
  readonly cursorFlags?: number;
  /** Indexes whose value was sent before by COM_STMT_SEND_LONG_DATA. */
  readonly longData?: ReadonlySet<number>;
}): Buffer {
  const { parameters, longData } = execute;
  const writer = new PayloadWriter(64)
    .u8(CommandByte.STMT_EXECUTE)
    .u32(execute.statementId)
    .u8(execute.cursorFlags ?? 0)
    .u32(1);
  if (parameters.length === 0) return writer.finish();
  const isNull = parameters.map(({ value }, index) =>
    value === null && longData?.has(index) !== true ? null : 0,
  );
  writer.bytes(nullBitmap(isNull, 0)).u8(1).bytes(encodeTypes(parameters));
  for (const [index, parameter] of parameters.entries()) {
    const { type, value } = parameter;
    if (value === null || type === ColumnType.NULL || longData?.has(index) === true) continue;
    writeBinaryValue(writer, parameter, value);
  }
  return writer.finish();
}

/** Two bytes for each, as they stand in an execution. */
export const encodeTypes = (types: readonly ParameterType[]): Buffer =>
  Buffer.from(types.flatMap(({ type, unsigned }) => [type, unsigned ? unsignedBit : 0]));

export interface StmtSendLongData {
  readonly statementId: number;
  readonly parameterIndex: number;
  readonly data: Buffer;
}

/** 18 | statement id u32 | parameter index u16 | data. It has no answer. */
export function decodeStmtSendLongData(payload: Buffer): StmtSendLongData {
  const reader = new PayloadReader(payload, 1);
  return { statementId: reader.u32(), parameterIndex: reader.u16(), data: reader.rest() };
}

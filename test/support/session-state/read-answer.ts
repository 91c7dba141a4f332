import { decodeBinaryRow } from '../../../src/protocol/binary-row.ts';
import {
  type ColumnDefinition41,
  decodeColumnDefinition,
} from '../../../src/protocol/column-definition.ts';
import { decodeEof } from '../../../src/protocol/eof-packet.ts';
import { decodeErr, errHeader } from '../../../src/protocol/err-packet.ts';
import { decodeOk, okHeader } from '../../../src/protocol/ok-packet.ts';
import { PayloadReader } from '../../../src/protocol/packet-reader.ts';
import { StatusFlag } from '../../../src/protocol/status-flags.ts';
import { decodeStmtPrepareOk } from '../../../src/protocol/stmt-prepare-ok.ts';
import { decodeTextRow } from '../../../src/protocol/text-row.ts';

/** A whole answer, packet by packet, in words that two servers must agree on. */
export interface ToldAnswer {
  readonly lines: readonly string[];
  /** Of the last packet that carries them. */
  readonly statusFlags: number | undefined;
  readonly prepared?: { readonly id: number; readonly parameterCount: number };
}

type Next = () => Promise<Buffer>;

/** What tells of the session; other flags tell of the plan, or of the connection's luck. */
const compared = StatusFlag.IN_TRANS | StatusFlag.AUTOCOMMIT | StatusFlag.MORE_RESULTS_EXISTS;
const eofHeader = 0xfe;

/** The answer to COM_QUERY, COM_STMT_EXECUTE (`binary`) and to what is answered by OK alone. */
export async function readResults(first: Buffer, next: Next, binary: boolean): Promise<ToldAnswer> {
  const lines: string[] = [];
  let packet = first;
  let told: number | undefined;
  for (;;) {
    if (packet[0] === errHeader) return { lines: [...lines, errLine(packet)], statusFlags: told };
    const statusFlags = packet[0] === okHeader ? tellOk(packet, lines) : undefined;
    const flags = statusFlags ?? (await readRows(packet, next, { binary, lines }));
    if (flags === undefined) return { lines, statusFlags: told };
    told = flags;
    if ((flags & StatusFlag.MORE_RESULTS_EXISTS) === 0) return { lines, statusFlags: flags };
    packet = await next();
  }
}

/** The answer to COM_STMT_PREPARE. */
export async function readPrepared(first: Buffer, next: Next): Promise<ToldAnswer> {
  if (first[0] === errHeader) return { lines: [errLine(first)], statusFlags: undefined };
  const { statementId, parameterCount, columnCount, warnings } = decodeStmtPrepareOk(first);
  const lines = [`prepared ${parameterCount} ${columnCount} ${warnings}`];
  for (const count of [parameterCount, columnCount]) {
    for (let index = 0; index < count; index += 1) {
      lines.push(columnLine(decodeColumnDefinition(await next())));
    }
    if (count > 0) await next();
  }
  const prepared = { id: statementId, parameterCount };
  return { lines, statusFlags: undefined, prepared };
}

/** Returns the flags at the end of the rows; undefined when they end in an error. */
async function readRows(
  first: Buffer,
  next: Next,
  { binary, lines }: { readonly binary: boolean; readonly lines: string[] },
): Promise<number | undefined> {
  const columns: ColumnDefinition41[] = [];
  const count = new PayloadReader(first).lenencNumber();
  while (columns.length < count) columns.push(decodeColumnDefinition(await next()));
  for (const column of columns) lines.push(columnLine(column));
  await next();
  for (;;) {
    const packet = await next();
    if (packet[0] === errHeader) {
      lines.push(errLine(packet));
      return undefined;
    }
    if (packet[0] === eofHeader && packet.length < 9) {
      const { statusFlags, warnings } = decodeEof(packet);
      lines.push(`end: status ${statusFlags & compared}, ${warnings} warnings`);
      return statusFlags;
    }
    const row = binary
      ? decodeBinaryRow(packet, columns).map(valueText)
      : decodeTextRow(packet).map(valueText);
    lines.push(`row: ${row.join(' | ')}`);
  }
}

function tellOk(packet: Buffer, lines: string[]): number {
  const { affectedRows, lastInsertId, statusFlags, warnings, info } = decodeOk(packet, 0);
  const status = statusFlags & compared;
  lines.push(
    `ok: ${affectedRows} rows, id ${lastInsertId}, status ${status}, ${warnings} warnings, ${info}`,
  );
  return statusFlags;
}

function errLine(packet: Buffer): string {
  const { errno, sqlState, message } = decodeErr(packet);
  return `ERROR ${errno} ${sqlState} ${message}`;
}

/** No variable tells which of them a result has, and not all that sets it sets it the same. */
const sameCharset: readonly ReadonlySet<number>[] = [new Set([45, 46, 224, 255]), new Set([8, 47])];

const charsetOf = (collation: number): number =>
  [...(sameCharset.find((one) => one.has(collation)) ?? [collation])][0] ?? collation;

/** A longer text may be another type of text. */
const typeOf = (type: number): number | string => (type >= 249 && type <= 254 ? 'text' : type);

/** Without the length, which of a user variable depends on the way in which it was set. */
const columnLine = (column: ColumnDefinition41): string => {
  const { schema, table, originalTable, name, originalName, characterSet, type, flags } = column;
  const names = [schema, table, originalTable, name, originalName].join('.');
  return `column: ${names} charset ${charsetOf(characterSet)} type ${typeOf(type)} flags ${flags}`;
};

function valueText(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  return value === null || typeof value !== 'object' ? String(value) : JSON.stringify(value);
}

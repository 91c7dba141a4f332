import type { LoggedCommand, LogVerification } from '../http/balancer-control.ts';
import { printable } from './table.ts';

/** An entry for people: its place and time, then each statement with its pins and its result. */
export function entryText({ seq, at, kind, bytes, commands }: LoggedCommand, width: number) {
  const lines = [
    `seq ${seq}, ${at}, ${kind}, ${counted(bytes, 'byte')}`,
    ...commands.flatMap((command) => commandLines(command)),
  ];
  return lines.map((line) => fitted(line, width)).join('\n');
}

function commandLines(command: LoggedCommand['commands'][number]): string[] {
  const { sql, schema, pins, affectedRows, insertId, errno } = command;
  const pinned = Object.entries(pins).map(([name, value]) => `${pinName(name)}=${value}`);
  const id = insertId === '0' ? '' : `, insert id ${insertId}`;
  const result = errno === 0 ? `${counted(affectedRows, 'row')}${id}` : `error ${errno}`;
  return [
    `  ${schema === '' ? '' : `[${schema}] `}${sql}`,
    ...(pinned.length === 0 ? [] : [`    pins: ${pinned.join(', ')}`]),
    `    result: ${result}`,
  ];
}

/** As the servers call the variable. */
const pinName = (name: string): string =>
  name.startsWith('@') ? name : name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Keeps the indentation, which `printable` would take for blanks. */
function fitted(line: string, width: number): string {
  const [indent = ''] = /^ */.exec(line) ?? [];
  const text = `${indent}${printable(line.trim())}`;
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** What was read, and what of it is not as it was written. */
export function logVerificationText(report: LogVerification): string {
  const { segments, entries, intents, firstSeq, lastSeq, sizeBytes, torn, problems } = report;
  const { files } = report;
  const range = entries === 0 ? '' : `, ${firstSeq} to ${lastSeq}`;
  const read = [
    `${counted(segments, 'segment')}, ${counted(entries, 'entry', 'entries')}${range}`,
    counted(intents, 'intent'),
    ...(files.files === 0 ? [] : [counted(files.files, 'loaded file')]),
    `${megabytes(sizeBytes + files.sizeBytes)} MB`,
  ].join('; ');
  const verdict = problems.length === 0 ? 'the log is whole' : 'the log is DAMAGED';
  return [
    ...problems.map(({ file, offset, reason }) => `${file}, offset ${offset}: ${reason}`),
    ...(torn ? [`${torn.file}, offset ${torn.offset}: ${tornReason}`] : []),
    ...files.unnamed.map(({ file, sizeBytes: bytes }) => `${file}, ${bytes} bytes: ${unnamed}`),
    `${verdict}: ${read}`,
  ].join('\n');
}

const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);

const unnamed = 'no entry loads it; it goes when the entries of its time are cut';

const tornReason = 'an interrupted write, which the next start cuts off';

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

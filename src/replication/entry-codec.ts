import { seq } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import type { LoadFile } from '../log/load-file.ts';
import { LogTooNew } from '../log/log-too-new.ts';
import { type Command, type CommandContext, comparables, type Pins } from './command.ts';
import { type Entry, entryKinds } from './entry.ts';

/*
 * Layout of an entry in the command log, little endian. Text is bytes with a u32 length.
 *
 *   u8 version | u8 kind | u32 epoch | f64 seq | f64 atMs | f64 lastCommitted | f64 confirmed
 *   u32 contexts
 *   contexts × (text schema, text settings)          -- each distinct context once
 *   u32 commands
 *   commands × (text sql, u32 context, u32 parameters × (u32 offset, text literal),
 *               u8 pin bits, the pins named by the bits as text (user variables: u32 × 2 texts),
 *               f64 affectedRows, text insertId, u16 errno, u8 comparable,
 *               u8 1 and text id, f64 bytes, u32 crc of the file that it loads, else u8 0)
 *
 * A new layout gets a new version; older versions stay readable:
 *   1  no `confirmed`; taken to be all that came before the entry
 *   2  no files; still written for what names none, so that older versions can read it
 */
const formatVersion = 3;
const versionWithoutFiles = 2;

const pinBits = {
  timestamp: 1,
  insertId: 2,
  lastInsertId: 4,
  randSeed1: 8,
  randSeed2: 16,
  userVariables: 32,
} as const;

const textPins = ['timestamp', 'insertId', 'lastInsertId', 'randSeed1', 'randSeed2'] as const;

export function encodeEntry(entry: Entry): Buffer {
  const contexts: CommandContext[] = [];
  const contextOf = entry.commands.map(({ context }) => indexOfContext(contexts, context));
  const version = entry.commands.some(({ file }) => file) ? formatVersion : versionWithoutFiles;
  const out = writer.begin();
  out.u8(version);
  out.u8(entryKinds.indexOf(entry.kind));
  out.u32(entry.epoch);
  out.f64(entry.seq);
  out.f64(entry.atMs);
  out.f64(entry.lastCommitted);
  out.f64(entry.confirmed);
  out.u32(contexts.length);
  for (const context of contexts) out.bytes(encodedContext(context));
  out.u32(entry.commands.length);
  entry.commands.forEach((command, index) => {
    writeCommand(out, command, contextOf[index] ?? 0);
    if (version !== versionWithoutFiles) writeFile(out, command.file);
  });
  return out.finish();
}

function indexOfContext(contexts: CommandContext[], wanted: CommandContext): number {
  const known = contexts.findIndex(
    (context) =>
      context === wanted ||
      (context.schema === wanted.schema && context.settings === wanted.settings),
  );
  return known >= 0 ? known : contexts.push(wanted) - 1;
}

/** A session's commands share their context. */
const encodedContexts = new WeakMap<CommandContext, Buffer>();

function encodedContext(context: CommandContext): Buffer {
  let bytes = encodedContexts.get(context);
  if (!bytes) {
    const out = new ByteWriter();
    out.text(context.schema);
    out.text(context.settings);
    bytes = out.finish();
    encodedContexts.set(context, bytes);
  }
  return bytes;
}

function writeFile(out: ByteWriter, file: LoadFile | undefined): void {
  out.u8(file ? 1 : 0);
  if (!file) return;
  out.text(file.id);
  out.f64(file.bytes);
  out.u32(file.crc);
}

function writeCommand(out: ByteWriter, command: Command, context: number): void {
  out.text(command.sql);
  out.u32(context);
  out.u32(command.parameters.length);
  command.parameters.forEach((literal, index) => {
    out.u32(command.parameterOffsets[index] ?? 0);
    out.text(literal);
  });
  const pins = command.pins;
  let bits = pins.userVariables ? pinBits.userVariables : 0;
  for (const name of textPins) if (pins[name] !== undefined) bits |= pinBits[name];
  out.u8(bits);
  for (const name of textPins) {
    const value = pins[name];
    if (value !== undefined) out.text(value);
  }
  if (pins.userVariables) {
    out.u32(pins.userVariables.length);
    for (const [name, literal] of pins.userVariables) {
      out.text(name);
      out.text(literal);
    }
  }
  out.f64(command.result.affectedRows);
  out.text(command.result.insertId);
  out.u16(command.result.errno);
  out.u8(comparables.indexOf(command.result.comparable));
}

/**
 * Throws LogTooNew (log_too_new) for an entry of a later version, LockstepError('log_corrupt')
 * for bytes that no version of this codec wrote.
 */
export function decodeEntry(payload: Buffer): Entry {
  const input = new ByteReader(payload);
  const version = input.u8();
  if (version > formatVersion) {
    throw new LogTooNew('an entry', { found: version, known: formatVersion });
  }
  if (version === 0) throw new LockstepError('log_corrupt', 'there is no entry format 0');
  const kind = entryKinds[input.u8()];
  if (!kind) throw new LockstepError('log_corrupt', 'an entry is of an unknown kind');
  const epoch = input.u32();
  const entrySeq = seq(input.f64());
  const atMs = input.f64();
  const lastCommitted = seq(input.f64());
  const confirmed = seq(version === 1 ? entrySeq - 1 : input.f64());
  const contexts = readContexts(input);
  const commands: Command[] = [];
  for (let left = input.u32(); left > 0; left--) {
    const command = readCommand(input, contexts);
    const hasFile = version > versionWithoutFiles && input.u8() === 1;
    commands.push(hasFile ? { ...command, file: readFile(input) } : command);
  }
  return { seq: entrySeq, epoch, kind, atMs, lastCommitted, confirmed, commands };
}

/** Those of the entry read last: most entries in a row have the same. */
let lastContexts: { readonly bytes: Buffer; readonly contexts: readonly CommandContext[] } = {
  bytes: Buffer.alloc(0),
  contexts: [],
};

function readContexts(input: ByteReader): readonly CommandContext[] {
  if (lastContexts.bytes.length > 0 && input.passes(lastContexts.bytes))
    return lastContexts.contexts;
  const from = input.offset;
  const contexts: CommandContext[] = [];
  for (let left = input.u32(); left > 0; left--) {
    contexts.push({ schema: input.text(), settings: input.text() });
  }
  lastContexts = { bytes: Buffer.from(input.since(from)), contexts };
  return contexts;
}

function readFile(input: ByteReader): LoadFile {
  return { id: input.text(), bytes: input.f64(), crc: input.u32() };
}

function readCommand(input: ByteReader, contexts: readonly CommandContext[]): Command {
  const sql = input.text();
  const context = contexts[input.u32()];
  if (!context) throw new LockstepError('log_corrupt', 'an entry names a context it lacks');
  const parameters: string[] = [];
  const parameterOffsets: number[] = [];
  for (let left = input.u32(); left > 0; left--) {
    parameterOffsets.push(input.u32());
    parameters.push(input.text());
  }
  const bits = input.u8();
  const pins: { -readonly [Name in keyof Pins]: Pins[Name] } = {};
  for (const name of textPins) if (bits & pinBits[name]) pins[name] = input.text();
  if (bits & pinBits.userVariables) {
    const variables: [string, string][] = [];
    for (let left = input.u32(); left > 0; left--) variables.push([input.text(), input.text()]);
    pins.userVariables = variables;
  }
  const affectedRows = input.f64();
  const insertId = input.text();
  const errno = input.u16();
  const comparable = comparables[input.u8()] ?? 'status';
  const result = { affectedRows, insertId, errno, comparable };
  return { sql, parameters, parameterOffsets, context, pins, result };
}

/** Shorter texts are written faster by ourselves than by a call of the runtime. */
const shortTextMax = 24;
const keptBytesMax = 64 * 1024;

class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(1024);
  #length = 0;

  begin(): this {
    this.#length = 0;
    return this;
  }

  u8(value: number): void {
    this.#room(1);
    this.#length = this.#bytes.writeUInt8(value, this.#length);
  }

  u16(value: number): void {
    this.#room(2);
    this.#length = this.#bytes.writeUInt16LE(value, this.#length);
  }

  u32(value: number): void {
    this.#room(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  f64(value: number): void {
    this.#room(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  text(value: string): void {
    const { length } = value;
    this.u32(length);
    this.#room(length);
    if (length > shortTextMax) {
      this.#length += this.#bytes.write(value, this.#length, 'latin1');
      return;
    }
    for (let at = 0; at < length; at++) this.#bytes[this.#length++] = value.charCodeAt(at);
  }

  bytes(value: Buffer): void {
    this.#room(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** A copy of what was written since `begin`. */
  finish(): Buffer {
    const written = Buffer.from(this.#bytes.subarray(0, this.#length));
    if (this.#bytes.length > keptBytesMax) this.#bytes = Buffer.allocUnsafeSlow(1024);
    return written;
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** One entry is encoded at a time. */
const writer = new ByteWriter();

class ByteReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#offset;
  }

  /** A view of what was read from there on. */
  since(offset: number): Buffer {
    return this.#bytes.subarray(offset, this.#offset);
  }

  /** Passes over these bytes if they come next. */
  passes(bytes: Buffer): boolean {
    const end = this.#offset + bytes.length;
    if (end > this.#bytes.length) return false;
    if (this.#bytes.compare(bytes, 0, bytes.length, this.#offset, end) !== 0) return false;
    this.#offset = end;
    return true;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#advance(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4));
  }

  f64(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  text(): string {
    const length = this.u32();
    const start = this.#advance(length);
    return this.#bytes.toString('latin1', start, start + length);
  }

  #advance(bytes: number): number {
    const start = this.#offset;
    if (start + bytes > this.#bytes.length) {
      throw new LockstepError('log_corrupt', 'an entry ends before its content does');
    }
    this.#offset = start + bytes;
    return start;
  }
}

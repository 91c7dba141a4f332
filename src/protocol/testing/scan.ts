import fc from 'fast-check';
import { assert } from '../../base/assert.ts';
import { encodeEof } from '../eof-packet.ts';
import { encodeOk, plainOk } from '../ok-packet.ts';
import { encodePacket } from '../packet-writer.ts';
import { ResponseScanner } from '../response-scanner.ts';
import type { ResponseKind, ResponseSink } from '../response-sink.ts';

/** What a sink was told, with neighbouring data joined, so that chunking does not show. */
export class Recorder implements ResponseSink {
  readonly events: { what: string; bytes: Buffer }[] = [];
  readonly prepared: Buffer[] = [];
  /** Of each result that is one of rows. */
  readonly rows: number[] = [];

  onData(bytes: Buffer): void {
    const before = this.events.at(-1);
    if (before?.what === 'data') before.bytes = Buffer.concat([before.bytes, bytes]);
    else this.events.push({ what: 'data', bytes: Buffer.from(bytes) });
  }

  onTerminal(terminal: Parameters<ResponseSink['onTerminal']>[0]): void {
    const { type, raw, payload, sequenceId, statusFlags, last, resultIndex } = terminal;
    assert(raw.subarray(4).equals(payload) && raw[3] === sequenceId, 'payload and header agree');
    const what = `${type} ${statusFlags.toString(16)} #${resultIndex}${last ? ' last' : ''}`;
    this.events.push({ what, bytes: Buffer.from(raw) });
    if (type === 'eof' || type === 'result_end_ok') this.rows.push(terminal.rows);
  }

  onLocalInfile(raw: Buffer, filename: string): void {
    this.events.push({ what: `infile ${filename}`, bytes: Buffer.from(raw) });
  }

  onPrepareOk(payload: Buffer): void {
    this.prepared.push(Buffer.from(payload));
  }

  get told(): string[] {
    return this.events.map(({ what }) => what);
  }

  /** Comparable, and cheaper to compare than the events. */
  get summary(): string {
    const events = this.events.map(({ what, bytes }) => `${what}: ${bytes.toString('hex')}`);
    return [...events, `rows ${this.rows.join(' ')}`].join('\n');
  }

  get bytes(): Buffer {
    return Buffer.concat(this.events.map(({ bytes }) => bytes));
  }
}

export interface Given {
  readonly kind: ResponseKind;
  readonly deprecateEof: boolean;
  readonly chunks: readonly Buffer[];
}

export function scan({ kind, deprecateEof, chunks }: Given): Recorder & { active: boolean } {
  const scanner = new ResponseScanner({ deprecateEof });
  const recorder = new Recorder();
  scanner.begin(kind);
  for (const chunk of chunks) {
    const consumed = scanner.push(chunk, 0, recorder);
    assert(consumed === chunk.length, 'a response takes all its bytes');
  }
  return Object.assign(recorder, { active: scanner.active });
}

/** A made-up answer: results of rows of any bytes, as both servers would frame them. */
export const madeUpAnswer = fc
  .record({
    deprecateEof: fc.boolean(),
    results: fc.array(
      fc.record({
        columns: fc.integer({ min: 1, max: 5 }),
        rows: fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 6 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .map(({ deprecateEof, results }) => {
    const payloads: Uint8Array[] = [];
    const told: string[] = [];
    for (const [index, { columns, rows }] of results.entries()) {
      const flags = index + 1 < results.length ? 10 : 2;
      payloads.push(Buffer.of(columns));
      // Definitions are passed unseen, so that their first bytes must not matter.
      for (let column = 0; column < columns; column += 1) payloads.push(Buffer.of(0xfe, column));
      if (!deprecateEof) payloads.push(encodeEof({ warnings: 0, statusFlags: flags }));
      // 0xfb is a NULL value; 0xfe and 0xff begin no short row.
      for (const row of rows) payloads.push(Buffer.of(0xfb, ...row));
      payloads.push(
        deprecateEof
          ? encodeOk(plainOk(flags), 0, { header: 0xfe })
          : encodeEof({ warnings: 0, statusFlags: flags }),
      );
      const type = deprecateEof ? 'result_end_ok' : 'eof';
      told.push('data', `${type} ${flags.toString(16)} #${index}${flags === 2 ? ' last' : ''}`);
    }
    const bytes = Buffer.concat(payloads.map((payload, at) => encodePacket(payload, at + 1)));
    return { deprecateEof, bytes, told, rows: results.map(({ rows }) => rows.length) };
  });

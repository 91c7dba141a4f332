import { expect, test } from 'vitest';
import { encodeEof } from '../protocol/eof-packet.ts';
import { encodeErr } from '../protocol/err-packet.ts';
import { encodeOk, plainOk } from '../protocol/ok-packet.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import { ResponseScanner } from '../protocol/response-scanner.ts';
import { OutcomeCollector, type StatementOutcome } from './statement-outcomes.ts';

const moreFollow = 8;
const packets = (...payloads: Buffer[]): Buffer =>
  Buffer.concat(payloads.map((payload, index) => encodePacket(payload, index + 1)));
const ok = (statusFlags: number, info = ''): Buffer =>
  encodeOk({ ...plainOk(statusFlags), affectedRows: 3, lastInsertId: 70_000n, info }, 0);
const rowsOf = (...rows: string[]): Buffer[] => [
  Buffer.of(1),
  Buffer.from('a definition, which nobody looks into'),
  encodeEof({ warnings: 0, statusFlags: 0 }),
  ...rows.map((row) => Buffer.from([row.length, ...Buffer.from(row)])),
  encodeEof({ warnings: 0, statusFlags: moreFollow }),
];

/** In pieces of one byte, and as a whole. */
async function outcomesOf(bytes: Buffer, pieceBytes: number): Promise<readonly StatementOutcome[]> {
  const scanner = new ResponseScanner({ deprecateEof: false });
  return new Promise((resolve, reject) => {
    const collector = new OutcomeCollector((error, outcomes) =>
      error ? reject(error) : resolve(outcomes),
    );
    scanner.begin('query');
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      scanner.push(bytes.subarray(at, at + pieceBytes), 0, collector);
    }
    collector.onEnd();
  });
}

test.each([1, 1_000])('each statement has its outcome, in pieces of %i bytes', async (piece) => {
  const failure = encodeErr({ errno: 1062, sqlState: '23000', message: 'there is one' });
  const bytes = packets(ok(moreFollow, 'Rows matched: 3'), ...rowsOf('x', 'y'), failure);
  const none = { affectedRows: 0, insertId: '0', errno: 0, info: '', message: '' };
  const info = 'Rows matched: 3';
  expect(await outcomesOf(bytes, piece)).toEqual([
    { kind: 'ok', ...none, affectedRows: 3, insertId: '70000', info },
    { kind: 'rows', ...none, affectedRows: 2 },
    { kind: 'err', ...none, errno: 1062, message: 'there is one' },
  ]);
});

test('whoever waits is told when the connection breaks', () => {
  const told: (Error | undefined)[] = [];
  const collector = new OutcomeCollector((error) => told.push(error));
  collector.onLost(new Error('gone'));
  expect(told).toEqual([new Error('gone')]);
});

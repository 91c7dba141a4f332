import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ClientHandshake, type HandshakeStep } from '../../src/nodes/client-handshake.ts';
import { decodeAuthMoreData } from '../../src/protocol/auth-more-data.ts';
import { decodeAuthSwitchRequest } from '../../src/protocol/auth-switch-request.ts';
import { decodeBinaryRow, encodeBinaryRow } from '../../src/protocol/binary-row.ts';
import { decodeColumnDefinition } from '../../src/protocol/column-definition.ts';
import { decodeEof, isEof } from '../../src/protocol/eof-packet.ts';
import { decodeErr, encodeErr } from '../../src/protocol/err-packet.ts';
import { decodeHandshakeV10, encodeHandshakeV10 } from '../../src/protocol/handshake-v10.ts';
import { decodeOk, encodeOk } from '../../src/protocol/ok-packet.ts';
import { eofStatus, eofWarnings, okStatus, okWarnings } from '../../src/protocol/quick-fields.ts';
import { ResponseScanner } from '../../src/protocol/response-scanner.ts';
import type { ResponseKind, ResponseSink, Terminal } from '../../src/protocol/response-sink.ts';
import { parseBinaryRows, parseTextResults } from '../../src/protocol/result-set.ts';
import { decodeStmtPrepareOk, encodeStmtPrepareOk } from '../../src/protocol/stmt-prepare-ok.ts';
import { cutAt } from '../../src/protocol/testing/chunks.ts';
import { decodeTextRow, encodeTextRow } from '../../src/protocol/text-row.ts';
import { answers, serverPayloads } from './corpus.ts';
import { type FuzzProperty, fuzzProperty, outcome } from './fuzz-property.ts';
import { hostile, surrounded } from './hostile-bytes.ts';
import { parserOf } from './parser-of.ts';

const payload = hostile(serverPayloads);
const answer = hostile(answers);
const capabilities = fc.nat(0xffff_ffff);

const parser = parserOf(payload);

const greeting = parser('greeting', (bytes) => {
  const decoded = decodeHandshakeV10(bytes);
  const again = decodeHandshakeV10(encodeHandshakeV10(decoded));
  assert.equal(again.serverVersion, decoded.serverVersion);
  assert.deepEqual(again.authData, decoded.authData);
  return decoded;
});

const ok = parser('OK', (bytes, number) => {
  const decoded = decodeOk(bytes, number);
  const again = decodeOk(encodeOk(decoded, number), number);
  assert.deepEqual({ ...again, statusFlags: 0 }, { ...decoded, statusFlags: 0 });
  assert.equal(okStatus(bytes), decoded.statusFlags);
  assert.equal(okWarnings(bytes), decoded.warnings);
  return decoded;
});

const err = parser('ERR', (bytes) => {
  const decoded = decodeErr(bytes);
  assert.equal(decodeErr(encodeErr(decoded)).errno, decoded.errno);
  return decoded;
});

const eof = parser('EOF', (bytes) => {
  if (!isEof(bytes)) return decodeEof(bytes);
  const status = eofStatus(bytes);
  return { ...decodeEof(bytes), status, quick: eofWarnings(bytes) };
});

const textRow = parser('text row', (bytes) => {
  const decoded = decodeTextRow(bytes);
  assert.deepEqual(decodeTextRow(encodeTextRow(decoded)), decoded);
  return decoded;
});

const prepareOk = parser('answer to prepare', (bytes) => {
  const decoded = decodeStmtPrepareOk(bytes);
  assert.deepEqual(decodeStmtPrepareOk(encodeStmtPrepareOk(decoded)), decoded);
  return decoded;
});

const binaryRow = fuzzProperty(
  'binary row',
  fc.tuple(payload, fc.array(fc.record({ type: fc.nat(255), flags: fc.nat(0xffff) }))),
  ([bytes, columns]) => {
    const [one, other] = surrounded(bytes);
    const decoded = outcome(() => decodeBinaryRow(one, columns));
    assert.deepEqual(
      outcome(() => decodeBinaryRow(other, columns)),
      decoded,
    );
    if (typeof decoded === 'string') return;
    assert.deepEqual(decodeBinaryRow(encodeBinaryRow(decoded, columns), columns), decoded);
  },
);

const loginToNode = fuzzProperty(
  'login to a node',
  fc.tuple(fc.array(payload, { minLength: 1, maxLength: 6 }), fc.boolean()),
  ([packets, encrypted]) => {
    const tlsMode = encrypted ? 'preferred' : 'off';
    const options = { user: 'u', password: 'secret', deprecateEof: true, foundRows: false };
    const handshake = new ClientHandshake({ ...options, tlsMode });
    for (const packet of packets) {
      const step = outcome((): HandshakeStep => {
        const next = handshake.onPacket(packet);
        return next.kind === 'secure' ? handshake.onSecure() : next;
      });
      if (typeof step === 'string' || step.kind === 'failed' || step.kind === 'ok') return;
      // A server that is not known to be the right one never gets the password.
      if (step.kind === 'send' && !encrypted) {
        assert.ok(!step.payload.includes('secret'));
      }
    }
  },
);

/** What a scanner passes on, in whatever chunks it came. */
class Passed implements ResponseSink {
  data = Buffer.alloc(0);
  readonly told: string[] = [];

  onData(bytes: Buffer): void {
    this.data = Buffer.concat([this.data, bytes]);
  }

  onTerminal({ type, raw, last, rows, statusFlags }: Terminal): void {
    this.told.push(`${this.data.length} ${type} ${raw.toString('hex')} ${last} ${rows}`);
    this.told.push(String(statusFlags));
  }

  onLocalInfile(raw: Buffer, filename: string): void {
    this.told.push(`${this.data.length} infile ${raw.length} ${filename}`);
  }

  onPrepareOk(bytes: Buffer): void {
    this.told.push(`prepared ${bytes.toString('hex')}`);
  }
}

const kinds: readonly ResponseKind[] = [
  'query',
  'prepare',
  'simple',
  'field_list',
  'fetch',
  'statistics',
];

const scanned = fuzzProperty(
  'answers in any chunks',
  fc.tuple(
    answer,
    fc.constantFrom(...kinds),
    fc.boolean(),
    fc.array(fc.nat(600), { maxLength: 8 }),
  ),
  ([bytes, kind, deprecateEof, offsets]) => {
    const scan = (chunks: readonly Buffer[]) => {
      const scanner = new ResponseScanner({ deprecateEof });
      const passed = new Passed();
      scanner.begin(kind);
      let consumed = 0;
      const error = outcome(() => {
        for (const chunk of chunks) {
          const taken = scanner.push(chunk, 0, passed);
          consumed += taken;
          if (taken < chunk.length) break;
        }
        return '';
      });
      const { told } = passed;
      // Where it throws, how much of the chunk was passed on before depends on the chunk.
      if (error !== '') return { error, told };
      return { error, told, consumed, active: scanner.active };
    };
    assert.deepEqual(scan(cutAt(bytes, offsets)), scan([bytes]));
  },
);

const decodedResults = fuzzProperty(
  'decoded answers',
  fc.tuple(answer, capabilities),
  ([bytes, number]) => {
    const [one, other] = surrounded(bytes);
    assert.deepEqual(
      outcome(() => parseTextResults(one, number)),
      outcome(() => parseTextResults(other, number)),
    );
    assert.deepEqual(
      outcome(() => parseBinaryRows(one, number)),
      outcome(() => parseBinaryRows(other, number)),
    );
  },
);

/** All that reads what a node sends. */
export const nodeProperties: readonly FuzzProperty[] = [
  greeting,
  ok,
  err,
  eof,
  parser('column definition', decodeColumnDefinition),
  textRow,
  binaryRow,
  prepareOk,
  parser('auth switch', decodeAuthSwitchRequest),
  parser('more data for authentication', decodeAuthMoreData),
  loginToNode,
  scanned,
  decodedResults,
];

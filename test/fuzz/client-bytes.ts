import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { LockstepError } from '../../src/base/errors.ts';
import type { KnownAccount } from '../../src/protocol/auth/known-account.ts';
import { doubleSha1 } from '../../src/protocol/auth/native-password.ts';
import { type AuthStep, ServerAuthentication } from '../../src/protocol/auth/server-auth.ts';
import { decodeChangeUser, encodeChangeUser } from '../../src/protocol/change-user.ts';
import { PacketAssembler } from '../../src/protocol/command-scanner.ts';
import { CompressedFrameReader, splitCommands } from '../../src/protocol/compressed-frame.ts';
import {
  decodeHandshakeResponse,
  decodeSslRequest,
  encodeHandshakeResponse,
  isSslRequest,
} from '../../src/protocol/handshake-response.ts';
import { readProxyHeader } from '../../src/protocol/proxy-header.ts';
import { decodeStmtBulkExecute } from '../../src/protocol/stmt-bulk-execute.ts';
import { rewriteStatementId, statementIdOf } from '../../src/protocol/statement-id.ts';
import {
  decodeStmtExecute,
  decodeStmtSendLongData,
  encodeStmtExecute,
} from '../../src/protocol/stmt-execute.ts';
import { encodeStmtBulkExecute } from '../../src/protocol/testing/bulk-packet.ts';
import { cutAt } from '../../src/protocol/testing/chunks.ts';
import { literalOf } from '../../src/sql/literal-of.ts';
import { clientPayloads } from './corpus.ts';
import { type FuzzProperty, fuzzProperty, outcome } from './fuzz-property.ts';
import { hostile, surrounded } from './hostile-bytes.ts';
import { parserOf } from './parser-of.ts';

const payload = hostile(clientPayloads);
const capabilities = fc.nat(0xffff_ffff);
const cuts = fc.array(fc.nat(200), { maxLength: 8 });

const parser = parserOf(payload);

const handshakeResponse = parser('handshake response', (bytes) => {
  const decoded = decodeHandshakeResponse(bytes);
  const again = decodeHandshakeResponse(
    encodeHandshakeResponse({ ...decoded, user: plain(decoded.user) }),
  );
  assert.deepEqual(again.authResponse, decoded.authResponse);
  assert.deepEqual(again.database, decoded.database);
  assert.deepEqual(again.authPlugin, decoded.authPlugin);
  assert.deepEqual(again.attributes, decoded.attributes);
  return decoded;
});

/** What is no UTF-8 does not survive; it is never a user that exists. */
const plain = (user: string): string => user.replaceAll('\ufffd', '?');

const sslRequest = parser('request for TLS', (bytes) =>
  isSslRequest(bytes) ? decodeSslRequest(bytes) : undefined,
);

const changeUser = parser('COM_CHANGE_USER', (bytes, number) => {
  const decoded = decodeChangeUser(bytes, number);
  const again = decodeChangeUser(encodeChangeUser(decoded), 0);
  assert.deepEqual(again.authResponse, decoded.authResponse);
  assert.deepEqual(again.database, decoded.database);
  return decoded;
});

const statementId = parser('statement id', (bytes, number) => {
  assert.equal(statementIdOf(rewriteStatementId(bytes, number)), number);
  return decodeStmtSendLongData(bytes);
});

const execute = fuzzProperty(
  'COM_STMT_EXECUTE',
  fc.tuple(payload, fc.nat(40), capabilities, fc.array(fc.tuple(fc.nat(255), fc.boolean()))),
  ([bytes, parameterCount, number, previous]) => {
    const previousTypes = previous.map(([type, unsigned]) => ({ type, unsigned }));
    const [one, other] = surrounded(bytes);
    const decode = (from: Buffer): unknown => {
      const context = { parameterCount, previousTypes, capabilities: number };
      const decoded = decodeStmtExecute(from, context);
      assert.ok([0, parameterCount].includes(decoded.parameters.length));
      const { parameters } = decoded;
      const encoded = encodeStmtExecute(decoded);
      const again = decodeStmtExecute(encoded, { parameterCount, previousTypes, capabilities: 0 });
      if (parameters.length > 0) assert.deepEqual(again.parameters, parameters);
      const options = { charset: 'utf8mb4', noBackslashEscapes: false };
      return parameters.map((parameter) => literal(() => literalOf(parameter, options)));
    };
    assert.deepEqual(
      outcome(() => decode(one)),
      outcome(() => decode(other)),
    );
  },
);

const bulkExecute = fuzzProperty(
  'COM_STMT_BULK_EXECUTE',
  fc.tuple(payload, fc.nat(8), fc.array(fc.tuple(fc.nat(255), fc.boolean()))),
  ([bytes, parameterCount, previous]) => {
    const previousTypes = previous.map(([type, unsigned]) => ({ type, unsigned }));
    const [one, other] = surrounded(bytes);
    const decode = (from: Buffer): unknown => {
      const decoded = decodeStmtBulkExecute(from, { parameterCount, previousTypes });
      const { types } = decoded;
      const read = [...decoded.rows()];
      assert.ok(read.every((row) => row.length === types.length));
      if (read.length === 0) return decoded.flags;
      const encoded = encodeStmtBulkExecute({ statementId: 1, rows: read });
      const context = { parameterCount: types.length, previousTypes: [] };
      assert.deepEqual([...decodeStmtBulkExecute(encoded, context).rows()], read);
      return read;
    };
    assert.deepEqual(
      outcome(() => decode(one)),
      outcome(() => decode(other)),
    );
  },
);

/** A number that no literal can be is refused by a code of its own. */
function literal(make: () => string): string {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof LockstepError) || error.code !== 'bad_request') throw error;
    return 'refused';
  }
}

const packetStream = fuzzProperty(
  'packets in any chunks',
  fc.tuple(fc.array(payload, { maxLength: 4 }), cuts, fc.boolean()),
  ([parts, offsets, report]) => {
    const bytes = Buffer.concat(parts);
    const assemble = (chunks: readonly Buffer[]) => {
      const assembler = new PacketAssembler({ payloadBytesMax: 4096, report });
      return chunks.flatMap((chunk) =>
        assembler.push(chunk).map(({ payload: body, sequenceId, oversized, disordered }) => ({
          body: oversized ? '' : body.toString('hex'),
          sequenceId,
          disordered,
          oversized,
        })),
      );
    };
    assert.deepEqual(
      outcome(() => assemble(cutAt(bytes, offsets))),
      outcome(() => assemble([bytes])),
    );
  },
);

const frames = fuzzProperty(
  'compressed frames in any chunks',
  fc.tuple(fc.array(payload, { maxLength: 4 }), cuts),
  ([parts, offsets]) => {
    const bytes = Buffer.concat(parts);
    const read = (chunks: readonly Buffer[]) => {
      const reader = new CompressedFrameReader();
      const bodies = chunks.flatMap((chunk) => reader.push(Buffer.from(chunk)));
      return bodies.map(({ body, sequenceId, plainBytes }) => ({
        body: body.toString('hex'),
        sequenceId,
        plainBytes,
      }));
    };
    assert.deepEqual(
      outcome(() => read(cutAt(bytes, offsets))),
      outcome(() => read([bytes])),
    );
    assert.deepEqual(Buffer.concat(splitCommands(bytes).map((one) => one.bytes)), bytes);
  },
);

const proxyStarts = [
  Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 40000 3306\r\n'),
  Buffer.from('PROXY TCP6 2001:db8::1 2001:db8::2 40000 3306\r\n'),
  Buffer.from('PROXY UNKNOWN\r\n'),
  Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000201c00002029c400cea', 'hex'),
  Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex'),
];

const proxy = fuzzProperty(
  'PROXY header',
  fc.tuple(hostile(proxyStarts), fc.nat(60)),
  ([bytes, cut]) => {
    const [one, other] = surrounded(bytes);
    const found = outcome(() => readProxyHeader(one));
    assert.deepEqual(
      outcome(() => readProxyHeader(other)),
      found,
    );
    if (typeof found === 'string' || found.kind !== 'header') return;
    assert.ok(found.byteLength <= bytes.length);
    // A shorter beginning never tells something else.
    const begun = outcome(() => readProxyHeader(bytes.subarray(0, cut)));
    if (cut < found.byteLength) assert.deepEqual(begun, { kind: 'partial' });
  },
);

const keys = generateKeyPairSync('rsa', {
  modulusLength: 1024,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const known: readonly (KnownAccount | undefined)[] = [
  undefined,
  { kind: 'password', password: 'a password of 20 byt', trust: 'final' },
  { kind: 'password', password: 'a password of 20 byt', trust: 'confirm' },
  { kind: 'native_hashes', doubleSha1s: [doubleSha1('x'), Buffer.of(1)] },
  { kind: 'ask' },
];

const login = fuzzProperty(
  'login',
  fc.tuple(
    fc.array(payload, { minLength: 1, maxLength: 6 }),
    fc.nat(known.length - 1),
    fc.boolean(),
  ),
  ([packets, which, secure]) => {
    const authentication = new ServerAuthentication({
      nonce: Buffer.alloc(20, 7),
      defaultPlugin: 'caching_sha2_password',
      rsaKeys: { privateKeyPem: keys.privateKey, publicKeyPem: keys.publicKey },
      secure,
    });
    const [first, ...others] = packets as [Buffer, ...Buffer[]];
    const request = outcome(() => decodeHandshakeResponse(first));
    const user = typeof request === 'string' ? { user: 'u', authResponse: first } : request;
    let step: AuthStep = authentication.onResponse(user);
    for (const packet of others) {
      if (step.kind === 'look_up') step = authentication.onAccount(known[which]);
      if (step.kind === 'check') step = authentication.onChecked(false);
      assert.notEqual(step.kind, 'ok');
      if (step.kind === 'denied') return;
      step = authentication.onPacket(packet);
    }
    assert.notEqual(step.kind, 'ok');
  },
);

/** All that reads what a client sends. */
export const clientProperties: readonly FuzzProperty[] = [
  handshakeResponse,
  sslRequest,
  changeUser,
  statementId,
  execute,
  bulkExecute,
  packetStream,
  frames,
  proxy,
  login,
];

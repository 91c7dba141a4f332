import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { decodeHandshakeResponse } from '../handshake-response.ts';
import { decodeHandshakeV10 } from '../handshake-v10.ts';
import { login, loginPassword } from '../testing/captures.ts';
import { doubleSha1, nativePasswordScramble, nativePasswordSha1 } from './native-password.ts';

const nonce = Buffer.from('0123456789abcdefghij');
const sha1 = (text: string): Buffer => createHash('sha1').update(text).digest();

test.each(['mariadb_client_native', 'mysql2_native'])('the scramble of %s', (name) => {
  const [greeting, response] = login(name) as [Buffer, Buffer];
  const { authData } = decodeHandshakeV10(greeting);
  const { authResponse } = decodeHandshakeResponse(response);
  expect(nativePasswordScramble(loginPassword, authData)).toEqual(authResponse);
  const single = nativePasswordSha1(authResponse, authData, doubleSha1(loginPassword));
  expect(single).toEqual(sha1(loginPassword));
});

test('the double hash is what PASSWORD() of a server shows', () => {
  expect(doubleSha1('password').toString('hex')).toBe('2470c0c06dee42fd1618bb99005adca2ec9d1e19');
});

test('another password, nonce or length is refused', () => {
  const scramble = nativePasswordScramble('secret', nonce);
  const stored = doubleSha1('secret');
  expect(nativePasswordSha1(scramble, nonce, stored)).toBeDefined();
  expect(nativePasswordSha1(scramble, nonce, doubleSha1('Secret'))).toBeUndefined();
  expect(nativePasswordSha1(scramble, Buffer.alloc(20, 1), stored)).toBeUndefined();
  expect(nativePasswordSha1(scramble.subarray(1), nonce, stored)).toBeUndefined();
  expect(nativePasswordSha1(Buffer.alloc(0), nonce, stored)).toBeUndefined();
  expect(nativePasswordSha1(scramble, nonce, Buffer.alloc(0))).toBeUndefined();
});

test('what a client sends is enough to log in as it elsewhere', () => {
  const single = nativePasswordSha1(
    nativePasswordScramble('secret', nonce),
    nonce,
    doubleSha1('secret'),
  );
  if (!single) return expect.unreachable();
  const other = Buffer.alloc(20, 9);
  const expected = nativePasswordScramble('secret', other);
  expect(nativePasswordScramble({ sha1: single }, other)).toEqual(expected);
  expect(doubleSha1({ sha1: single })).toEqual(doubleSha1('secret'));
});

test('no password is an empty answer', () => {
  expect(nativePasswordScramble('', nonce)).toHaveLength(0);
});

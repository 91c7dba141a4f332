import { expect, test } from 'vitest';
import { decodeHandshakeResponse } from '../handshake-response.ts';
import { decodeHandshakeV10 } from '../handshake-v10.ts';
import { login, loginPassword } from '../testing/captures.ts';
import { doubleSha1, nativePasswordScramble, nativePasswordVerify } from './native-password.ts';

const nonce = Buffer.from('0123456789abcdefghij');

test.each(['mariadb_client_native', 'mysql2_native'])('the scramble of %s', (name) => {
  const [greeting, response] = login(name) as [Buffer, Buffer];
  const { authData } = decodeHandshakeV10(greeting);
  const { authResponse } = decodeHandshakeResponse(response);
  expect(nativePasswordScramble(loginPassword, authData)).toEqual(authResponse);
  expect(nativePasswordVerify(authResponse, authData, doubleSha1(loginPassword))).toBe(true);
});

test('the double hash is what PASSWORD() of a server shows', () => {
  expect(doubleSha1('password').toString('hex')).toBe('2470c0c06dee42fd1618bb99005adca2ec9d1e19');
});

test('another password, nonce or length is refused', () => {
  const scramble = nativePasswordScramble('secret', nonce);
  const stored = doubleSha1('secret');
  expect(nativePasswordVerify(scramble, nonce, stored)).toBe(true);
  expect(nativePasswordVerify(scramble, nonce, doubleSha1('Secret'))).toBe(false);
  expect(nativePasswordVerify(scramble, Buffer.alloc(20, 1), stored)).toBe(false);
  expect(nativePasswordVerify(scramble.subarray(1), nonce, stored)).toBe(false);
  expect(nativePasswordVerify(Buffer.alloc(0), nonce, stored)).toBe(false);
});

test('no password is an empty answer', () => {
  expect(nativePasswordScramble('', nonce)).toHaveLength(0);
});

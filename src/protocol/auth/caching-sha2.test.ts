import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decodeHandshakeResponse } from '../handshake-response.ts';
import { decodeHandshakeV10 } from '../handshake-v10.ts';
import { login, loginPassword } from '../testing/captures.ts';
import {
  cachingSha2Scramble,
  cachingSha2Verify,
  doubleSha256,
  rsaDecryptPassword,
  rsaEncryptPassword,
  withoutZero,
  xorWithNonce,
  zeroEnded,
} from './caching-sha2.ts';

const nonce = Buffer.from('0123456789abcdefghij');

test.each(['mysql_client_fast', 'mysql2_fast'])('the scramble of %s', (name) => {
  const [greeting, response] = login(name) as [Buffer, Buffer];
  const { authData } = decodeHandshakeV10(greeting);
  const { authResponse } = decodeHandshakeResponse(response);
  expect(cachingSha2Scramble(loginPassword, authData)).toEqual(authResponse);
  expect(cachingSha2Verify(authResponse, authData, loginPassword)).toBe(true);
  expect(cachingSha2Verify(authResponse, authData, doubleSha256(loginPassword))).toBe(true);
});

test('another password, nonce or length is refused', () => {
  const scramble = cachingSha2Scramble('secret', nonce);
  expect(cachingSha2Verify(scramble, nonce, 'secret')).toBe(true);
  expect(cachingSha2Verify(scramble, nonce, 'Secret')).toBe(false);
  expect(cachingSha2Verify(scramble, Buffer.alloc(20, 1), 'secret')).toBe(false);
  expect(cachingSha2Verify(scramble.subarray(1), nonce, 'secret')).toBe(false);
  expect(cachingSha2Scramble('', nonce)).toHaveLength(0);
});

describe('the password itself', () => {
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

  test('is decrypted to what was encrypted, also where it is longer than the nonce', () => {
    for (const password of ['x', 'pä ss', 'p'.repeat(120)]) {
      const encrypted = rsaEncryptPassword(password, nonce, keys.publicKey);
      expect(encrypted).toHaveLength(256);
      expect(rsaDecryptPassword(encrypted, nonce, keys.privateKey)).toBe(password);
    }
  });

  test('made for another nonce, or nonsense, is no password', () => {
    const encrypted = rsaEncryptPassword('secret', nonce, keys.publicKey);
    expect(rsaDecryptPassword(encrypted, Buffer.alloc(20, 1), keys.privateKey)).toBeUndefined();
    expect(rsaDecryptPassword(Buffer.alloc(256, 1), nonce, keys.privateKey)).toBeUndefined();
    expect(rsaDecryptPassword(Buffer.alloc(3), nonce, keys.privateKey)).toBeUndefined();
  });

  test('is XORed with the nonce over and over', () => {
    const mixed = xorWithNonce(Buffer.alloc(45, 0), nonce);
    expect(mixed.toString()).toBe(nonce.toString().repeat(3).slice(0, 45));
    expect(xorWithNonce(mixed, nonce)).toEqual(Buffer.alloc(45, 0));
  });

  test('ends with a zero byte', () => {
    expect(withoutZero(zeroEnded('é'))).toBe('é');
    expect(withoutZero(Buffer.from('abc'))).toBeUndefined();
    expect(withoutZero(Buffer.alloc(0))).toBeUndefined();
  });
});

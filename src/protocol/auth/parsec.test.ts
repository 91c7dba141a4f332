import { createPublicKey, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { parsecKey, parsecResponse } from './parsec.ts';

// MariaDB's release notes of 11.6 show this account: the password, the salt and the public key.
const password = 'MyPassword123!';
const salt = Buffer.from('lhXyNv1cIxpB8EnTxR7ON7S7', 'base64');
const publicKey = '1l3rWRW1/jw45yrvYXB8eh02wzk7lcJcz4CMcWw2b+8=';
const clientScramble = Buffer.alloc(32, 2);
const extSalt = Buffer.concat([Buffer.of(0x50, 0), salt]);

test('the key is the one that a server stores', () => {
  const key = parsecKey(password, extSalt);
  if (!key) return expect.unreachable();
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  expect(der.subarray(-32).toString('base64')).toBe(publicKey);
});

test('both scrambles are signed with it', () => {
  const serverScramble = Buffer.alloc(32, 1);
  const response = parsecResponse(password, serverScramble, extSalt, clientScramble);
  const key = parsecKey(password, extSalt);
  if (!key || !response) return expect.unreachable();
  expect(response).toHaveLength(96);
  const signed = Buffer.concat([serverScramble, response.subarray(0, 32)]);
  expect(verify(undefined, signed, createPublicKey(key), response.subarray(32))).toBe(true);
});

test('a salt in another form, or so many iterations that we would stand still, is refused', () => {
  const scramble = Buffer.alloc(32);
  const refused = [
    Buffer.alloc(0),
    Buffer.of(0x50),
    Buffer.of(0x50, 0),
    Buffer.concat([Buffer.of(0x51, 0), salt]),
    Buffer.concat([Buffer.of(0x50, 40), salt]),
  ];
  for (const bytes of refused) {
    expect(parsecResponse('x', scramble, bytes, clientScramble)).toBeUndefined();
  }
  expect(parsecResponse('x', Buffer.alloc(31), extSalt, clientScramble)).toBeUndefined();
});

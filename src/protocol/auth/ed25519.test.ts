import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { ed25519PublicKey, ed25519Sign } from './ed25519.ts';

const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const spki = Buffer.from('302a300506032b6570032100', 'hex');

test('the public key is what a server stores', () => {
  // Of IDENTIFIED VIA ed25519 USING PASSWORD('secret') on MariaDB 10.11.
  const stored = 'ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY';
  expect(ed25519PublicKey('secret').toString('base64')).toBe(`${stored}=`);
});

test.each(['', 'secret', 'é'.repeat(40)])('the signature with %j holds', (password) => {
  const nonce = Buffer.alloc(32, 7);
  const key = Buffer.concat([spki, ed25519PublicKey(password)]);
  const publicKey = createPublicKey({ key, format: 'der', type: 'spki' });
  expect(verify(undefined, nonce, publicKey, ed25519Sign(password, nonce))).toBe(true);
  expect(verify(undefined, nonce, publicKey, ed25519Sign(`${password}x`, nonce))).toBe(false);
});

test('with a password of 32 bytes it is Ed25519 as everybody has it', () => {
  const password = '0123456789abcdef0123456789ABCDEF';
  const key = Buffer.concat([pkcs8, Buffer.from(password)]);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  const message = Buffer.from('a message');
  expect(ed25519Sign(password, message)).toEqual(sign(undefined, message, privateKey));
});

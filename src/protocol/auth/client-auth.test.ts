import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encodeAuthMoreData } from '../auth-more-data.ts';
import { encodeAuthSwitchRequest } from '../auth-switch-request.ts';
import { encodeErr } from '../err-packet.ts';
import { decodeHandshakeResponse } from '../handshake-response.ts';
import { decodeHandshakeV10 } from '../handshake-v10.ts';
import { login, loginPassword } from '../testing/captures.ts';
import { rsaDecryptPassword } from './caching-sha2.ts';
import { ClientAuthentication } from './client-auth.ts';
import { ed25519Sign } from './ed25519.ts';
import { nativePasswordScramble } from './native-password.ts';

const random = (bytes: number): Buffer => Buffer.alloc(bytes, 3);
const nonce = Buffer.from('0123456789abcdefghij');
const sha2 = { authData: nonce, authPlugin: 'caching_sha2_password' };

function client(secure: boolean): ClientAuthentication {
  return new ClientAuthentication({ user: 'u', password: loginPassword, secure, random });
}

describe('real dialogues', () => {
  test.each(['mysql_client_fast', 'mysql2_fast', 'mariadb_client_native', 'mysql2_native'])(
    '%s: we answer the greeting as it did',
    (name) => {
      const [greeting, response, answer] = login(name);
      const auth = client(false);
      const first = auth.onGreeting(decodeHandshakeV10(greeting as Buffer));
      const theirs = decodeHandshakeResponse(response as Buffer);
      expect(first).toEqual({ plugin: theirs.authPlugin, authResponse: theirs.authResponse });
      expect(auth.onPacket(answer as Buffer).kind).toBe(name.endsWith('fast') ? 'wait' : 'ok');
    },
  );

  test('an auth switch', () => {
    const packets = login('mariadb_client_switched');
    const auth = client(false);
    auth.onGreeting(sha2);
    const [, , request, answer, ok] = packets as [Buffer, Buffer, Buffer, Buffer, Buffer];
    expect(auth.onPacket(request)).toEqual({ kind: 'send', payload: answer });
    expect(auth.onPacket(ok)).toEqual({ kind: 'ok' });
  });

  test('full authentication by RSA', () => {
    const packets = login('mysql_client_full_rsa');
    const auth = client(false);
    auth.onGreeting(decodeHandshakeV10(packets[0] as Buffer));
    expect(auth.onPacket(packets[2] as Buffer)).toEqual({ kind: 'send', payload: packets[3] });
    const encrypted = auth.onPacket(packets[4] as Buffer);
    expect(encrypted).toMatchObject({ kind: 'send', payload: expect.any(Buffer) });
    expect(auth.onPacket(packets[6] as Buffer)).toEqual({ kind: 'ok' });
  });
});

describe('full authentication', () => {
  const full = encodeAuthMoreData(Buffer.of(4));

  test('inside TLS the password goes as it is', () => {
    const auth = client(true);
    auth.onGreeting(sha2);
    expect(auth.onPacket(full)).toEqual({
      kind: 'send',
      payload: Buffer.from(`${loginPassword}\0`),
    });
  });

  test('without TLS it is encrypted with the key that was asked for, and the nonce', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const auth = client(false);
    auth.onGreeting(sha2);
    expect(auth.onPacket(full)).toEqual({ kind: 'send', payload: Buffer.of(2) });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const step = auth.onPacket(encodeAuthMoreData(Buffer.from(pem)));
    if (step.kind !== 'send') return expect.unreachable();
    const key = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const keyPem = key.export({ type: 'pkcs8', format: 'pem' });
    expect(rsaDecryptPassword(step.payload, nonce, keyPem)).toBe(loginPassword);
  });

  test('a key that is none fails with an error, not a throw', () => {
    const auth = client(false);
    auth.onGreeting(sha2);
    auth.onPacket(full);
    expect(auth.onPacket(encodeAuthMoreData(Buffer.from('no key')))).toMatchObject({
      kind: 'failed',
      error: { errno: 2061 },
    });
  });
});

describe('plugins of their own', () => {
  const nonce32 = Buffer.alloc(32, 0);
  const switchTo = (plugin: string, authData: Buffer): Buffer =>
    Buffer.concat([Buffer.of(0xfe), Buffer.from(`${plugin}\0`), authData]);

  test('client_ed25519 signs all of the nonce, also where it ends with zeros', () => {
    const step = client(false).onPacket(switchTo('client_ed25519', nonce32));
    expect(step).toEqual({ kind: 'send', payload: ed25519Sign(loginPassword, nonce32) });
  });

  test.each([['as it is'], ['as more data']])('parsec asks for the salt, which comes %s', (how) => {
    const auth = client(false);
    const asked = auth.onPacket(switchTo('parsec', nonce32));
    expect(asked).toEqual({ kind: 'send', payload: Buffer.alloc(0) });
    const salt = Buffer.concat([Buffer.of(0x50, 0), Buffer.alloc(18, 5)]);
    const answer = auth.onPacket(how === 'as it is' ? salt : encodeAuthMoreData(salt));
    expect(answer.kind === 'send' && answer.payload.length).toBe(96);
  });

  test('sha256_password: in clear inside TLS, else by RSA', () => {
    const request = encodeAuthSwitchRequest({ plugin: 'sha256_password', authData: nonce });
    const zeroEnded = Buffer.from(`${loginPassword}\0`);
    expect(client(true).onPacket(request)).toEqual({ kind: 'send', payload: zeroEnded });
    const auth = client(false);
    expect(auth.onPacket(request)).toEqual({ kind: 'send', payload: Buffer.of(1) });
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const step = auth.onPacket(encodeAuthMoreData(Buffer.from(pem)));
    if (step.kind !== 'send') return expect.unreachable();
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    expect(rsaDecryptPassword(step.payload, nonce, key)).toBe(loginPassword);
  });
});

describe('what must not work', () => {
  const switchTo = (plugin: string): Buffer => encodeAuthSwitchRequest({ plugin, authData: nonce });

  test('a server that asks for the clear password gets it only inside TLS', () => {
    expect(client(false).onPacket(switchTo('mysql_clear_password'))).toMatchObject({
      kind: 'failed',
      error: { errno: 2061, message: expect.stringContaining('TLS') },
    });
    expect(client(true).onPacket(switchTo('mysql_clear_password'))).toEqual({
      kind: 'send',
      payload: Buffer.from(`${loginPassword}\0`),
    });
  });

  test('full authentication outside caching_sha2 sends nothing', () => {
    const auth = client(true);
    auth.onGreeting({ authData: nonce, authPlugin: 'mysql_native_password' });
    expect(auth.onPacket(encodeAuthMoreData(Buffer.of(4))).kind).toBe('failed');
  });

  test('a plugin we do not have is named with what to do', () => {
    expect(client(false).onPacket(switchTo('auth_gssapi_client'))).toMatchObject({
      kind: 'failed',
      error: { errno: 2059, message: expect.stringContaining('auth_gssapi_client') },
    });
  });

  test('the SHA-1 of a password goes only into the native answer', () => {
    const sha1 = createHash('sha1').update(loginPassword).digest();
    const auth = new ClientAuthentication({ user: 'u', password: { sha1 }, secure: true, random });
    expect(auth.onGreeting(sha2)).toEqual({
      plugin: 'mysql_native_password',
      authResponse: nativePasswordScramble(loginPassword, nonce),
    });
    for (const plugin of ['caching_sha2_password', 'client_ed25519', 'mysql_clear_password']) {
      expect(auth.onPacket(switchTo(plugin)).kind).toBe('failed');
    }
    expect(auth.onPacket(encodeAuthMoreData(Buffer.of(4))).kind).toBe('failed');
    expect(auth.onPacket(switchTo('mysql_native_password')).kind).toBe('send');
  });

  test('errors of the server are passed on; other packets are failures', () => {
    const error = { errno: 1045, sqlState: '28000', message: 'Access denied' };
    expect(client(false).onPacket(encodeErr(error))).toEqual({ kind: 'failed', error });
    for (const payload of [Buffer.of(0xfe), Buffer.of(7), Buffer.alloc(0)]) {
      expect(client(false).onPacket(payload).kind).toBe('failed');
    }
  });
});

test('an unknown plugin in the greeting is answered with the native one', () => {
  const { plugin, authResponse } = client(false).onGreeting({
    authData: nonce,
    authPlugin: 'parsec',
  });
  expect(plugin).toBe('mysql_native_password');
  expect(authResponse).toHaveLength(20);
});

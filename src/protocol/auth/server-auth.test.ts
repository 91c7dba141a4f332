import { createHash, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decodeAuthMoreData } from '../auth-more-data.ts';
import { decodeAuthSwitchRequest } from '../auth-switch-request.ts';
import { decodeHandshakeResponse } from '../handshake-response.ts';
import { decodeHandshakeV10 } from '../handshake-v10.ts';
import { encodeOk, plainOk } from '../ok-packet.ts';
import { login, loginPassword } from '../testing/captures.ts';
import { cachingSha2Scramble } from './caching-sha2.ts';
import { ClientAuthentication } from './client-auth.ts';
import { nativePasswordScramble } from './native-password.ts';
import { ServerAuthentication } from './server-auth.ts';
import type { AuthStep, ServerAuthOptions } from './server-auth.ts';

const nonce = Buffer.from('0123456789abcdefghij');
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const rsaKeys = { privateKeyPem: privateKey, publicKeyPem: publicKey };
const native = 'mysql_native_password';
const sha2 = 'caching_sha2_password';

function server(options: Partial<ServerAuthOptions> = {}): ServerAuthentication {
  const passwords = new Map([
    ['app', 'secret'],
    ['free', ''],
    ['nat', loginPassword],
    ['sha', loginPassword],
  ]);
  return new ServerAuthentication({
    nonce,
    defaultPlugin: sha2,
    secure: false,
    lookup: (user) => {
      const password = passwords.get(user);
      return password === undefined ? undefined : { password };
    },
    ...options,
  });
}

const empty = Buffer.alloc(0);
const reasonOf = (step: AuthStep): string => (step.kind === 'denied' ? step.reason : step.kind);

describe('real clients', () => {
  test.each([
    ['mysql_client_fast', sha2],
    ['mysql2_fast', sha2],
    ['mariadb_client_native', native],
    ['mysql2_native', native],
  ] as const)('%s', (name, defaultPlugin) => {
    const [greeting, response] = login(name) as [Buffer, Buffer];
    const auth = server({ nonce: decodeHandshakeV10(greeting).authData, defaultPlugin });
    const request = decodeHandshakeResponse(response);
    const step = auth.onResponse(request);
    expect(step).toMatchObject({ kind: 'ok', user: request.user });
    const before = step.kind === 'ok' ? step.payloadBefore : undefined;
    expect(before).toEqual(defaultPlugin === sha2 ? Buffer.of(1, 3) : undefined);
  });

  test('one that had no nonce for its plugin is asked again, with that plugin', () => {
    const packets = login('mariadb_client_switched');
    const auth = server({
      nonce: decodeHandshakeV10(packets[0] as Buffer).authData,
      defaultPlugin: native,
    });
    const request = decodeHandshakeResponse(packets[1] as Buffer);
    expect(request).toMatchObject({ authPlugin: sha2, authResponse: empty });
    const asked = auth.onResponse(request);
    if (asked.kind !== 'send') return expect.unreachable();
    const { plugin, authData } = decodeAuthSwitchRequest(asked.payload);
    expect(plugin).toBe(sha2);
    expect(auth.onPacket(cachingSha2Scramble(loginPassword, authData)).kind).toBe('ok');
  });
});

describe('our own client logs in', () => {
  test.each([
    [native, { secure: false }],
    [sha2, { secure: false }],
    [sha2, { secure: true, fastAuth: false }],
    [sha2, { secure: false, fastAuth: false, rsaKeys }],
  ] as const)('%s %o', (defaultPlugin, options) => {
    const outcome = (user: string, password: string): string => {
      const auth = server({ defaultPlugin, ...options });
      const client = new ClientAuthentication({
        user,
        password,
        secure: options.secure,
        random: (bytes) => Buffer.alloc(bytes),
      });
      const first = client.onGreeting({ authData: nonce, authPlugin: defaultPlugin });
      let step = auth.onResponse({
        user,
        authResponse: first.authResponse,
        authPlugin: first.plugin,
      });
      while (step.kind === 'send') {
        const answer = client.onPacket(step.payload);
        if (answer.kind !== 'send') return answer.kind;
        step = auth.onPacket(answer.payload);
      }
      if (step.kind !== 'ok') return reasonOf(step);
      if (step.payloadBefore) expect(client.onPacket(step.payloadBefore)).toEqual({ kind: 'wait' });
      return client.onPacket(encodeOk(plainOk(2), 0)).kind;
    };
    expect(outcome('app', 'secret')).toBe('ok');
    expect(outcome('free', '')).toBe('ok');
    expect(outcome('app', 'Secret')).toBe('wrong_password');
    expect(outcome('app', '')).toBe('wrong_password');
    expect(outcome('free', 'x')).toBe('wrong_password');
    expect(outcome('ghost', 'x')).toBe('unknown_user');
    expect(outcome('ghost', '')).toBe('unknown_user');
  });
});

describe('plugins', () => {
  test('either is accepted whatever the greeting named', () => {
    const request = { user: 'app', authResponse: nativePasswordScramble('secret', nonce) };
    expect(server().onResponse({ ...request, authPlugin: native }).kind).toBe('ok');
    // A client that names no plugin speaks the native one.
    expect(server().onResponse(request).kind).toBe('ok');
  });

  test('a client with another one is asked for the default', () => {
    const step = server().onResponse({
      user: 'app',
      authResponse: Buffer.from('secret\0'),
      authPlugin: 'mysql_clear_password',
    });
    if (step.kind !== 'send') return expect.unreachable();
    expect(decodeAuthSwitchRequest(step.payload)).toEqual({ plugin: sha2, authData: nonce });
  });

  test('one zero byte is no password too', () => {
    const request = { authResponse: Buffer.of(0), authPlugin: sha2 };
    expect(server().onResponse({ user: 'free', ...request }).kind).toBe('ok');
    expect(reasonOf(server().onResponse({ user: 'app', ...request }))).toBe('wrong_password');
  });
});

describe('what must not work', () => {
  const scramble = (password: string) => ({
    user: 'app',
    authResponse: cachingSha2Scramble(password, nonce),
    authPlugin: sha2,
  });

  test('a wrong scramble never makes a client send its password', () => {
    const step = server({ rsaKeys, secure: true }).onResponse(scramble('wrong'));
    expect(step).toEqual({
      kind: 'denied',
      reason: 'wrong_password',
      message: "Access denied for user 'app'@'localhost' (using password: YES)",
    });
  });

  test('full authentication needs TLS or keys', () => {
    const auth = server({ fastAuth: false });
    expect(reasonOf(auth.onResponse(scramble('secret')))).toBe('insecure_channel');
  });

  test('a clear password outside TLS is refused even if it is right', () => {
    const auth = server({ fastAuth: false, rsaKeys });
    const asked = auth.onResponse(scramble('secret'));
    if (asked.kind !== 'send') return expect.unreachable();
    expect(decodeAuthMoreData(asked.payload)).toEqual(Buffer.of(4));
    expect(reasonOf(auth.onPacket(Buffer.from('secret\0')))).toBe('malformed');
  });

  test('the proof of an empty password opens neither an unknown account nor one without', () => {
    const hash = (name: string, ...parts: Uint8Array[]): Buffer =>
      createHash(name).update(Buffer.concat(parts)).digest();
    const xor = (left: Buffer, right: Buffer): Buffer =>
      Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)));
    const forged = {
      [native]: xor(hash('sha1'), hash('sha1', nonce, hash('sha1', hash('sha1')))),
      [sha2]: xor(hash('sha256'), hash('sha256', hash('sha256', hash('sha256')), nonce)),
    };
    for (const [authPlugin, authResponse] of Object.entries(forged)) {
      for (const user of ['ghost', 'free']) {
        const step = server().onResponse({ user, authPlugin, authResponse });
        expect(step.kind, `${user} ${authPlugin}`).toBe('denied');
      }
    }
  });

  test('nothing is accepted after a denial or before the first response', () => {
    const auth = server();
    expect(reasonOf(auth.onPacket(scramble('secret').authResponse))).toBe('malformed');
    auth.onResponse(scramble('wrong'));
    expect(reasonOf(auth.onPacket(scramble('secret').authResponse))).toBe('malformed');
  });

  test('the message names the host it is given and whether a password came', () => {
    const step = server({ clientHost: '10.0.0.1' }).onResponse({
      user: 'ghost',
      authResponse: empty,
      authPlugin: sha2,
    });
    expect(step).toMatchObject({
      message: "Access denied for user 'ghost'@'10.0.0.1' (using password: NO)",
    });
  });
});

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
import type { KnownAccount } from './known-account.ts';
import { doubleSha1, nativePasswordScramble } from './native-password.ts';
import type { Password } from './password.ts';
import { ServerAuthentication } from './server-auth.ts';
import type { AuthRequest, AuthStep, ServerAuthOptions, ServerAuthPlugin } from './server-auth.ts';

const nonce = Buffer.from('0123456789abcdefghij');
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const rsaKeys = { privateKeyPem: privateKey, publicKeyPem: publicKey };
const native = 'mysql_native_password';
const sha2 = 'caching_sha2_password';

const passwords = new Map([
  ['app', 'secret'],
  ['free', ''],
  ['nat', loginPassword],
  ['sha', loginPassword],
]);

const configured = (user: string): KnownAccount | undefined => {
  const password = passwords.get(user);
  return password === undefined ? undefined : { kind: 'password', password, trust: 'final' };
};

interface Login {
  onResponse(request: AuthRequest): AuthStep;
  onPacket(payload: Buffer): AuthStep;
}

/** With accounts as `find` tells of them, and nodes that take what `check` takes. */
function server(
  options: Partial<ServerAuthOptions> = {},
  find = configured,
  check: (user: string, password: Password) => boolean = () => false,
): Login {
  const auth = new ServerAuthentication({
    nonce,
    defaultPlugin: sha2,
    secure: false,
    ...options,
  });
  const settled = (step: AuthStep): AuthStep => {
    if (step.kind === 'look_up') return settled(auth.onAccount(find(step.user)));
    if (step.kind === 'check') return settled(auth.onChecked(check(step.user, step.password)));
    return step;
  };
  return {
    onResponse: (request) => settled(auth.onResponse(request)),
    onPacket: (payload) => settled(auth.onPacket(payload)),
  };
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

/** Logs our own client in; how it ended. */
function outcome(
  auth: Login,
  options: { defaultPlugin: ServerAuthPlugin; user: string; password: Password; secure: boolean },
): string {
  const { defaultPlugin, ...own } = options;
  const client = new ClientAuthentication({ ...own, random: (bytes) => Buffer.alloc(bytes) });
  const first = client.onGreeting({ authData: nonce, authPlugin: defaultPlugin });
  const { plugin: authPlugin, authResponse } = first;
  let step = auth.onResponse({ user: own.user, authResponse, authPlugin });
  while (step.kind === 'send') {
    const answer = client.onPacket(step.payload);
    if (answer.kind !== 'send') return answer.kind;
    step = auth.onPacket(answer.payload);
  }
  if (step.kind !== 'ok') return reasonOf(step);
  if (step.payloadBefore) expect(client.onPacket(step.payloadBefore)).toEqual({ kind: 'wait' });
  return client.onPacket(encodeOk(plainOk(2), 0)).kind;
}

describe('our own client logs in', () => {
  test.each([
    [native, { secure: false }],
    [sha2, { secure: false }],
    [sha2, { secure: true }],
  ] as const)('%s %o', (defaultPlugin, { secure }) => {
    const attempt = (user: string, password: string): string =>
      outcome(server({ defaultPlugin, secure }), { defaultPlugin, user, password, secure });
    expect(attempt('app', 'secret')).toBe('ok');
    expect(attempt('free', '')).toBe('ok');
    expect(attempt('app', 'Secret')).toBe('wrong_password');
    expect(attempt('app', '')).toBe('wrong_password');
    expect(attempt('free', 'x')).toBe('wrong_password');
    expect(attempt('ghost', 'x')).toBe('unknown_user');
    expect(attempt('ghost', '')).toBe('unknown_user');
  });
});

describe('accounts that only the nodes know', () => {
  const asked: [string, Password][] = [];
  const nodeTakes =
    (right: string) =>
    (user: string, password: Password): boolean => {
      asked.push([user, password]);
      const digest = doubleSha1(password);
      return digest.equals(doubleSha1(right));
    };

  test.each([
    [native, { secure: true }],
    [native, { secure: false, rsaKeys }],
    [sha2, { secure: true }],
    [sha2, { secure: false, rsaKeys }],
  ] as const)('%s %o: the password is asked for, and a node about it', (defaultPlugin, options) => {
    const attempt = (password: string): string => {
      const auth = server({ defaultPlugin, ...options }, () => ({ kind: 'ask' }), nodeTakes('new'));
      return outcome(auth, { defaultPlugin, user: 'u', password, secure: options.secure });
    };
    asked.length = 0;
    expect(attempt('new')).toBe('ok');
    expect(asked).toEqual([['u', 'new']]);
    expect(attempt('old')).toBe('wrong_password');
    expect(attempt('')).toBe('wrong_password');
    expect(asked.at(-1)).toEqual(['u', '']);
  });

  test('without TLS and keys nobody is made to send a password', () => {
    const auth = server({}, () => ({ kind: 'ask' }), nodeTakes('new'));
    const step = auth.onResponse({
      user: 'app',
      authResponse: cachingSha2Scramble('new', nonce),
      authPlugin: sha2,
    });
    expect(step).toMatchObject({
      kind: 'denied',
      reason: 'insecure_channel',
      message: expect.stringContaining('connect with TLS'),
    });
  });

  test.each([native, sha2] as const)('%s: a stored hash is enough', (defaultPlugin) => {
    const find = (): KnownAccount => ({
      kind: 'native_hashes',
      doubleSha1s: [doubleSha1('another'), doubleSha1('secret')],
    });
    const attempt = (password: string, right: string): string =>
      outcome(server({ defaultPlugin }, find, nodeTakes(right)), {
        defaultPlugin,
        user: 'u',
        password,
        secure: false,
      });
    asked.length = 0;
    expect(attempt('secret', 'secret')).toBe('ok');
    const sha1 = createHash('sha1').update('secret').digest();
    expect(asked).toEqual([['u', { sha1 }]]);
    expect(attempt('wrong', 'secret')).toBe('wrong_password');
    expect(attempt('', 'secret')).toBe('wrong_password');
    expect(asked).toHaveLength(1);
    // The hash is of an account that the node does not take us for.
    expect(attempt('another', 'secret')).toBe('wrong_password');
  });

  test.each([native, sha2] as const)('%s: a known password may be outdated', (defaultPlugin) => {
    const attempt = (password: string, trust: 'earlier' | 'confirm', right: string): string => {
      const find = (): KnownAccount => ({ kind: 'password', password: 'old', trust });
      const auth = server({ defaultPlugin, rsaKeys }, find, nodeTakes(right));
      return outcome(auth, { defaultPlugin, user: 'u', password, secure: false });
    };
    asked.length = 0;
    expect(attempt('old', 'earlier', 'new')).toBe('ok');
    expect(asked).toEqual([]);
    expect(attempt('old', 'confirm', 'new')).toBe('wrong_password');
    expect(attempt('new', 'earlier', 'new')).toBe('ok');
    expect(attempt('wrong', 'earlier', 'new')).toBe('wrong_password');
    expect(attempt('', 'earlier', 'new')).toBe('wrong_password');
    expect(attempt('', 'earlier', '')).toBe('ok');
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

  test('a clear password outside TLS is refused even if it is right', () => {
    const auth = server(
      { rsaKeys },
      () => ({ kind: 'ask' }),
      () => true,
    );
    const asked = auth.onResponse(scramble('secret'));
    if (asked.kind !== 'send') return expect.unreachable();
    expect(decodeAuthMoreData(asked.payload)).toEqual(Buffer.of(4));
    expect(reasonOf(auth.onPacket(Buffer.from('secret\0')))).toBe('malformed');
  });

  test('a client that asks for the key inside TLS gets it', () => {
    const auth = server(
      { rsaKeys, secure: true },
      () => ({ kind: 'ask' }),
      () => true,
    );
    auth.onResponse(scramble('secret'));
    const key = auth.onPacket(Buffer.of(2));
    if (key.kind !== 'send') return expect.unreachable();
    expect(decodeAuthMoreData(key.payload).toString()).toContain('PUBLIC KEY');
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

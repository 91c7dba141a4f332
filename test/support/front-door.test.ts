import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { cachingSha2Scramble } from '../../src/protocol/auth/caching-sha2.ts';
import { Capability } from '../../src/protocol/capabilities.ts';
import { decodeErr } from '../../src/protocol/err-packet.ts';
import { encodeHandshakeResponse } from '../../src/protocol/handshake-response.ts';
import { decodeHandshakeV10 } from '../../src/protocol/handshake-v10.ts';
import { openFrontDoor } from './front-door.ts';
import { RawClient } from './raw-client.ts';

const user = { user: 'app', password: 'app' };
const wrong = { user: 'app', password: 'wrong' };

const at = (socket: string) => ({ mysql: { ...defaultConfig.mysql, socket } });

describe('a Unix socket', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-socket-'));
    path = join(folder, 's');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is listened on, for everybody, and gone after the end', async () => {
    {
      await using door = await openFrontDoor(at(path));
      expect(statSync(path).mode & 0o777).toBe(0o777);
      const client = await mysql.createConnection({ socketPath: path, ...user });
      await client.ping();
      await client.end();
      const denied = mysql.createConnection({ socketPath: path, ...wrong });
      await expect(denied).rejects.toThrow("'app'@'localhost'");
      expect(door.denied).toEqual(['localhost']);
    }
    expect(() => statSync(path)).toThrow('ENOENT');
  });

  test('counts as encrypted where that is required', async () => {
    const tls = { ...defaultConfig.tls, mode: 'required' as const };
    await using door = await openFrontDoor({ tls, ...at(path) });
    const client = await mysql.createConnection({ socketPath: path, ...user });
    await client.ping();
    await client.end();
    const plain = mysql.createConnection({ host: '127.0.0.1', port: door.port, ...user });
    await expect(plain).rejects.toMatchObject({ errno: 3159 });
  });

  test('is not taken from whoever uses it, nor is a file that is none', async () => {
    await using one = await openFrontDoor(at(path));
    await expect(openFrontDoor(at(path))).rejects.toMatchObject({ code: 'conflict' });
    const client = await mysql.createConnection({ socketPath: path, ...user });
    await client.end();
    expect(one.denied).toEqual([]);
    const file = join(folder, 'file');
    writeFileSync(file, 'kept');
    await expect(openFrontDoor(at(file))).rejects.toThrow('is no socket');
  });

  test('left behind by a process that died is taken over', async () => {
    const left = createServer().listen(path);
    await new Promise((resolve) => left.once('listening', resolve));
    // The name outlives the listener: closing the handle under it would remove it.
    renameSync(path, `${path}.kept`);
    await new Promise((resolve) => left.close(resolve));
    renameSync(`${path}.kept`, path);
    await using door = await openFrontDoor(at(path));
    const client = await mysql.createConnection({ socketPath: path, ...user });
    await client.end();
    expect(door.denied).toEqual([]);
  });
});

/** Logs in with this password over a raw socket, after these bytes; the answer's error. */
async function loginAfter(port: number, before: readonly Buffer[], password: string) {
  await using client = new RawClient({ port });
  const greeting = decodeHandshakeV10((await client.packet()) ?? Buffer.alloc(0));
  for (const bytes of before) client.bytes(bytes);
  client.reply(
    encodeHandshakeResponse({
      capabilities: Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION,
      maxPacketBytes: 1 << 24,
      characterSet: 45,
      user: 'app',
      authResponse: cachingSha2Scramble(password, greeting.authData),
      authPlugin: 'caching_sha2_password',
    }),
  );
  const answer = await client.packet();
  if (!answer) return undefined;
  return answer[0] === 0xff ? decodeErr(answer).message : answer[0] === 0x01 ? 'in' : 'other';
}

describe('the PROXY protocol', () => {
  const text = Buffer.from('PROXY TCP4 192.0.2.7 10.0.0.1 56324 3306\r\n');
  const binary = Buffer.from('0d0a0d0a000d0a515549540a2111000cc00002070a000001dc040cea', 'hex');
  const from = (networks: string) => ({
    mysql: { ...defaultConfig.mysql, proxyProtocolNetworks: networks },
  });

  test.each([
    ['version 1', [text]],
    ['version 2', [binary]],
    ['byte by byte', [...text].map((byte) => Buffer.of(byte))],
  ] as const)('%s names the real client', async (_name, before) => {
    await using door = await openFrontDoor(from('10.0.0.0/8, 127.0.0.1'));
    expect(await loginAfter(door.port, before, 'wrong')).toContain("'app'@'192.0.2.7'");
    expect(door.denied).toEqual(['192.0.2.7']);
    expect(await loginAfter(door.port, before, 'app')).toBe('in');
  });

  test('who may speak for others need not', async () => {
    await using door = await openFrontDoor(from('127.0.0.0/8'));
    expect(await loginAfter(door.port, [], 'wrong')).toContain("'app'@'127.0.0.1'");
    expect(await loginAfter(door.port, [], 'app')).toBe('in');
  });

  test.each(['', '10.0.0.0/8', '::1', 'localhost'])(
    'nobody else is believed: "%s"',
    async (networks) => {
      await using door = await openFrontDoor(networks === '' ? {} : from(networks));
      expect(await loginAfter(door.port, [text], 'app')).not.toBe('in');
      expect(await loginAfter(door.port, [], 'app')).toBe('in');
    },
  );

  test('a header that cannot be read ends the connection', async () => {
    await using door = await openFrontDoor(from('*'));
    const nonsense = Buffer.from('PROXY TCP4 nowhere 10.0.0.1 1 2\r\n');
    expect(await loginAfter(door.port, [nonsense], 'app')).toContain('PROXY header');
  });
});

describe('limits of logging in', () => {
  const limits = { ...defaultConfig.limits, loginTimeoutMs: 200 };

  test('a client that stops in the middle is closed', async () => {
    await using door = await openFrontDoor({ limits });
    await using silent = new RawClient({ port: door.port });
    await silent.packet();
    await silent.ended;
    await using half = new RawClient({ port: door.port });
    await half.packet();
    half.bytes(Buffer.from('5400000185a6ff19', 'hex'));
    await half.ended;
    expect(door.listener.sessions.size).toBe(0);
  });

  test('one that is logged in is not', async () => {
    await using door = await openFrontDoor({ limits });
    const client = await mysql.createConnection({ host: '127.0.0.1', port: door.port, ...user });
    await using silent = new RawClient({ port: door.port });
    await silent.ended;
    await client.ping();
    await client.end();
  });

  test('wrong passwords at speed are told slowly, and then nobody from there may try', async () => {
    await using door = await openFrontDoor();
    const answers = Array.from({ length: 60 }, () => loginAfter(door.port, [], 'wrong'));
    const told = await Promise.race([
      Promise.all(answers),
      new Promise<string>((resolve) => {
        for (const answer of answers) {
          void answer.then((text) => {
            if (text?.includes('too many wrong passwords')) resolve(text);
          });
        }
      }),
    ]);
    expect(told).toContain('127.0.0.1');
    expect(await loginAfter(door.port, [], 'app')).toContain('too many wrong passwords');
    expect(door.denied.length).toBeLessThan(60);
  });
});

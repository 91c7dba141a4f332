import { describe, expect, test } from 'vitest';
import { Capability, has } from './capabilities.ts';
import { decodeHandshakeV10, encodeHandshakeV10 } from './handshake-v10.ts';
import { capture, payloads, serverNames } from './testing/captures.ts';

describe.each(serverNames)('the greeting of %s', (server) => {
  const payload = payloads(capture(server, 'greeting').bytes)[0] ?? Buffer.alloc(0);

  test('is encoded again byte for byte', () => {
    expect(encodeHandshakeV10(decodeHandshakeV10(payload))).toEqual(payload);
  });

  test('has a nonce of 20 bytes without zeros', () => {
    const { authData } = decodeHandshakeV10(payload);
    expect(authData).toHaveLength(20);
    expect(authData.includes(0)).toBe(false);
  });

  test('cut anywhere is malformed, never something else', () => {
    for (let length = 0; length < 40; length += 1) {
      expect(() => decodeHandshakeV10(payload.subarray(0, length))).toThrow('Malformed packet');
    }
  });
});

test('what the two servers say of themselves', () => {
  const [mariadb, mysql] = serverNames.map((server) =>
    decodeHandshakeV10(payloads(capture(server, 'greeting').bytes)[0] ?? Buffer.alloc(0)),
  );
  expect(mariadb).toMatchObject({
    serverVersion: '5.5.5-10.11.19-MariaDB-0+deb12u1',
    authPlugin: 'mysql_native_password',
    characterSet: 8,
    statusFlags: 2,
    mariadbCapabilities: 0x1d,
  });
  expect(mysql).toMatchObject({
    serverVersion: '9.7.4-2',
    authPlugin: 'caching_sha2_password',
    characterSet: 255,
    statusFlags: 2,
  });
  expect(mysql).not.toHaveProperty('mariadbCapabilities');
  expect(has(mysql?.capabilities ?? 0, Capability.DEPRECATE_EOF)).toBe(true);
});

test('an ERR instead of a greeting is malformed', () => {
  const full = Buffer.from('\xff\x10\x04Too many connections', 'latin1');
  expect(() => decodeHandshakeV10(full)).toThrow('protocol version 255');
});

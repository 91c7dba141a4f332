import { describe, expect, test } from 'vitest';
import { Capability, combine, has } from './capabilities.ts';
import {
  decodeAttributes,
  decodeHandshakeResponse,
  decodeSslRequest,
  encodeHandshakeResponse,
  encodeSslRequest,
  isSslRequest,
} from './handshake-response.ts';
import { login } from './testing/captures.ts';

const responseOf = (name: string): Buffer => login(name)[1] ?? Buffer.alloc(0);

describe('real clients', () => {
  test.each([
    ['mysql_client_fast', 'sha', 'caching_sha2_password', 32],
    ['mysql_client_full_rsa', 'sha', 'caching_sha2_password', 32],
    ['mariadb_client_native', 'nat', 'mysql_native_password', 20],
    ['mariadb_client_switched', 'nat', 'caching_sha2_password', 0],
    ['mysql2_native', 'nat', 'mysql_native_password', 20],
    ['mysql2_fast', 'sha', 'caching_sha2_password', 32],
  ])('%s', (name, user, authPlugin, bytes) => {
    const response = decodeHandshakeResponse(responseOf(name));
    expect(response).toMatchObject({ user, authPlugin, database: 'mysql' });
    expect(response.authResponse).toHaveLength(bytes);
    expect(response.attributes?.get('_client_name')).toMatch(/libmysql|libmariadb|Node-MySQL-2/);
    expect(encodeHandshakeResponse(response)).toEqual(responseOf(name));
  });

  test('MariaDB’s own flags come only from its client to its server', () => {
    const mariadb = decodeHandshakeResponse(responseOf('mariadb_client_native'));
    expect(mariadb.mariadbCapabilities).toBe(0x1d);
    const mysql = decodeHandshakeResponse(responseOf('mysql_client_fast'));
    expect(mysql).not.toHaveProperty('mariadbCapabilities');
  });
});

describe('a request for TLS', () => {
  const request = responseOf('mysql_client_ssl_request');

  test('is told from a handshake response and encoded again', () => {
    expect(isSslRequest(request)).toBe(true);
    expect(isSslRequest(responseOf('mysql_client_fast'))).toBe(false);
    expect(has(decodeSslRequest(request).capabilities, Capability.SSL)).toBe(true);
    expect(encodeSslRequest(decodeSslRequest(request))).toEqual(request);
  });

  test('what is none is malformed', () => {
    expect(() => decodeSslRequest(Buffer.alloc(32))).toThrow('not a request for TLS');
  });
});

describe('fields and their capabilities', () => {
  const minimal = {
    capabilities: combine(Capability.PROTOCOL_41, Capability.LONG_PASSWORD),
    maxPacketBytes: 1,
    characterSet: 45,
    user: 'ü',
    authResponse: Buffer.from('abc'),
  };

  test.each([
    0,
    Capability.SECURE_CONNECTION,
    combine(Capability.SECURE_CONNECTION, Capability.PLUGIN_AUTH_LENENC),
  ])('the auth response with length flags %i', (flags) => {
    const response = { ...minimal, capabilities: combine(minimal.capabilities, flags) };
    expect(decodeHandshakeResponse(encodeHandshakeResponse(response))).toEqual(response);
  });

  test('bits follow from the fields given', () => {
    const all = { ...minimal, database: 'd\xe9', authPlugin: 'p', zstdLevel: 3 };
    const decoded = decodeHandshakeResponse(encodeHandshakeResponse(all));
    expect(decoded).toMatchObject({ database: 'd\xe9', authPlugin: 'p', zstdLevel: 3 });
    expect(has(decoded.capabilities, Capability.CONNECT_WITH_DB)).toBe(true);
    const none = { ...minimal, capabilities: combine(minimal.capabilities, Capability.ZSTD) };
    const { capabilities } = decodeHandshakeResponse(encodeHandshakeResponse(none));
    expect(has(capabilities, Capability.ZSTD)).toBe(false);
  });

  test('announced fields that are missing at the end are as good as empty', () => {
    const whole = encodeHandshakeResponse({ ...minimal, database: 'd', authPlugin: 'p' });
    const cut = whole.subarray(0, whole.length - 2);
    expect(decodeHandshakeResponse(cut)).not.toHaveProperty('authPlugin');
  });

  test('a client before protocol 4.1 is malformed', () => {
    expect(() => decodeHandshakeResponse(Buffer.alloc(40))).toThrow('protocol 4.1');
  });

  test('attributes beyond 64 KiB are refused', () => {
    expect(() => decodeAttributes(Buffer.alloc(65_537))).toThrow('too many');
  });
});

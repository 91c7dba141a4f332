import { expect, test } from 'vitest';
import { decodeAuthSwitchRequest, encodeAuthSwitchRequest } from './auth-switch-request.ts';
import { decodeHandshakeV10 } from './handshake-v10.ts';
import { login } from './testing/captures.ts';

test('MariaDB asks for another plugin, with the nonce of its greeting', () => {
  const [greeting, , request] = login('mariadb_client_switched');
  const decoded = decodeAuthSwitchRequest(request ?? Buffer.alloc(0));
  expect(decoded.plugin).toBe('mysql_native_password');
  expect(decoded.authData).toEqual(decodeHandshakeV10(greeting ?? Buffer.alloc(0)).authData);
  expect(encodeAuthSwitchRequest(decoded)).toEqual(request);
});

test('the authentication of MySQL 4.0 is refused', () => {
  expect(() => decodeAuthSwitchRequest(Buffer.of(0xfe))).toThrow('MySQL 4.0');
  expect(() => decodeAuthSwitchRequest(Buffer.of(0))).toThrow('not an auth switch request');
});

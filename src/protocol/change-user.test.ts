import { expect, test } from 'vitest';
import { Capability, combine } from './capabilities.ts';
import { decodeChangeUser, encodeChangeUser } from './change-user.ts';

const all = combine(Capability.PLUGIN_AUTH, Capability.CONNECT_ATTRS);
const change = {
  user: 'ü',
  authResponse: Buffer.alloc(20, 5),
  database: 'd\xe9',
  characterSet: 45,
  authPlugin: 'mysql_native_password',
  attributes: new Map([['program_name', 'p']]),
};

test('is read as it was written', () => {
  expect(decodeChangeUser(encodeChangeUser(change), all)).toEqual(change);
});

test('what comes behind the database may be missing', () => {
  const whole = encodeChangeUser({ ...change, database: '' });
  const upToDatabase = whole.subarray(0, 1 + 3 + 1 + 20 + 1);
  expect(decodeChangeUser(upToDatabase, all)).toEqual({
    user: 'ü',
    authResponse: change.authResponse,
    database: '',
  });
});

test('another command is malformed', () => {
  expect(() => decodeChangeUser(Buffer.of(3), all)).toThrow('COM_CHANGE_USER');
});

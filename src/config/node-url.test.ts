import { expect, test } from 'vitest';
import { LockstepError } from '../base/errors.ts';
import { parseNodeArgument } from './node-url.ts';

test('a whole node', () => {
  expect(parseNodeArgument('mysql1=mysql://user:pw@127.0.0.1:3307/app?weight=2')).toEqual({
    name: 'mysql1',
    host: '127.0.0.1',
    port: 3307,
    user: 'user',
    password: 'pw',
    schema: 'app',
    weight: 2,
  });
});

test('what is left out has its default, and no schema is no key', () => {
  expect(parseNodeArgument('db-1=mariadb://root@db.example')).toEqual({
    name: 'db-1',
    host: 'db.example',
    port: 3306,
    user: 'root',
    password: '',
    weight: 1,
  });
});

test('special characters are percent-decoded, the brackets of an IPv6 address dropped', () => {
  const node = parseNodeArgument('a=mysql://us%3Aer:p%40%2F%25%23=w@[::1]:3307/my%20app');
  expect(node).toMatchObject({
    user: 'us:er',
    password: 'p@/%#=w',
    host: '::1',
    schema: 'my app',
  });
});

test.each([
  ['mysql://u:secret@h:3306/app', 'has no name before the address'],
  ['mysql://u:secret@h/app?weight=2', 'has no name before the address'],
  ['=mysql://u:secret@h', 'has no name before the address'],
  ['a=postgres://u:secret@h', 'is not an address'],
  ['a=mysql://u:secret@h:99999', 'is not an address'],
  ['a=h:3306', 'has no name before the address'],
  ['bad name=mysql://u:secret@h', 'name: "bad name" is not allowed'],
  ['a=mysql://h:3306', 'user: "" is not allowed'],
  ['a=mysql://u:secret@h?weight=0', 'from 1 to 1000'],
  ['a=mysql://u:secret@h?weight=many', 'is not a whole number'],
  ['a=mysql://u:secret@h:0', 'from 1 to 65535'],
  ['a=mysql://u:secret@h?wieght=2', 'unknown parameter "wieght"; allowed: weight'],
  ['a=mysql://u:secret%zz@h', 'has a "%" that is not an escape'],
  ['a=mysql://u:secret@h/app#frag', 'has a "#"'],
])('%s is refused and the password kept back', (text, message) => {
  const error = errorOf(() => parseNodeArgument(text));
  expect(error.code).toBe('config_invalid');
  expect(error.message).toContain(message);
  expect(error.message).not.toContain('secret');
});

test('all that is wrong is said at once', () => {
  const error = errorOf(() => parseNodeArgument('a=mysql://u:p@h?weight=0&x=1'));
  expect(error.message.split('\n')).toHaveLength(2);
});

function errorOf(run: () => unknown): LockstepError {
  try {
    run();
  } catch (error) {
    if (error instanceof LockstepError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('encryption and compression stand behind the question mark', () => {
  const text = 'a=mysql://u@h/?tls=verify_ca&tls_ca_file=/etc/ca.pem&compression=zlib&weight=3';
  expect(parseNodeArgument(text)).toMatchObject({
    tls: 'verify_ca',
    tlsCaFile: '/etc/ca.pem',
    compression: 'zlib',
    weight: 3,
  });
  expect(() => parseNodeArgument('a=mysql://u@h/?tls=verify')).toThrow('verify_ca');
});

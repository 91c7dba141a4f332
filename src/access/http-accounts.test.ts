import { expect, test } from 'vitest';
import { defaultConfig } from '../config/config.ts';
import { HttpAccounts } from './http-accounts.ts';
import { checkPassword, hashPassword } from './password-hash.ts';
import { digestOf } from './secret-digest.ts';

const cheap =
  '$scrypt$ln=4,r=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$2nYYR1WNiVIE4oqKrxPuQubql1AU4+laWwCM1jFvCJc';

test('a password is known by its hash, and one in clear is hashed', async () => {
  const accounts = new HttpAccounts({
    users: [
      { name: 'ada', role: 'admin', password: cheap },
      { name: 'vic', role: 'viewer', password: 'only looking' },
    ],
    tokens: [],
  });
  expect(await accounts.ofPassword('ada', 'correct horse')).toEqual({ name: 'ada', role: 'admin' });
  expect(await accounts.ofPassword('ada', 'only looking')).toBeUndefined();
  expect(await accounts.ofPassword('vic', 'only looking')).toMatchObject({ role: 'viewer' });
  expect(await accounts.ofPassword('nobody', 'correct horse')).toBeUndefined();
  expect(await hashPassword('x')).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
});

test('a hash of another making is taken, one that would take all memory is not', async () => {
  expect(await checkPassword('correct horse', cheap)).toBe(true);
  expect(await checkPassword('correct horses', cheap)).toBe(false);
  expect(await checkPassword('correct horse', cheap.replace('ln=4', 'ln=20'))).toBe(false);
  expect(await checkPassword('correct horse', cheap.replace('ln=4,r=1', 'ln=18,r=99'))).toBe(false);
  expect(await checkPassword('', '')).toBe(false);
});

test('a token is known by itself or by its hash', () => {
  const long = 'x'.repeat(40);
  const tokens = [
    { name: 'plain', role: 'viewer', token: long },
    { name: 'hashed', role: 'admin', token: `sha256:${digestOf('secret')}` },
  ] as const;
  const accounts = new HttpAccounts({ ...defaultConfig.http, tokens });
  expect(accounts.ofToken(long)).toMatchObject({ name: 'plain' });
  expect(accounts.ofToken('secret')).toMatchObject({ name: 'hashed' });
  expect(accounts.ofToken(digestOf('secret'))).toBeUndefined();
  expect(accounts.open).toBe(false);
  expect(new HttpAccounts(defaultConfig.http).open).toBe(true);
});

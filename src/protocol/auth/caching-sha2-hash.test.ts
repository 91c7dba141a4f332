import { expect, test } from 'vitest';
import { cachingSha2Hash, isSaltByte } from './caching-sha2-hash.ts';

/** From mysql.user of MySQL 9.7.4 after `CREATE USER … IDENTIFIED BY 'hello'`. */
const stored = Buffer.from(
  '24412430304124117F08726C3D0779447B642C621E6C375308597A774B7A35656E7A485A4B30495661484A77735' +
    '26D6D7361316F716749623738766530634151415466704530',
  'hex',
);
const saltAt = 7;

test('the hash is the one that MySQL made of the same password and salt', () => {
  const salt = stored.subarray(saltAt, saltAt + 20);
  expect([...salt].every(isSaltByte)).toBe(true);
  expect(cachingSha2Hash(Buffer.from('hello'), salt, 10_000)).toEqual(stored);
});

test('another password, salt or number of rounds gives another hash', () => {
  const salt = stored.subarray(saltAt, saltAt + 20);
  const others = [
    cachingSha2Hash(Buffer.from('hellp'), salt, 10_000),
    cachingSha2Hash(Buffer.from('hello'), Buffer.alloc(20, 'x'), 10_000),
    cachingSha2Hash(Buffer.from('hello'), salt, 5000),
  ];
  for (const other of others) expect(other).not.toEqual(stored);
});

import { expect, test } from 'vitest';
import { quoteString } from './quote.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1');

test('a long string is escaped as its pieces are', () => {
  const quoted = quoteString(everyByte).slice(1, -1);
  expect(quoted).toContain('\\0\x01');
  expect(quoted).toContain("&\\'(");
  const times = 10_000;
  expect(quoteString(everyByte.repeat(times))).toBe(`'${quoted.repeat(times)}'`);
  const plain = everyByte.replaceAll("'", "''").repeat(times);
  const options = { noBackslashEscapes: true };
  expect(quoteString(everyByte.repeat(times), options)).toBe(`'${plain}'`);
});

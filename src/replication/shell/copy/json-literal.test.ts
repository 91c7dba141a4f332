import { describe, expect, test } from 'vitest';
import { jsonLiteral } from './json-literal.ts';

const hex = (text: string): string => `_utf8mb4 X'${Buffer.from(text).toString('hex')}'`;
const literal = (text: string): string => jsonLiteral(Buffer.from(text));

describe('a JSON value on its way to another node', () => {
  test.each([
    '[]',
    '"1.10"',
    '{"a": 1.5, "b": [2.0, -0.0, -0.1, 1e20, 1.25e-7], "c": 18446744073709551615}',
    '{"1.10": "say \\"1.10\\" {[", "ü": null}',
  ])('%s goes as it is', (text) => {
    expect(literal(text)).toBe(hex(text));
  });

  test('what only a DECIMAL can be is put in as one, at its place', () => {
    const text = '{"a": [0, {"price": 1.10}, "x, 2.20"], "b c": -3.000, "n": [[7.50]]}';
    expect(literal(text)).toBe(
      `JSON_SET(${hex(text)}, ${hex('$."a"[1]."price"')}, 1.10, ` +
        `${hex('$."b c"')}, -3.000, ${hex('$."n"[0][0]')}, 7.50)`,
    );
  });

  test('a whole value, and an integer beyond 64 bits', () => {
    expect(literal('1.10')).toBe(`JSON_SET(${hex('1.10')}, ${hex('$')}, 1.10)`);
    const long = '[123456789012345678901234567890]';
    expect(literal(long)).toBe(
      `JSON_SET(${hex(long)}, ${hex('$[0]')}, 123456789012345678901234567890)`,
    );
  });
});

import { describe, expect, test } from 'vitest';
import { columnLiteral } from './column-literal.ts';
import { checksumExpression } from './table-checksum.ts';

const column = (type: string) => ({ name: 'a`b', type, generated: false });
const rendered = (type: string, value: string | Buffer): string =>
  columnLiteral(column(type)).render(Buffer.from(value));

describe('a value on its way to another node', () => {
  test.each([
    ['bigint', '18446744073709551615', '18446744073709551615'],
    ['decimal', '-1.10', '-1.10'],
    ['timestamp', '2038-01-19 03:14:07.000001', "'2038-01-19 03:14:07.000001'"],
    ['double', '-0', "'-0'"],
    ['enum', '0', '0'],
    ['varchar', "it's", "X'69742773'"],
    ['geometry', Buffer.from([0, 255]), "X'00ff'"],
    ['bit', Buffer.from([1, 0]), "X'0100'"],
    ['json', '[]', "_utf8mb4 X'5b5d'"],
    ['vector', Buffer.alloc(0), "X''"],
  ])('%s %s is written %s', (type, value, literal) => {
    expect(rendered(type, value)).toBe(literal);
  });

  test('a FLOAT is read with all its digits, ENUM and SET by number', () => {
    expect(columnLiteral(column('float')).expression).toBe('`a``b` * 1e0');
    expect(columnLiteral(column('set')).expression).toBe('CAST(`a``b` AS UNSIGNED)');
    expect(columnLiteral(column('char')).expression).toBe('`a``b`');
  });
});

describe('the checksum of a column', () => {
  test('never hashes a number as an integer, nor a long value as its digits', () => {
    expect(checksumExpression(column('decimal'))).toBe("IFNULL(CAST(`a``b` AS CHAR), '-')");
    expect(checksumExpression(column('float'))).toContain('* 1e0');
    expect(checksumExpression(column('longblob'))).toBe("IFNULL(SHA2(`a``b`, 256), '-')");
    expect(checksumExpression(column('varchar'))).toBe("IFNULL(HEX(`a``b`), '-')");
  });
});

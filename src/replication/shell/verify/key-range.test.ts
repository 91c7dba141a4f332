import { describe, expect, test } from 'vitest';
import { type ChunkKey, chooseKey, type KeyColumn } from './chunk-key.ts';
import { keyCondition, rangeCondition, rangeText } from './key-range.ts';

const column = (name: string, type = 'int', charset?: string): KeyColumn => ({
  name,
  type,
  charset,
});
const keyOf = (...columns: KeyColumn[]): ChunkKey => ({ index: 'PRIMARY', columns });

describe('a range of keys', () => {
  const one = keyOf(column('id'));
  const two = keyOf(column('a'), column('b'));

  test('of one column', () => {
    expect(rangeCondition(one, { after: ['5'], upTo: ['9'] })).toBe('`id` > 5 AND `id` <= 9');
    expect(rangeCondition(one, {})).toBe('1 = 1');
  });

  test('of two columns is written out, so that an index is used', () => {
    expect(rangeCondition(two, { after: ['1', '2'] })).toBe(
      '`a` >= 1 AND (`a` > 1 OR (`a` = 1 AND `b` > 2))',
    );
    expect(rangeCondition(two, { upTo: ['1', '2'] })).toBe(
      '`a` <= 1 AND (`a` < 1 OR (`a` = 1 AND `b` <= 2))',
    );
  });

  test('of three columns', () => {
    const three = keyOf(column('a'), column('b'), column('c'));
    expect(rangeCondition(three, { after: ['1', '2', '3'] })).toBe(
      '`a` >= 1 AND (`a` > 1 OR (`a` = 1 AND (`b` > 2 OR (`b` = 2 AND `c` > 3))))',
    );
    expect(keyCondition(three, ['1', '2', '3'])).toBe('`a` = 1 AND `b` = 2 AND `c` = 3');
  });

  test('of text is exact for the server and legible for people', () => {
    const key = keyOf(column('n', 'varchar', 'utf8mb4'), column('u', 'char', 'utf16'));
    const after = [Buffer.from("Ünï'").toString('hex'), '0061'];
    expect(rangeCondition(key, { after })).toContain("`n` >= _utf8mb4 X'c39c6ec3af27'");
    expect(rangeText(key, { after })).toBe("(`n`, `u`) > ('Ünï\\'', _utf16 X'0061')");
    const control = keyOf(column('n', 'varchar', 'latin1'));
    expect(rangeText(control, { upTo: ['0a'] })).toBe("`n` <= _latin1 X'0a'");
    expect(rangeText(keyOf(column('b', 'binary')), { upTo: ['00ff'] })).toBe("`b` <= X'00ff'");
  });

  test('of dates', () => {
    const key = keyOf(column('d', 'date'));
    expect(rangeText(key, { after: ['2024-02-29'] })).toBe("`d` > '2024-02-29'");
  });
});

describe('the key to walk a table by', () => {
  const part = (k: string, name: string | null, more: Record<string, string | null> = {}) => ({
    k,
    name,
    part: null,
    type: 'int',
    nullable: 'NO',
    charset: null,
    ...more,
  });

  test('is the primary key', () => {
    const key = chooseKey([part('PRIMARY', 'b'), part('PRIMARY', 'a'), part('u', 'c')]);
    expect(key).toMatchObject({ index: 'PRIMARY', columns: [{ name: 'b' }, { name: 'a' }] });
  });

  test('is never one that may be NULL, is shortened, computed, or sorts in its own way', () => {
    const unfit = [
      part('a', 'n', { nullable: 'YES' }),
      part('b', 't', { part: '10', type: 'varchar' }),
      part('c', null, { type: null, nullable: null }),
      part('d', 'e', { type: 'enum' }),
      part('e', 'f', { type: 'double' }),
      part('f', 'x'),
      part('f', 'y', { nullable: 'YES' }),
    ];
    expect(chooseKey(unfit)).toBeUndefined();
    expect(chooseKey([...unfit, part('g', 'z')])).toMatchObject({ index: 'g' });
  });
});

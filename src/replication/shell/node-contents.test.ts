import { describe, expect, test } from 'vitest';
import { nodeName } from '../../base/brands.ts';
import { compareContents } from './node-contents.ts';

const node = (name: string, tables: Record<string, string>) =>
  [
    nodeName(name),
    new Map(
      Object.entries(tables).map(([table, checksum]) => [`app\0${table}`, { rows: 1, checksum }]),
    ),
  ] as const;

describe('what nodes hold, compared', () => {
  test('equal nodes differ in nothing', () => {
    const found = [node('mysql1', { a: 'x', b: 'y' }), node('mysql2', { a: 'x', b: 'y' })];
    expect(compareContents(found).map(({ table, equal }) => [table, equal])).toEqual([
      ['a', true],
      ['b', true],
    ]);
  });

  test('the node that differs from most is named', () => {
    const found = [
      node('mysql1', { a: 'x' }),
      node('mysql2', { a: 'z', extra: 'q' }),
      node('mysql3', { a: 'x' }),
    ];
    expect(compareContents(found)).toMatchObject([
      { table: 'a', equal: false, differing: ['mysql2'] },
      { table: 'extra', equal: false, differing: ['mysql2'] },
    ]);
  });

  test('without a majority nobody is taken to be right', () => {
    const [table] = compareContents([node('mysql1', { a: 'x' }), node('mysql2', { a: 'z' })]);
    expect(table?.differing).toEqual(['mysql1', 'mysql2']);
  });

  test('a table that one of two nodes lacks is not equal', () => {
    const [table] = compareContents([node('mysql1', {}), node('mysql2', { a: 'z' })]);
    expect(table).toMatchObject({ equal: false, nodes: { mysql1: { checksum: 'absent' } } });
  });
});

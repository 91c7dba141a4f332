import { expect, test } from 'vitest';
import { nodeName } from '../../base/brands.ts';
import { differencesText } from './differences-text.ts';
import { compareContents } from './node-contents.ts';

test('what differs is a table with a column for each node', () => {
  const one = new Map([
    ['app\0users', { rows: 3, checksum: 'aaaaaaaaaaaa' }],
    ['app\0same', { rows: 1, checksum: 'ssssssssssss' }],
    ['app\0total (function)', { rows: 0, checksum: 'ffffffffffff' }],
  ]);
  const two = new Map([
    ['app\0same', { rows: 1, checksum: 'ssssssssssss' }],
    ['app\0total (function)', { rows: 0, checksum: 'gggggggggggg' }],
  ]);
  const tables = compareContents([
    [nodeName('mysql1'), one],
    [nodeName('mysql2'), two],
  ]);
  expect(differencesText(tables)).toBe(
    [
      '                      mysql1             mysql2',
      'app.total (function)  ffffffff           gggggggg',
      'app.users             3 rows (aaaaaaaa)  missing',
    ].join('\n'),
  );
});

test('a long list is cut, and says so', () => {
  const contents = (checksum: string) =>
    new Map(Array.from({ length: 25 }, (_, index) => [`app\0t${index}`, { rows: 1, checksum }]));
  const text = differencesText(
    compareContents([
      [nodeName('mysql1'), contents('a')],
      [nodeName('mysql2'), contents('b')],
    ]),
  );
  expect(text.split('\n')).toHaveLength(22);
  expect(text).toMatch(/and 5 more$/);
});

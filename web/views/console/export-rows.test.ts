import { expect, test } from 'vitest';
import { csvOf, jsonOf, tabbedOf } from './export-rows.ts';

const columns = [
  { name: 'a', type: 'int' },
  { name: 'a', type: 'varchar' },
];
const rows = [
  [1, 'x,"y"\nz'],
  [null, 'tab\there'],
];

test('CSV quotes what must be quoted', () => {
  expect(csvOf({ columns, rows })).toBe('a,a\r\n1,"x,""y""\nz"\r\n,tab\there\r\n');
});

test('the clipboard gets one line a row', () => {
  expect(tabbedOf({ columns, rows })).toBe('a\ta\n1\tx,"y" z\nNULL\ttab here');
});

test('JSON keeps columns of one name apart', () => {
  expect(JSON.parse(jsonOf({ columns, rows }))).toEqual([
    { a: 1, a_2: 'x,"y"\nz' },
    { a: null, a_2: 'tab\there' },
  ]);
});

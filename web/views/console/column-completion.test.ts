import { expect, test } from 'vitest';
import { columnsFor } from './column-completion.ts';

const names = { users: ['id', 'name'], orders: ['id', 'total'] };
const columns = (statement: string): string[] =>
  columnsFor(statement, names).map(({ column }) => column);

test('a statement is offered the columns of the tables that it names', () => {
  expect(columns('SELECT na FROM users')).toEqual(['id', 'name']);
  expect(columns('SELECT na FROM `Users` u JOIN orders')).toEqual(['id', 'name', 'total']);
  expect(columns('UPDATE orders SET ')).toEqual(['id', 'total']);
});

test('one that names no table yet is offered those of all', () => {
  expect(columnsFor('SELECT i', names)).toEqual([
    { column: 'id', tables: ['users', 'orders'] },
    { column: 'name', tables: ['users'] },
    { column: 'total', tables: ['orders'] },
  ]);
});

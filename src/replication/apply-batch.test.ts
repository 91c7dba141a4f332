import { expect, test } from 'vitest';
import { seq } from '../base/brands.ts';
import { renderBatch, renderPins, renderPrelude } from './apply-batch.ts';
import { commandOf, entryOf } from './testing/entries.ts';
import { moveStatement } from './position-statements.ts';

const step = { from: seq(6), to: seq(8) };

test('several entries become one transaction that moves the position from where it was', () => {
  const batch = renderBatch([entryOf(7, 'A', 'B'), entryOf(8, 'C')], undefined, step);
  expect(batch.statements).toEqual([
    'BEGIN',
    'USE `app`',
    'A',
    'B',
    'C',
    moveStatement(seq(6), seq(8)),
    'COMMIT',
  ]);
  expect(batch.slots.map((slot) => slot.kind)).toEqual([
    'frame',
    'frame',
    'command',
    'command',
    'command',
    'position',
    'frame',
  ]);
  expect(batch.position).toBe(8);
  expect(batch.context).toEqual({ schema: 'app', settings: '' });
});

test('an empty batch only moves the position', () => {
  const { statements } = renderBatch([], undefined, step);
  expect(statements).toEqual(['BEGIN', moveStatement(seq(6), seq(8)), 'COMMIT']);
});

test('the schema and settings are set only where they change', () => {
  const context = { schema: 'app', settings: "SET sql_mode=''" };
  const command = commandOf('A', { context });
  expect(renderPrelude(command, undefined)).toEqual(['USE `app`', "SET sql_mode=''"]);
  expect(renderPrelude(command, context)).toEqual([]);
  expect(renderPrelude(command, { ...context, schema: 'x' })).toEqual(['USE `app`']);
  expect(renderPrelude(command, { ...context, settings: '' })).toEqual(["SET sql_mode=''"]);
  expect(renderPrelude(commandOf('A', { context: { schema: '', settings: '' } }), context)).toEqual(
    [],
  );
});

test('a schema or variable whose name holds a backquote stays a name', () => {
  const command = commandOf('A', {
    context: { schema: 'a`b', settings: '' },
    pins: { userVariables: [['c`d', "'e'"]] },
  });
  expect(renderPrelude(command, undefined)).toEqual(['USE `a``b`', "SET @`c``d`='e'"]);
});

test('all pins are one statement, in a fixed order, and none is no statement', () => {
  expect(renderPins({})).toBe('');
  expect(
    renderPins({
      randSeed2: '5',
      randSeed1: '4',
      lastInsertId: '3',
      insertId: '2',
      timestamp: '1.000000',
      userVariables: [['v', 'NULL']],
    }),
  ).toBe('SET timestamp=1.000000,insert_id=2,last_insert_id=3,rand_seed1=4,rand_seed2=5,@`v`=NULL');
});

test('pins are set again for each command, whatever the one before left', () => {
  const pins = { timestamp: '1.000000' };
  const entry = { ...entryOf(7), commands: [commandOf('A', { pins }), commandOf('B', { pins })] };
  const { statements } = renderBatch([entry], { schema: 'app', settings: '' }, step);
  expect(statements.slice(1, 5)).toEqual([
    'SET timestamp=1.000000',
    'A',
    'SET timestamp=1.000000',
    'B',
  ]);
});

test('parameters take the place of their markers', () => {
  const sql = 'DELETE FROM t WHERE a = ? AND b = ? LIMIT 9';
  const command = commandOf(sql, {
    parameters: ["'?'", '2'],
    parameterOffsets: [sql.indexOf('?'), sql.lastIndexOf('?')],
  });
  const { statements } = renderBatch([{ ...entryOf(7), commands: [command] }], undefined, step);
  expect(statements[2]).toBe("DELETE FROM t WHERE a = '?' AND b = 2 LIMIT 9");
});

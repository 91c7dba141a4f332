import { expect, test } from 'vitest';
import { parseKill } from './kill-statement.ts';
import { defaultLexMode } from './lex-mode.ts';

const session = (expression: string) => ({ kind: 'session', expression });

test.each([
  ['KILL 7', false, session('7')],
  ['kill connection 7', false, session('7')],
  ['KILL QUERY 7', true, session('7')],
  ['KILL HARD QUERY @id', true, session('@id')],
  ['KILL CONNECTION_ID()', false, session('CONNECTION_ID()')],
  ['KILL /* who */ QUERY (1 + 2)', true, session('(1 + 2)')],
  ['KILL SOFT CONNECTION USER app', false, { kind: 'user', user: 'app', host: undefined }],
  ["KILL USER 'app'@'localhost'", false, { kind: 'user', user: 'app', host: 'localhost' }],
  ['KILL QUERY USER app@localhost', true, { kind: 'user', user: 'app', host: 'localhost' }],
  ['KILL QUERY ID 9', true, { kind: 'query_id' }],
])('%s', (sql, queryOnly, target) => {
  expect(parseKill(sql, defaultLexMode)).toEqual({ queryOnly, target });
});

test('KILL of nothing is none', () => {
  expect(parseKill('KILL', defaultLexMode)).toBeUndefined();
  expect(parseKill('KILL QUERY', defaultLexMode)).toBeUndefined();
});

import { expect, test } from 'vitest';
import { tableOf } from '../../../scripts/clients/table.mjs';
import { judge, type KnownDifference } from './judge.ts';
import { resultOf } from './run-program.ts';
import type { SuiteResult } from './suite.ts';

const result = (passed: readonly string[], failed: readonly string[] = []): SuiteResult => ({
  passed,
  failed: failed.map((name) => ({ name, reason: 'because\nof this' })),
});

const through = (found: SuiteResult, known: readonly KnownDifference[] = []) => {
  const results = { direct: result(['a', 'b'], ['c']), '1 node': found };
  return judge({ suite: 's', engine: 'mysql', results }, known);
};

const nodes = '(equal nodes)';
const known = (name: string): KnownDifference => ({ suite: 's', test: name, reason: 'a proxy' });

test('what fails on a server too is no difference', () => {
  expect(through(result(['a', 'b', nodes], ['c'])).problems).toEqual([]);
  expect(through(result(['a', 'b', 'c', nodes])).problems).toEqual([]);
});

test('what fails or does not run through Lockstep alone is a problem', () => {
  expect(through(result(['a', nodes], ['b'])).problems).toEqual([
    's b, mysql, 1 node: because\nof this',
  ]);
  expect(through(result(['a', nodes])).problems).toEqual(['s b, mysql, 1 node: it did not run']);
  expect(through(result(['a', 'b', nodes], ['b'])).problems).toHaveLength(1);
});

test('nodes that are not equal are a problem', () => {
  expect(through(result(['a', 'b'], [nodes])).problems).toHaveLength(1);
});

test('a difference that is listed is told and no problem; one that is gone is', () => {
  const { differences, problems } = through(result(['a', nodes], ['b']), [known('b')]);
  expect(problems).toEqual([]);
  expect(differences).toMatchObject([{ test: 'b', known: 'a proxy' }]);
  expect(through(result(['a', 'b', nodes]), [known('b')]).problems).toHaveLength(1);
});

test('a suite of which nothing passes on a server is a problem', () => {
  const results = { direct: result([], ['a']), '1 node': result([], ['a']) };
  expect(judge({ suite: 's', engine: 'mysql', results }, []).problems).toHaveLength(1);
});

test('lines of a program are tests; reasons may go on, and names hold no colon', () => {
  const output = 'noise\nok one\nnot ok two: first\n  second: more\nok three\nnot ok four\n';
  expect(resultOf(output)).toEqual({
    passed: ['one', 'three'],
    failed: [
      { name: 'two', reason: 'first\n  second: more' },
      { name: 'four', reason: '' },
    ],
  });
});

test('the table counts, and names what differs once for all places', () => {
  const results = {
    direct: result(['a', 'b']),
    '1 node': result(['a', nodes], ['b']),
    '3 nodes': result(['a', nodes], ['b']),
  };
  const run = { suite: 's', engine: 'mysql' as const, results };
  expect(tableOf([{ ...run, differences: judge(run, []).differences }])).toEqual([
    '| client | engine | direct | 1 node | 3 nodes |',
    '| ------ | ------ | ------ | ------ | ------- |',
    '| s      | mysql  | 2 of 2 | 2 of 3 | 2 of 3  |',
    '',
    'Passes on a server, not through Lockstep:',
    '- UNLISTED s: b (mysql, 1 node; mysql, 3 nodes): because',
  ]);
});

import { expect, test } from 'vitest';
import { seq } from '../base/brands.ts';
import type { FollowerResult } from './compare-results.ts';
import { ResultEvidence } from './result-evidence.ts';
import { entryOf } from './testing/entries.ts';

const rows = (affectedRows: number, errno = 0): FollowerResult => ({
  affectedRows,
  insertId: '0',
  errno,
  info: '',
});

async function isDecided(evidence: ResultEvidence, at: number): Promise<boolean> {
  let decided = false;
  void evidence.decided(entryOf(at, 'A')).then(() => {
    decided = true;
  });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  return decided;
}

test('followers are compared with what the leader got', () => {
  const evidence = new ResultEvidence();
  expect(evidence.check(entryOf(1, 'A'), 0, rows(1))).toBeUndefined();
  expect(evidence.check(entryOf(1, 'A'), 0, rows(2))).toBe('2 rows affected instead of 1');
  expect(evidence.check(entryOf(1, 'A'), 0, rows(0, 1062))).toBe('error 1062 instead of 0');
  expect(evidence.check(entryOf(1, 'A'), 1, rows(1))).toBe('the entry has no such command');
});

test('while a term lasts, what its leader has not confirmed is undecided', async () => {
  const evidence = new ResultEvidence();
  expect(await isDecided(evidence, 5)).toBe(true);
  evidence.begin(1, seq(4));
  expect(await isDecided(evidence, 4)).toBe(true);
  expect(await isDecided(evidence, 5)).toBe(false);
  const waiting = evidence.decided(entryOf(5, 'A'));
  evidence.prove(seq(5));
  await waiting;
  expect(await isDecided(evidence, 6)).toBe(false);
});

test('the end of a term decides all of it: what was not confirmed is no evidence', async () => {
  const evidence = new ResultEvidence();
  evidence.begin(1, seq(4));
  const waiting = evidence.decided(entryOf(6, 'A'));
  evidence.distrust(1, seq(5));
  await waiting;
  expect(evidence.check(entryOf(4, 'A'), 0, rows(2))).toBeDefined();
  expect(evidence.check(entryOf(5, 'A'), 0, rows(2))).toBeUndefined();
});

test('without evidence the first follower sets what the next are compared with', () => {
  const evidence = new ResultEvidence();
  evidence.distrust(1, seq(1));
  expect(evidence.check(entryOf(1, 'A'), 0, rows(0, 1062))).toBeUndefined();
  expect(evidence.check(entryOf(1, 'A'), 0, rows(0, 1062))).toBeUndefined();
  expect(evidence.check(entryOf(1, 'A'), 0, rows(1))).toBe('error 0 instead of 1062');
  expect(evidence.check({ ...entryOf(1, 'A'), epoch: 2 }, 0, rows(0))).toBeDefined();
});

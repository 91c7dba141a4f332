import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { plantBugs } from '../../scripts/simulation/plant-bugs.mjs';
import { mutations } from './mutations.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

test.each(mutations)('the place of a planted bug is there, once: $name', ({ file, from, to }) => {
  const text = readFileSync(`${root}/${file}`, 'utf8');
  expect(text.split(from).length - 1).toBe(1);
  expect(to).not.toBe(from);
});

/** All of them take minutes: `npm run sim -- --mutations`. */
const quick = [
  'the leader commits before the entry is durable',
  'a leader transaction carries no marker',
  'DDL is batched like any transaction',
];

test('the simulation finds planted bugs', () => {
  const planted = mutations.filter(({ name }) => quick.includes(name));
  expect(planted).toHaveLength(quick.length);
  expect(plantBugs({ root, mutations: planted, seedsMax: 100 })).toEqual([]);
}, 120_000);

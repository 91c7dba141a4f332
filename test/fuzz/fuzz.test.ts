import { expect, test } from 'vitest';
import { clientProperties } from './client-bytes.ts';
import { keptSeeds, runFuzz } from './fuzz-property.ts';
import { nodeProperties } from './node-bytes.ts';
import { longTextProperties, sqlProperties } from './sql-text.ts';

/** Of each property; the long form is `test/long/fuzz.test.ts`. */
const runs = 150;

const properties = [...clientProperties, ...nodeProperties, ...sqlProperties];

test.each(properties)('holds of any bytes: $name', (property) => {
  const seed = Math.trunc(Math.random() * 0x7fff_ffff);
  runFuzz(property, runs, seed);
});

test('every kept seed belongs to a property', () => {
  const names = new Set([...properties, ...longTextProperties].map(({ name }) => name));
  expect(keptSeeds().filter(({ property }) => !names.has(property))).toEqual([]);
});

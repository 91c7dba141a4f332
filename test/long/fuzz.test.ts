import { afterAll, test } from 'vitest';
import { clientProperties } from '../fuzz/client-bytes.ts';
import { runFuzz } from '../fuzz/fuzz-property.ts';
import { nodeProperties } from '../fuzz/node-bytes.ts';
import { longTextProperties, sqlProperties } from '../fuzz/sql-text.ts';

// The short form is `test/fuzz/fuzz.test.ts`. A seed that fails is added to the kept ones.
const properties = [
  ...[...clientProperties, ...nodeProperties, ...sqlProperties].map((property) => ({
    property,
    runs: 12_000,
  })),
  ...longTextProperties.map((property) => ({ property, runs: 400 })),
];

let done = 0;
afterAll(() => console.log(`${done} runs`));

test.each(properties)('holds of any bytes: $property.name', ({ property, runs }) => {
  const seed = Math.trunc(Math.random() * 0x7fff_ffff);
  console.log(`${property.name}: ${runs} runs from seed ${seed}`);
  runFuzz(property, runs, seed);
  done += runs;
});

import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest';
import { engines } from '../support/cluster.ts';
import { Compared } from '../support/compared.ts';
import { compareByKey, keyCases } from '../support/verify-keys.ts';

/** All of them: test/long/verify-keys.test.ts. */
const few = new Set(['composite', 'text_without_case', 'nullable_key']);

describe.each(engines())('tables are walked by their keys, $name', (engine) => {
  let cluster: Compared;

  beforeAll(async () => {
    cluster = await Compared.start(engine, { verify: { afterLeaderFailure: false, rate: 0 } });
  });

  beforeEach(() => cluster.untilAllUp());

  afterAll(() => cluster?.[Symbol.asyncDispose]());

  test.each(keyCases.filter(({ name }) => few.has(name)))('$name', (one) =>
    compareByKey(cluster, one),
  );
});

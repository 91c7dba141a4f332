import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest';
import { engines } from '../support/cluster.ts';
import { Compared } from '../support/compared.ts';
import { compareByKey, keyCases } from '../support/verify-keys.ts';

describe.each(engines())('tables are walked by every kind of key, $name', (engine) => {
  let cluster: Compared;

  beforeAll(async () => {
    cluster = await Compared.start(engine, { verify: { afterLeaderFailure: false, rate: 0 } });
  });

  beforeEach(() => cluster.untilAllUp());

  afterAll(() => cluster?.[Symbol.asyncDispose]());

  test.each(keyCases.filter(({ only }) => (only ?? engine.name) === engine.name))('$name', (one) =>
    compareByKey(cluster, one),
  );
});

import { test } from 'vitest';
import {
  engineMissingMessage,
  engineNames,
  findEngine,
  type Engine,
  type EngineName,
} from '../../src/demo/engine.ts';

// Everything but `engines` also works outside vitest, e.g. in benchmarks.
export { expectEqualNodes } from '../../src/demo/checksums.ts';
export { connectTo } from '../../src/demo/connect.ts';
export { startServers, type TestServers } from './servers.ts';

/**
 * The engines to run a suite on, for `describe.each(engines())('on $name', (engine) => …)`.
 * A missing one is an error where both are required (in CI, or with LOCKSTEP_REQUIRE_ENGINES=1),
 * elsewhere one skipped test that says why.
 */
export function engines(names: readonly EngineName[] = engineNames): Engine[] {
  const present: Engine[] = [];
  for (const name of names) {
    const engine = findEngine(name);
    if (engine !== undefined) {
      present.push(engine);
      continue;
    }
    const reason = engineMissingMessage(name);
    if (required(process.env['CI']) || required(process.env['LOCKSTEP_REQUIRE_ENGINES'])) {
      throw new Error(reason);
    }
    console.warn(`skipped on ${name}: ${reason}`);
    test(`on ${name}`, (context) => context.skip(reason));
  }
  return present;
}

const required = (value: string | undefined): boolean =>
  value !== undefined && !['', '0', 'false'].includes(value);

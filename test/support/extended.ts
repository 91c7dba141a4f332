import { describe } from 'vitest';
import type { Engine } from '../../src/demo/engine.ts';
import { engines } from './cluster.ts';

/**
 * Options of a test that plain `npm test` leaves out, because it takes long and a shorter one has
 * its subject there. `npm test -- all` runs it, as CI does.
 */
export const extended: { tags: string[] } = { tags: ['extended'] };

export const extendedIf = (is: boolean): { tags: string[] } => (is ? extended : { tags: [] });

/**
 * A suite with each of the servers, of what does not depend on which it is: with the first one it
 * is always run, with the others it is extended.
 */
export function describeAlike(subject: string, suite: (engine: Engine) => void): void {
  engines().forEach((engine, index) => {
    describe(`${subject}, ${engine.name}`, extendedIf(index > 0), () => {
      suite(engine);
    });
  });
}

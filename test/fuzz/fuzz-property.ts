import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { LockstepError } from '../../src/base/errors.ts';

/** Something that must hold of any bytes, however they were made. */
export interface FuzzProperty {
  readonly name: string;
  /** Runs `runs` examples from `seed`; throws what fast-check says of one that fails. */
  readonly run: (parameters: fc.Parameters<unknown>) => void;
}

export function fuzzProperty<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  check: (value: T) => void,
): FuzzProperty {
  const property = fc.property(arbitrary, check);
  return { name, run: (parameters) => fc.assert(property, parameters as fc.Parameters<[T]>) };
}

/** Where a run once failed; each is run again every time. */
export interface KeptSeed {
  readonly property: string;
  readonly seed: number;
  readonly path: string;
}

const seedsFile = join(import.meta.dirname, 'kept-seeds.json');

export const keptSeeds = (): KeptSeed[] =>
  JSON.parse(readFileSync(seedsFile, 'utf8')) as KeptSeed[];

/** Runs the examples, those that failed once first. A new failure is added to the kept seeds. */
export function runFuzz(property: FuzzProperty, runs: number, seed: number): void {
  const { name, run } = property;
  for (const kept of keptSeeds()) {
    if (kept.property === name) run({ seed: kept.seed, path: kept.path, numRuns: 1 });
  }
  try {
    run({ seed, numRuns: runs });
  } catch (error) {
    const path = /path: "([\d:]+)"/.exec(String(error))?.[1];
    if (path !== undefined) keep({ property: name, seed, path });
    throw error;
  }
}

function keep(seed: KeptSeed): void {
  writeFileSync(seedsFile, `${JSON.stringify([...keptSeeds(), seed], undefined, 2)}\n`);
}

/** The value, or the code of the error; any other throw is a defect and goes on. */
export function outcome<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    if (error instanceof LockstepError && allowedCodes.has(error.code)) return error.code;
    throw error;
  }
}

const allowedCodes: ReadonlySet<string> = new Set(['malformed_packet', 'packet_too_large']);

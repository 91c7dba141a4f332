import type { EngineName } from '../../../src/demo/engine.ts';

/** Where a suite's tests connect to: a server, or Lockstep before one or three of them. */
export const places = ['direct', '1 node', '3 nodes'] as const;
export type Place = (typeof places)[number];

export interface Target {
  readonly engine: EngineName;
  readonly place: Place;
  readonly host: string;
  readonly port: number;
  /** It has every right and may grant it. */
  readonly user: string;
  readonly password: string;
  /** Exists and is empty. There is no other database but the servers' own. */
  readonly database: string;
  /** For the suite's own files, on this target alone; empty, and gone afterwards. */
  readonly folder: string;
}

export interface FailedTest {
  readonly name: string;
  /** What a reader needs to find the cause; the first line goes into the report. */
  readonly reason: string;
}

export interface SuiteResult {
  readonly passed: readonly string[];
  readonly failed: readonly FailedTest[];
}

/** The tests of one client: the same ones run on every target, and their names tell them apart. */
export interface Suite {
  readonly name: string;
  /** Debian packages that it needs, with all that they depend on. */
  readonly packages: readonly string[];
  /** Where it runs, if not on both engines. */
  readonly engines?: readonly EngineName[];
  /** Once before all targets, behind the packages: compiles, copies, fetches. */
  prepare?(folder: string): Promise<void>;
  /** `prepared` is the folder that `prepare` was given. */
  run(target: Target, prepared: string): Promise<SuiteResult>;
}

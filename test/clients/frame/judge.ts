import type { EngineName } from '../../../src/demo/engine.ts';
import { places, type Place, type SuiteResult } from './suite.ts';

/** A test that passes on a server and cannot pass through Lockstep. */
export interface KnownDifference {
  readonly suite: string;
  readonly test: string | RegExp;
  /** Where it is so. Default: on both engines, with one node and with three. */
  readonly engine?: EngineName;
  readonly place?: Place;
  /** It may also pass, by chance. */
  readonly sometimes?: true;
  /** Why a client cannot have it, as docs/COMPATIBILITY.md says it. */
  readonly reason: string;
}

export interface Difference {
  readonly suite: string;
  readonly engine: EngineName;
  readonly place: Place;
  readonly test: string;
  /** What the test said. */
  readonly reason: string;
  /** Why it is as it is, where it is listed. */
  readonly known?: string;
}

export interface SuiteRun {
  readonly suite: string;
  readonly engine: EngineName;
  readonly results: Readonly<Partial<Record<Place, SuiteResult>>>;
}

/** As it stands in the report. */
export interface ReportedRun extends SuiteRun {
  readonly differences: readonly Difference[];
}

interface Verdict {
  /** What passes directly and not through Lockstep, listed or not. */
  readonly differences: readonly Difference[];
  /** Each fails the run: what is not listed, and what is listed although it passes. */
  readonly problems: readonly string[];
}

export function judge(run: SuiteRun, known: readonly KnownDifference[]): Verdict {
  const { suite, engine } = run;
  const direct = run.results.direct;
  if (direct === undefined || direct.passed.length === 0) {
    const [first] = direct?.failed ?? [];
    const reason = first === undefined ? '' : `: ${first.name}: ${first.reason}`;
    return { differences: [], problems: [`${suite}: no test passes on ${engine} itself${reason}`] };
  }
  const differences: Difference[] = [];
  const problems: string[] = [];
  for (const place of places) {
    const through = run.results[place];
    if (place === 'direct' || through === undefined) continue;
    const passed = new Set(through.passed);
    const reasons = new Map(through.failed.map(({ name, reason }) => [name, reason]));
    for (const test of new Set([...direct.passed, '(equal nodes)'])) {
      const listed = known.find((one) => covers(one, { suite, engine, place, test }));
      if (passed.has(test) && !reasons.has(test)) {
        if (listed && !listed.sometimes)
          problems.push(`${suite} ${test}, ${engine}, ${place}: listed, yet it passes`);
        continue;
      }
      const reason = reasons.get(test) ?? 'it did not run';
      const cause = listed === undefined ? {} : { known: listed.reason };
      differences.push({ suite, engine, place, test, reason, ...cause });
      if (!listed) problems.push(`${suite} ${test}, ${engine}, ${place}: ${reason}`);
    }
  }
  return { differences, problems };
}

interface Case {
  readonly suite: string;
  readonly engine: EngineName;
  readonly place: Place;
  readonly test: string;
}

function covers(known: KnownDifference, { suite, engine, place, test }: Case): boolean {
  if (known.suite !== suite) return false;
  if (known.engine !== undefined && known.engine !== engine) return false;
  if (known.place !== undefined && known.place !== place) return false;
  return typeof known.test === 'string' ? known.test === test : known.test.test(test);
}

import { runSeed, type SeedReport } from './run-seed.ts';

/** Leaves out one fault after the other for as long as the seed still fails. */
export async function shrink(seed: number): Promise<SeedReport> {
  let report = await runSeed(seed);
  const left = new Set<number>();
  for (let index = 0; report.violation && index < report.faults.length + left.size; index++) {
    const fewer = await runSeed(seed, (_, at) => at !== index && !left.has(at));
    if (!fewer.violation) continue;
    left.add(index);
    report = fewer;
  }
  return report;
}

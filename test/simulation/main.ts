import { faultText } from './faults.ts';
import { Occurrences } from './occurrences.ts';
import { runSeed, type SeedReport } from './run-seed.ts';
import { shrink } from './shrink.ts';

const parameters = process.argv.slice(2);
const numberOf = (name: string): number | undefined => {
  const at = parameters.indexOf(name);
  return at < 0 ? undefined : Number(parameters[at + 1]);
};

process.on('unhandledRejection', (error) => {
  console.error('unhandled rejection', error);
  process.exit(2);
});

function describe(report: SeedReport): void {
  console.log(`seed ${report.seed}: ${JSON.stringify(report.settings)}`);
  for (const fault of report.faults) console.log(`  ${faultText(fault)}`);
  for (const note of report.notes) console.log(`    ${note}`);
  console.log(report.violation?.stack ?? 'every promise held');
}

async function runMany(first: number, count: number): Promise<void> {
  const startedMs = performance.now();
  const untilFailure = parameters.includes('--until-failure');
  // Thousands of coded errors are made that nobody looks at.
  Error.stackTraceLimit = 0;
  const occurrences = new Occurrences();
  const totals = { run: 0, failed: 0, entries: 0, acknowledged: 0, simulatedMs: 0 };
  for (let seed = first; seed < first + count; seed++) {
    const report = await runSeed(seed);
    totals.run++;
    occurrences.addRun(report.occurrences);
    totals.entries += report.entries;
    totals.acknowledged += report.acknowledged;
    totals.simulatedMs += report.simulatedMs;
    if (!report.violation) continue;
    totals.failed++;
    console.log(`seed ${seed}: ${report.violation.message.split('\n')[0]}`);
    if (untilFailure) break;
  }
  if (!untilFailure) console.log('runs in which');
  if (!untilFailure) for (const line of occurrences.lines()) console.log(`  ${line}`);
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(
    `${totals.run} seeds, ${totals.failed} failed; ${totals.entries} entries, ` +
      `${totals.acknowledged} acknowledged; ${(totals.simulatedMs / 1000).toFixed(0)} s ` +
      `simulated in ${seconds.toFixed(1)} s`,
  );
  if (totals.failed > 0) process.exitCode = 1;
}

const one = numberOf('--seed');
const shrunk = numberOf('--shrink');
if (one !== undefined || shrunk !== undefined) {
  const report = shrunk === undefined ? await runSeed(one ?? 1) : await shrink(shrunk);
  describe(report);
  if (report.violation) process.exitCode = 1;
} else {
  await runMany(numberOf('--from') ?? 1, numberOf('--seeds') ?? 1_000);
}

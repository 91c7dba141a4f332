import { faultText } from './faults.ts';
import { runSeed, type SeedReport } from './run-seed.ts';

const value = (name: string): number | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : Number(process.argv[at + 1]);
};

process.on('unhandledRejection', (error) => {
  console.error('unhandled rejection', error);
  process.exit(2);
});

function describe(report: SeedReport): void {
  console.log(`seed ${report.seed}: ${JSON.stringify(report.settings)}`);
  for (const fault of report.faults) console.log(`  ${faultText(fault)}`);
  for (const note of report.notes) console.log(`    ${note}`);
  if (report.violation) console.log(report.violation.stack);
}

const one = value('--seed');
const first = one ?? value('--from') ?? 1;
const count = one === undefined ? (value('--seeds') ?? 1_000) : 1;
const startedMs = performance.now();
const failed: number[] = [];
let entries = 0;
let acknowledged = 0;
let simulatedMs = 0;
for (let seed = first; seed < first + count; seed++) {
  const report = await runSeed(seed);
  entries += report.entries;
  acknowledged += report.acknowledged;
  simulatedMs += report.simulatedMs;
  if (report.violation !== undefined) {
    failed.push(seed);
    if (one === undefined) {
      console.log(`seed ${seed}: ${report.violation.message.split('\n')[0]}`);
    }
  }
  if (one !== undefined) describe(report);
}
const seconds = (performance.now() - startedMs) / 1000;
console.log(
  `${count} seeds, ${failed.length} failed; ${entries} entries, ${acknowledged} acknowledged; ` +
    `${(simulatedMs / 1000).toFixed(0)} s simulated in ${seconds.toFixed(1)} s`,
);
if (failed.length > 0) process.exitCode = 1;

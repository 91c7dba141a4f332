import { addressOf, runSteps, succeed, type Step } from '../frame/run-steps.ts';
import type { Suite, Target } from '../frame/suite.ts';

const workloads = [
  'oltp_read_only',
  'oltp_read_write',
  'oltp_insert',
  'oltp_update_index',
  'oltp_delete',
] as const;

/** Threads run into each other's rows: such a victim is retried, and is no failure. */
const retried = '--mysql-ignore-errors=1213,1020,1205';

export const suite: Suite = {
  name: 'sysbench',
  packages: ['sysbench'],
  run(target) {
    const steps: Step[] = [];
    for (const mode of ['disable', 'auto']) {
      for (const workload of workloads) {
        const name = `${workload}, prepared statements ${mode}`;
        steps.push({ name, run: () => bench(target, workload, `--db-ps-mode=${mode}`) });
      }
    }
    return runSteps(steps);
  },
};

async function bench(target: Target, workload: string, mode: string): Promise<void> {
  const address = addressOf(target).map((option) => option.replace('--', '--mysql-'));
  const size = ['--tables=2', '--table-size=300'];
  const options = [...address, `--mysql-db=${target.database}`, ...size, '--threads=4', mode];
  const call = (...argv: string[]) =>
    succeed({ file: 'sysbench', argv: [workload, ...options, ...argv], timeoutMs: 120_000 });
  try {
    await call('prepare');
    const { output } = await call(retried, '--events=100', '--time=60', 'run');
    if (!/total number of events: +[1-9]/.test(output)) throw new Error(output);
  } finally {
    await call('cleanup');
  }
}

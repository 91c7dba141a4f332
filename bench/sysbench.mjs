import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Rows of `sbtest1`; `large` has 16 of 1 MB. */
export const tableSize = 100_000;

const script = (name) => fileURLToPath(new URL(`${name}.lua`, import.meta.url));

/**
 * Each is what sysbench runs. `statements` are counted, not transactions: oltp_read_only has 16
 * in each, BEGIN and COMMIT included, oltp_read_write 20.
 */
export const workloads = {
  point_select: { test: 'oltp_point_select', options: ['--db-ps-mode=disable'] },
  // As an application asks whose reads are kept: again and again the same.
  point_select_hot: { test: 'oltp_point_select', options: ['--db-ps-mode=disable'], rows: 1000 },
  point_select_prepared: { test: 'oltp_point_select', options: ['--db-ps-mode=auto'] },
  read_only: { test: 'oltp_read_only', options: ['--db-ps-mode=disable'] },
  read_write: { test: 'oltp_read_write', options: ['--db-ps-mode=disable'] },
  update_index: { test: 'oltp_update_index', options: ['--db-ps-mode=disable'] },
  insert: { test: 'oltp_insert', options: ['--db-ps-mode=disable'] },
  range_1000: {
    test: 'oltp_read_only',
    options: [
      '--db-ps-mode=disable',
      '--skip-trx=on',
      '--point-selects=0',
      '--simple-ranges=1',
      '--sum-ranges=0',
      '--order-ranges=0',
      '--distinct-ranges=0',
      '--range-size=1000',
    ],
  },
  row_1mb: { test: script('large-row'), options: ['--db-ps-mode=disable'] },
};

/** Errors after which a client of any server tries again: deadlock, lock wait, changed row. */
const retried = '--mysql-ignore-errors=1213,1020,1205';

const address = (port) => [
  '--mysql-host=127.0.0.1',
  `--mysql-port=${port}`,
  '--mysql-user=app',
  '--mysql-password=app',
  '--mysql-db=app',
];

/** Makes the tables that every workload uses. */
export async function makeTables(port) {
  const size = [`--table-size=${tableSize}`, '--tables=1'];
  await run('sysbench', ['oltp_read_only', ...address(port), ...size, 'prepare']);
  await run('sysbench', [script('large-row'), ...address(port), 'prepare']);
}

/** Statements a second, their 95th percentile in ms as sysbench sees it, and how many failed. */
export async function sysbench(name, { port, connections, seconds }) {
  const { test, options, rows = tableSize } = workloads[name];
  const { stdout } = await run('sysbench', [
    test,
    ...address(port),
    ...(test.startsWith('oltp_') ? [`--table-size=${rows}`, '--tables=1', retried] : []),
    ...options,
    `--threads=${connections}`,
    `--time=${seconds}`,
    'run',
  ]);
  const figure = (pattern) => Number(pattern.exec(stdout)?.[1] ?? Number.NaN);
  const count = figure(/^\s+total:\s+(\d+)/m);
  const tookSeconds = figure(/total time:\s+([\d.]+)s/);
  return {
    statements: count,
    perSecond: count / tookSeconds,
    p95Ms: figure(/95th percentile:\s+([\d.]+)/),
    errors: figure(/ignored errors:\s+(\d+)/),
  };
}

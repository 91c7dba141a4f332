import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { median, spread } from './statistics.mjs';

const page = fileURLToPath(new URL('../docs/PERFORMANCE.md', import.meta.url));

/** Makes docs/PERFORMANCE.md from files that `--json` has written. */
export async function makePage(files) {
  if (files.length === 0) throw new Error('name the files that --json has written');
  const runs = await Promise.all(files.map(async (file) => JSON.parse(await readFile(file))));
  const sections = runs.map((run, index) => section(run, run.kind !== runs[index - 1]?.kind));
  await writeFile(page, `${[head, ...sections, repeat].join('\n\n')}\n`);
  console.log(`wrote ${page}`);
}

const head = `# Performance

Made by \`npm run bench -- page\` from what \`npm run bench\` measured: every figure below was
measured in one run with those beside it. In each round every target has its turn, so that
whatever else the machine does meets all of them alike; shown are medians over the rounds, and
half the distance between the best and the worst round. Compare the figures of one table with
each other, not with those of another machine.

*CPU* is what the proxy itself uses for one statement, user and system time of all its threads;
the servers and the load are not in it. Lockstep runs with all that it does by default: it
classifies every statement, counts it by its digest, checks that the session's state is on the
node's connection, and could ask another node if this one died.`;

const repeat = `## How to repeat it

\`\`\`sh
npm run bench -- compare --json compare.json   # about an hour; --help says how to take less
npm run bench -- writes --json writes.json
npm run bench -- page compare.json writes.json
\`\`\`

sysbench, HAProxy and Galera come from Debian's packages and are installed when they are
missing; MySQL Router comes with the MySQL that the tests use; ProxySQL is measured where
\`PROXYSQL_BIN\` names its program. All of it runs on one machine, over the loopback: the load,
the proxy and the servers share its cores, so that a proxy that needs less leaves more to the
server, and the rates tell as much as the CPU does.`;

const titles = {
  point_select: 'One row by its key, as text',
  point_select_hot: 'One of the same 1,000 rows by its key, as text',
  point_select_prepared: 'One row by its key, prepared',
  read_only: 'sysbench oltp_read_only',
  read_write: 'sysbench oltp_read_write',
  update_index: 'Updates of one row',
  insert: 'Inserts of one row',
  range_1000: 'Ranges of 1,000 rows',
  row_1mb: 'A row of 1 MB',
  latency: 'Latency of point selects',
};

const kinds = {
  compare: 'One node, and what can stand before it',
  writes: 'Writes that survive the loss of power of everything',
};

/** `first`: of its kind. */
function section({ kind, cells, ...run }, first) {
  const gigabytes = Math.round(run.memoryBytes / 2 ** 30);
  const machine = `${run.cores} cores (${run.model}), ${gigabytes} GB`;
  const how = `${run.rounds} rounds of ${run.seconds} s`;
  const facts = `${run.day}, ${run.engine}, Node ${run.node.slice(1)}, ${machine}; ${how}.`;
  const tables = cells.map((cell) => {
    const rate = cell.rate === undefined ? '' : ` at ${cell.rate}/s`;
    const title = `### ${titles[cell.workload]}, ${cell.connections} connections${rate}`;
    return `${title}\n\n${(cell.workload === 'latency' ? latencies : rates)(cell.figures)}`;
  });
  const title = first ? [`## ${kinds[kind]}`] : [];
  const remark = kind === 'writes' ? [durability] : [];
  return [...title, facts, ...remark, ...tables].join('\n\n');
}

const durability = `\`one_server\` and every server of \`galera_3\` flush at each commit. Behind
Lockstep it is Lockstep's log that is flushed before a write is acknowledged; its nodes flush
once a second, but for those of \`lockstep_3_flushing\`, which do at each commit
too. \`lockstep_N\` has N nodes and acknowledges when all have committed.`;

const column = (all, key) => all.map((figures) => figures[key]);
const row = (cells) => `| ${cells.join(' | ')} |`;
const table = (names, lines) => [row(names), row(names.map(() => '---')), ...lines].join('\n');
const whole = (value) => Math.round(value).toLocaleString('en-US');

function rates(figures) {
  const lines = Object.entries(figures).map(([name, all]) => {
    const perSecond = column(all, 'perSecond');
    const cpu = median(column(all, 'cpuUs'));
    const mebibytes = median(column(all, 'residentBytes')) / 2 ** 20;
    return row([
      name,
      `${whole(median(perSecond))}/s ± ${(spread(perSecond) * 100).toFixed(0)} %`,
      `${median(column(all, 'p95Ms')).toFixed(1)} ms`,
      cpu === 0 ? '' : `${cpu.toFixed(1)} µs`,
      mebibytes === 0 ? '' : `${mebibytes.toFixed(0)} MiB`,
    ]);
  });
  return table(['', 'statements', 'p95', 'CPU', 'memory'], lines);
}

function latencies(figures) {
  const keys = ['p50Us', 'p95Us', 'p99Us', 'p999Us'];
  const lines = Object.entries(figures).map(([name, all]) =>
    row([name, ...keys.map((key) => `${whole(median(column(all, key)))} µs`)]),
  );
  return table(['', 'p50', 'p95', 'p99', 'p99.9'], lines);
}

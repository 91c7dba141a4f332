import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { aims } from './aims.mjs';
import { median, spread } from './statistics.mjs';

const page = fileURLToPath(new URL('../docs/PERFORMANCE.md', import.meta.url));

const usage = `npm run bench -- page [options] FILE …
  FILE                  what --json has written, in the order of the page
  --out FILE            instead of docs/PERFORMANCE.md`;

/** Makes docs/PERFORMANCE.md from files that `--json` has written. */
export async function makePage(argv) {
  const { values, positionals: files } = parseArgs({
    args: argv,
    options: { out: { type: 'string', default: page }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.help) return console.log(usage);
  if (files.length === 0) throw new Error('name the files that --json has written');
  const runs = await Promise.all(files.map(readRun));
  const sections = runs.map((run, index) => section(run, run.kind !== runs[index - 1]?.kind));
  await writeFile(values.out, `${[head, aimed(runs), ...sections, repeat(runs)].join('\n\n')}\n`);
  console.log(`wrote ${values.out}`);
}

async function readRun(file) {
  const run = JSON.parse(await readFile(file, 'utf8'));
  for (const key of ['kind', 'command', 'system', 'programs', 'cells']) {
    if (run[key] === undefined) throw new Error(`${file} has no "${key}": measure it anew`);
  }
  return run;
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

const repeat = (runs) => `## How to repeat it

These commands were run, each with \`--json\` and a file, of which \`npm run bench -- page\` made
this page. Without options they measure more, and take longer.

\`\`\`sh
${runs.map(({ command, node }) => `npm run bench -- ${command}${onNode(node)}`).join('\n')}
\`\`\`

Beside Lockstep: ${runs[0].programs.join(', ')}.

sysbench, HAProxy and Galera come from Debian's packages and are installed when they are
missing; MySQL Router comes with the MySQL that the tests use; ProxySQL is measured where
\`PROXYSQL_BIN\` names its program. All of it runs on one machine, over the loopback: the load,
the proxy and the servers share its cores, so that a proxy that needs less leaves more to the
server, and the rates tell as much as the CPU does.`;

const onNode = (node) => (node.startsWith('v20.') ? '' : `   # with Node ${node.slice(1)}`);

const aimedRemark = `Ratios of medians in one run, those of the tables below. Where ProxySQL was
not measured MySQL Router stands beside Lockstep in its place, and nothing is judged by it. What an
idle client connection takes, \`npm test -- long\` measures (test/long/idle-clients.test.ts); the
bar is 12 KB.`;

const reasons = (runs) => `### Where it is behind, and what it would take

- **Transactions** (\`oltp_read_only\`, \`oltp_read_write\`) have a connection of their own, and
  their client waits for each answer: nothing of theirs can be shared, and each query takes two
  reads and two writes of sockets, as behind any proxy. \`node_forwarder\` has these and nothing
  else; what Lockstep takes beyond it is what it does with each query: it classifies the text by its
  shape, counts and times the statement, and holds the answer until it is whole. A commit is a
  place in the log, a flush of the disk and a marker on the node on top of that. It would take less
  to do for each query, and fewer steps for a commit.
${besideOne(runs)}- **Writes beside Galera.** With all processes on the same two cores, the rate is
  what the CPU of a write allows; the column *servers* holds what the servers take for one, *CPU*
  what Lockstep does. ${besideGalera(runs)}
  Behind Lockstep each of three servers parses and runs the statement, and the leader is also asked
  for BEGIN, and, when the log has the entry, for the marker that makes replays exact and the
  COMMIT. Tried on plain servers, and of no use: no BEGIN on the leader (\`autocommit=0\`, or
  COMMIT AND CHAIN: 119 and 127 µs of its CPU a write where BEGIN has 104), and prepared statements
  on followers (105 beside 98 µs in batches of 4, 46 beside 50 in batches of 16). It would take
  followers that get rows, not statements, less of Lockstep's own CPU, or servers on cores of their
  own, as they are in use.
- **CPU for each node added**: a follower is sent a batch and answers every statement of it, and
  with few clients its batches are small. It would take followers that get rows here too.`;

const besideOne = (runs) =>
  runs.some(({ kind }) => kind === 'workers')
    ? `- **Two workers** (\`lockstep_2_workers\`) are slower than one process where both cores are
  taken anyway: each worker has node connections of its own, on which fewer queries meet. They are
  for machines with cores to spare; what they are worth there is measured below, in *More than one
  process*.
`
    : '';

/** What a balancer that takes nothing at all would reach, were the servers all there is. */
function besideGalera(runs) {
  const cells = runs.find(({ kind }) => kind === 'writes')?.cells ?? [];
  const bounds = cells.flatMap(({ workload, connections, figures }) => {
    const { galera_3: galera, lockstep_3: lockstep } = figures;
    if (!galera || !lockstep) return [];
    const [theirs, ours] = [galera, lockstep].map((all) => median(column(all, 'serversCpuUs')));
    const name = workload === 'insert' ? 'inserts' : 'updates';
    return [`${(theirs / ours).toFixed(2)} × for ${name} at ${connections} connections`];
  });
  if (bounds.length === 0) return '';
  return `A balancer that takes no CPU would reach, by these, ${bounds.join(', ')}.`;
}

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
  replay: 'Updates of one row, replayed',
  pending: 'A start',
  failover: 'Three reads and one update of a row, again and again',
};

const kinds = {
  compare: 'One node, and what can stand before it',
  workers: 'More than one process',
  writes: 'Writes that survive the loss of power of everything',
  replay: 'What a node has missed',
  pending: 'A million entries that a node has not yet',
  failover: 'A node dies under load',
};

const aimed = (runs) => {
  const found = aims(runs);
  const rows = found.map(row);
  const missed = found.some((cells) => cells.at(-1).startsWith('missed'));
  return [
    `## What is aimed at`,
    aimedRemark,
    table(['', 'measured', 'bar', ''], rows),
    ...(missed ? [reasons(runs)] : []),
  ].join('\n\n');
};

/** `first`: of its kind. */
function section({ kind, cells, ...run }, first) {
  const gigabytes = Math.round(run.memoryBytes / 2 ** 30);
  const machine = `${run.cores} cores (${run.model}), ${gigabytes} GB, ${run.system}`;
  const how = `${run.rounds} rounds${run.seconds ? ` of ${run.seconds} s` : ''}`;
  const facts = `${run.day}, ${run.engine}, Node ${run.node.slice(1)}, ${machine}; ${how}.`;
  const tables = cells.map((cell) => {
    const title = [titles[cell.workload], ...conditions(cell)].join(', ');
    return `### ${title}\n\n${(tableOf[cell.workload] ?? rates)(cell.figures)}`;
  });
  const title = first ? [`## ${kinds[kind]}`] : [];
  const remark = first && remarks[kind] !== undefined ? [remarks[kind]] : [];
  return [...title, facts, ...remark, ...tables].join('\n\n');
}

function conditions({ connections, rate, idle = 0, updates, entries, share }) {
  const at = rate === undefined ? '' : ` at ${rate}/s`;
  return [
    ...(updates === undefined ? [] : [`${whole(updates)} of them`]),
    ...(entries === undefined ? [] : [`${whole(entries)} entries`]),
    ...(connections === undefined ? [] : [`${connections} connections${at}`]),
    ...(share === undefined ? [] : [`each process at most ${share} % of a core`]),
    ...(idle === 0 ? [] : [`beside ${whole(idle)} that are idle`]),
  ];
}

const remarks = {
  compare: `Behind Lockstep the point selects of many clients are under way on one connection at
once, so that several queries, and several answers, pass in one call of the system; every other
proxy here passes on each by itself. How many connections are shared so, Lockstep finds by trial.
Where all cores are busy, as here, few do best; where servers have cores of their own it may be
more, and the ratios others than these.

\`lockstep_2_workers\`, where shown, has \`workers: 2\`,
\`lockstep_cached\` keeps the answers of
all tables; both have a node of their own, and all share the machine's cores.
\`node_forwarder\` passes bytes on and looks at nothing: the least that a proxy in Node.js takes.`,
  workers: `What \`workers: 2\` is worth where cores are to spare. Two cores that load, servers
and Lockstep keep busy cannot show it: so the kernel holds each process of Lockstep, and nothing
else, to a small part of a core. With two workers there are three such processes, the main one among
them, which does little for sessions that only read.`,
  writes: `\`one_server\` and every server of \`galera_3\` flush at each commit. Behind
Lockstep it is Lockstep's log that is flushed before a write is acknowledged; its nodes flush
once a second, but for those of \`lockstep_3_flushing\`, which do at each commit
too. \`lockstep_N\` has N nodes and acknowledges when all have committed. The clients of the Galera
cluster all write to its first node, so that no two nodes' writes conflict.`,
  replay: `One of three nodes behind Lockstep is stopped, rows are updated, it is started
again; measured from when its recovery begins until it serves. \`replica\` is a replica of
MariaDB's own, in optimistic mode with four threads, that is stopped while its primary, which
flushes at each commit, is given the same. The ratio is that of the two rates.`,
  pending: `Measured until the first read is answered, and three seconds later how much memory
Lockstep has. \`no_entry\`: all nodes have everything. \`node_down\`: one is down and has missed
the entries: the first 2,000 are updates of clients, the others the same again, written by the log's
own writer. \`replay\`: it comes back; the memory is the most of the whole replay.`,
  failover: `\`follower_killed\` and \`leader_killed\` begin 100 ms ahead of kill -9 of a node,
\`calm\` is the time before, \`node_returns\` that from its start until it serves again. A statement
counts where it was sent; what is slowest is the worst of all rounds.`,
};

const column = (all, key) => all.map((figures) => figures[key]);
const row = (cells) => `| ${cells.join(' | ')} |`;
const table = (names, lines) => [row(names), row(names.map(() => '---')), ...lines].join('\n');
const whole = (value) => Math.round(value).toLocaleString('en-US');

function rates(figures) {
  const ofServers = Object.values(figures).some(([{ serversCpuUs = 0 }]) => serversCpuUs > 0);
  const lines = Object.entries(figures).map(([name, all]) => {
    const perSecond = column(all, 'perSecond');
    const cpu = median(column(all, 'cpuUs'));
    const mebibytes = median(column(all, 'residentBytes')) / 2 ** 20;
    return row([
      name,
      `${whole(median(perSecond))}/s ± ${(spread(perSecond) * 100).toFixed(0)} %`,
      `${median(column(all, 'p95Ms')).toFixed(1)} ms`,
      cpu === 0 ? '' : `${cpu.toFixed(1)} µs`,
      ...(ofServers ? [`${median(column(all, 'serversCpuUs')).toFixed(0)} µs`] : []),
      mebibytes === 0 ? '' : `${mebibytes.toFixed(0)} MiB`,
    ]);
  });
  const cpus = ofServers ? ['CPU', 'servers'] : ['CPU'];
  return table(['', 'statements', 'p95', ...cpus, 'memory'], lines);
}

function latencies(figures) {
  const keys = ['p50Us', 'p95Us', 'p99Us', 'p999Us'];
  const lines = Object.entries(figures).map(([name, all]) =>
    row([name, ...keys.map((key) => `${whole(median(column(all, key)))} µs`)]),
  );
  return table(['', 'p50', 'p95', 'p99', 'p99.9'], lines);
}

function replays(figures) {
  const lines = Object.entries(figures).map(([name, all]) => {
    const written = median(column(all, 'writtenPerSecond'));
    const replayed = column(all, 'replayedPerSecond');
    return row([
      name,
      `${whole(written)}/s`,
      `${whole(median(replayed))}/s ± ${(spread(replayed) * 100).toFixed(0)} %`,
      (median(replayed) / written).toFixed(1),
    ]);
  });
  return table(['', 'written', 'replayed', 'ratio'], lines);
}

function starts(figures) {
  const lines = Object.entries(figures).map(([name, all]) => {
    const mebibytes = median(column(all, 'residentBytes')) / 2 ** 20;
    const replayed = all[0].replayedPerSecond;
    return row([
      name,
      whole(median(column(all, 'pending'))),
      `${whole(median(column(all, 'startMs')))} ms`,
      `${mebibytes.toFixed(0)} MiB`,
      replayed === undefined ? '' : `${whole(replayed)}/s`,
    ]);
  });
  return table(['', 'pending', 'first read', 'memory', 'replayed'], lines);
}

function deaths(figures) {
  const sum = (values) => values.reduce((all, value) => all + value, 0);
  const lines = Object.entries(figures).map(([name, all]) =>
    row([
      name,
      whole(sum(column(all, 'statements'))),
      whole(sum(column(all, 'failed'))),
      `${median(column(all, 'p50Ms')).toFixed(1)} ms`,
      `${median(column(all, 'p99Ms')).toFixed(1)} ms`,
      `${Math.max(...column(all, 'maxMs')).toFixed(0)} ms`,
    ]),
  );
  return table(['', 'statements', 'failed', 'p50', 'p99', 'slowest'], lines);
}

const tableOf = { latency: latencies, replay: replays, pending: starts, failover: deaths };

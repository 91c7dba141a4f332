import { median } from './statistics.mjs';

const medianOf = (all, key) => median(all.map((figures) => figures[key]));
const times = (ratio) => `${ratio.toFixed(2)} ×`;
const percent = (share) => `${(share * 100).toFixed(0)} %`;
const most = (value, bar) => (value <= bar ? 'met' : 'missed');
const least = (value, bar) => (value >= bar ? 'met' : 'missed');

/** The first cell of a workload that has all these targets; undefined where none was measured. */
function cellOf(runs, { workload, connections, targets }) {
  return cellsOf(runs, workload, connections).find(({ figures }) =>
    targets.every((target) => figures[target]),
  );
}

const cellsOf = (runs, workload, connections) =>
  runs
    .flatMap(({ cells }) => cells)
    .filter((cell) => cell.workload === workload && cell.connections === connections)
    .filter(({ idle = 0 }) => idle === 0);

const notMeasured = 'not measured';
const isProxysql = (name) => name.startsWith('proxysql_');

/** ProxySQL at its best; where it was not measured MySQL Router, for which no bar is set. */
function rivalOf(figures, key, better) {
  const proxies = Object.keys(figures).filter(isProxysql);
  if (proxies.length === 0) {
    return { name: "MySQL Router's", value: medianOf(figures.mysql_router, key), judged: false };
  }
  const value = better(...proxies.map((name) => medianOf(figures[name], key)));
  return { name: "ProxySQL's", value, judged: true };
}

/** Lockstep beside ProxySQL. `better`: Math.min or Math.max of the figure `key`. */
function besideProxysql(runs, what, { key, better, bar, title }) {
  const [limit, judge] = better === Math.min ? ['at most', most] : ['at least', least];
  const cells = cellsOf(runs, what.workload, what.connections);
  const cell =
    cells.find(({ figures }) => figures.lockstep && Object.keys(figures).some(isProxysql)) ??
    cells.find(({ figures }) => figures.lockstep && figures.mysql_router);
  if (!cell) return [[title, '', `${limit} ${bar} × ProxySQL's`, notMeasured]];
  const rival = rivalOf(cell.figures, key, better);
  const ratio = medianOf(cell.figures.lockstep, key) / rival.value;
  const verdict = rival.judged ? judge(ratio, bar) : 'ProxySQL not measured';
  return [[title, `${times(ratio)} ${rival.name}`, `${limit} ${bar} × ProxySQL's`, verdict]];
}

/** In how many rounds it was so, taken by themselves: '' where it was in all. */
function roundsOf(of, to, key, isSo) {
  const ratios = of.map((figures, round) => figures[key] / to[round][key]);
  const so = ratios.filter(isSo).length;
  return so === ratios.length ? '' : `, in ${so} of ${ratios.length} rounds`;
}

/** Two targets of one cell. */
function ratioOf(runs, what, { key, of, to, limit, bar, title, whose }) {
  const cell = cellOf(runs, { ...what, targets: [of, to] });
  if (!cell) return [[title, '', `${limit} ${bar} × ${whose}`, notMeasured]];
  const ratio = medianOf(cell.figures[of], key) / medianOf(cell.figures[to], key);
  const judge = limit === 'at most' ? most : least;
  const verdict = judge(ratio, bar);
  const { [of]: ours, [to]: theirs } = cell.figures;
  const rounds = roundsOf(ours, theirs, key, (each) => judge(each, bar) === verdict);
  const judged = `${verdict}${rounds}`;
  return [[title, `${times(ratio)} ${whose}`, `${limit} ${bar} × ${whose}`, judged]];
}

const haproxy = { of: 'lockstep', to: 'haproxy', whose: "HAProxy's" };
const kinds = [
  ['point_select', 'text'],
  ['point_select_prepared', 'prepared'],
];

/** Beside HAProxy and beside ProxySQL. */
function besideBoth(runs, what, { title, key, limit, bars }) {
  const better = limit === 'at most' ? Math.min : Math.max;
  return ratioOf(runs, what, { ...haproxy, key, limit, bar: bars.haproxy, title }).concat(
    besideProxysql(runs, what, { key, better, bar: bars.proxysql, title }),
  );
}

function pointSelects(runs) {
  const cpu = kinds.flatMap(([workload, kind]) =>
    [8, 32].flatMap((connections) => {
      const title = `point select, ${kind}, ${connections} connections: CPU`;
      const bars = { haproxy: 1.1, proxysql: 0.8 };
      const what = { workload, connections };
      return besideBoth(runs, what, { title, key: 'cpuUs', limit: 'at most', bars });
    }),
  );
  const rate = [32, 256].flatMap((connections) => {
    const title = `point select, text, ${connections} connections: rate`;
    const bars = { haproxy: 1.2, proxysql: 1.3 };
    const what = { workload: 'point_select', connections };
    return besideBoth(runs, what, { title, key: 'perSecond', limit: 'at least', bars });
  });
  return [...cpu, ...rate];
}

const rateBars = [
  ['read_only', 'oltp_read_only', 1.15],
  ['read_write', 'oltp_read_write', 1.15],
  ['range_1000', 'ranges of 1,000 rows', 1],
  ['row_1mb', 'rows of 1 MB', 1],
];

function otherReads(runs) {
  const rates = rateBars.flatMap(([workload, name, bar]) => {
    const options = { key: 'perSecond', better: Math.max, bar, title: `${name}: rate` };
    return besideProxysql(runs, { workload, connections: 8 }, options);
  });
  const p99 = [8, 32].flatMap((connections) => {
    const title = `point select, ${connections} connections: p99`;
    const options = { key: 'p99Us', better: Math.min, bar: 1, title };
    return besideProxysql(runs, { workload: 'latency', connections }, options);
  });
  const cached = ratioOf(
    runs,
    { workload: 'point_select_hot', connections: 8 },
    {
      ...haproxy,
      of: 'lockstep_cached',
      key: 'perSecond',
      limit: 'at least',
      bar: 3,
      title: 'point select from kept answers: rate',
    },
  );
  return [...rates, ...flatMemory(runs), ...p99, ...cached];
}

/** What large results leave behind, from the first round to the last. */
const flatMemory = (runs) =>
  [
    ['range_1000', 'ranges of 1,000 rows'],
    ['row_1mb', 'rows of 1 MB'],
  ].map(([workload, name]) => {
    const title = `${name}: memory`;
    const cell = cellOf(runs, { workload, connections: 8, targets: ['lockstep'] });
    if (!cell) return [title, '', 'flat', notMeasured];
    const mebibytes = cell.figures.lockstep.map(({ residentBytes }) => residentBytes / 2 ** 20);
    const growth = mebibytes.at(-1) - mebibytes[0];
    const sign = growth < 0 ? '' : '+';
    const measured = `${sign}${growth.toFixed(0)} MiB over all rounds`;
    return [title, measured, 'flat', most(growth, flatMebibytes)];
  });

/** Eight connections have eight rows of 1 MB. */
const flatMebibytes = 8;

/** Where cores are to spare, as `workers` measures it. */
function workers(runs) {
  const title = 'point select, 2 workers, cores to spare: rate';
  const cell = runs.find(({ kind }) => kind === 'workers')?.cells[0];
  if (!cell) return [[title, '', 'a gain', notMeasured]];
  const { lockstep: one, lockstep_2_workers: two } = cell.figures;
  const gain = medianOf(two, 'perSecond') / medianOf(one, 'perSecond');
  return [[title, `${times(gain)} one process's`, 'a gain', gain > 1 ? 'met' : 'missed']];
}

function writes(runs) {
  const all = [
    ['update_index', 'updates'],
    ['insert', 'inserts'],
  ].flatMap(([workload, name]) =>
    [16, 32].map((connections) => ({ what: { workload, connections }, name })),
  );
  const rates = all.flatMap(({ what, name }) =>
    ratioOf(runs, what, {
      ...{ of: 'lockstep_3', to: 'galera_3', whose: "Galera's", key: 'perSecond' },
      ...{ limit: 'at least', bar: 1.3 },
      title: `${name}, ${what.connections} connections, 3 nodes: rate`,
    }),
  );
  const growth = all.flatMap(({ what, name }) =>
    [
      [1, 3],
      [3, 5],
    ].flatMap(([few, many]) => {
      const targets = [`lockstep_${few}`, `lockstep_${many}`];
      const cell = cellOf(runs, { ...what, targets });
      const title = `${name}, ${what.connections} connections, ${few} to ${many} nodes: CPU`;
      if (!cell) return [[title, '', 'under 15 % a node', notMeasured]];
      const [before, after] = targets.map((target) => medianOf(cell.figures[target], 'cpuUs'));
      const share = (after / before - 1) / (many - few);
      return [
        [
          title,
          `${share < 0 ? '' : '+'}${percent(share)} a node`,
          'under 15 % a node',
          most(share, 0.15),
        ],
      ];
    }),
  );
  return [...rates, ...growth];
}

function outages(runs) {
  const replay = runs.find(({ kind }) => kind === 'replay')?.cells[0]?.figures;
  const pending = runs.find(({ kind }) => kind === 'pending')?.cells[0]?.figures;
  const rows = [];
  if (replay) {
    const { lockstep_3: lockstep, replica } = replay;
    const rate = medianOf(lockstep, 'replayedPerSecond');
    const written = rate / medianOf(lockstep, 'writtenPerSecond');
    rows.push(['replay: rate', `${times(written)} as written`, 'at least 2 ×', least(written, 2)]);
    // There is none of MySQL.
    const beside = replica && rate / medianOf(replica, 'replayedPerSecond');
    if (replica) {
      rows.push(['replay: rate', `${times(beside)} a replica's`, 'at least 1 ×', least(beside, 1)]);
    }
  }
  if (pending) {
    const { no_entry: none, node_down: down } = pending;
    const base = medianOf(none, 'residentBytes');
    const mebibytes = (medianOf(down, 'residentBytes') - base) / 2 ** 20;
    const replayed = (medianOf(pending.replay, 'residentBytes') - base) / 2 ** 20;
    const seconds = medianOf(down, 'startMs') / 1000;
    rows.push(
      [
        '1,000,000 entries pending: memory',
        `+${mebibytes.toFixed(0)} MiB`,
        'within 100 MB',
        most(mebibytes, 95),
      ],
      [
        '1,000,000 entries being replayed: memory at most',
        `+${replayed.toFixed(0)} MiB`,
        'none set',
        '',
      ],
      [
        '1,000,000 entries pending: start',
        `${seconds.toFixed(2)} s`,
        'under 2 s',
        most(seconds, 2),
      ],
    );
  }
  return [...rows, ...runs.filter(({ kind }) => kind === 'failover').map(deathRow)];
}

function deathRow({ engine, cells }) {
  const { follower_killed: followers, leader_killed: leaders } = cells[0].figures;
  const all = Object.values(cells[0].figures).flat();
  const failed = all.reduce((sum, figures) => sum + figures.failed, 0);
  const slowest = Math.max(...[...followers, ...leaders].map((figures) => figures.maxMs));
  return [
    `a node killed under load, ${engine}`,
    `${failed} failed, slowest ${slowest.toFixed(0)} ms`,
    'none failed, under 300 ms',
    failed === 0 ? most(slowest, 300) : 'missed',
  ];
}

/** What is aimed at, with what the runs say of it: rows of what, measured, bar and verdict. */
export const aims = (runs) => [
  ...pointSelects(runs),
  ...otherReads(runs),
  ...workers(runs),
  ...writes(runs),
  ...outages(runs),
];

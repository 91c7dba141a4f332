import type { VerifyReport } from '../http/balancer-control.ts';
import { counted } from './amounts.ts';
import { table } from './table.ts';

type Table = VerifyReport['tables'][number];
type Range = NonNullable<Table['ranges']>[number];
type Row = NonNullable<Range['rows']>[number];

/** What is compared besides tables has no rows. */
const definition =
  /(?:^| )\((?:schema|view|trigger|event|(?:function|procedure|package)[a-z ]*)\)$/;
const rangesShownMax = 20;

/** A report for people: every table, then where those that differ do so, and the way out. */
export function verifyText(report: VerifyReport, width: number): string {
  const { equal, seq, rows, durationMs, repairs, missed } = report;
  const verdict = equal ? 'all nodes are equal' : 'the nodes DIFFER';
  const effort = `${counted(rows, 'rows')} in ${(durationMs / 1000).toFixed(1)} s`;
  return [
    tablesText(report, width),
    ...report.tables.flatMap((one) => rangesText(one, width)),
    '',
    `${verdict} as of entry ${seq} (${effort})`,
    ...missed.map(({ node, reason }) => `${node} was left out of all or part of it: ${reason}`),
    ...(repairs ? repairsText(report) : wayOut(report)),
  ].join('\n');
}

function tablesText({ tables }: VerifyReport, width: number): string {
  const nodes = [...new Set(tables.flatMap((one) => Object.keys(one.nodes)))];
  const rows = tables.map(({ schema, table: name, equal, nodes: found }) => [
    name === '(schema)' ? `${schema} (schema)` : `${schema}.${name}`,
    equal ? 'equal' : 'DIFFERS',
    ...nodes.map((node) => {
      const one = found[node];
      if (one === undefined) return 'not read';
      if (one.checksum === 'absent') return 'missing';
      if (definition.test(name)) return equal ? '-' : `(${one.checksum})`;
      return equal ? String(one.rows) : `${one.rows} (${one.checksum})`;
    }),
  ]);
  const columns = [
    { head: 'table', shrinks: true },
    { head: '' },
    ...nodes.map((node) => ({ head: `rows ${node}` })),
  ];
  return table(columns, rows, width);
}

function rangesText(one: Table, width: number): string[] {
  const { schema, table: name, ranges = [], rangesMore = 0 } = one;
  if (one.equal || (ranges.length === 0 && one.definitionDiffers !== true)) return [];
  const more = Math.max(0, ranges.length - rangesShownMax) + rangesMore;
  return [
    '',
    `${schema}.${name} differs on ${one.differing.join(', ')}`,
    ...(one.definitionDiffers ? ['  it is not defined alike on all nodes'] : []),
    ...ranges.slice(0, rangesShownMax).flatMap((range) => rangeLines(range, width)),
    ...(more > 0 ? [`  and in ${more} more ranges`] : []),
  ];
}

function rangeLines(range: Range, width: number): string[] {
  const { key, where, nodes, differing, rows = [], rowsMore = 0 } = range;
  const counts = Object.entries(nodes).map(([node, count]) => `${count} on ${node}`);
  const whole = key ? 'in the whole table' : 'somewhere in the table, which has no key';
  const place = where === '' ? whole : `where ${where}`;
  const line = `  ${place}: rows ${counts.join(', ')}; differs on ${differing.join(', ')}`;
  if (rows.length === 0) return [line];
  const names = Object.keys(nodes);
  const columns = [
    { head: 'key' },
    { head: 'column' },
    ...names.map((head, index) => ({ head, shrinks: index === 0 })),
  ];
  const cells = rows.flatMap((row) => rowLines(row, names));
  const more = rowsMore > 0 ? [`    and ${rowsMore} more rows`] : [];
  const side = table(columns, cells, width - 4);
  return [line, ...side.split('\n').map((row) => `    ${row}`), ...more];
}

/** One line for each column that differs. */
function rowLines({ key, nodes }: Row, names: readonly string[]): string[][] {
  const columns = [...new Set(names.flatMap((node) => Object.keys(nodes[node] ?? {})))];
  const valueOn = (node: string, column: string): string => {
    const row = nodes[node];
    return row ? (row[column] ?? 'NULL') : '(no row)';
  };
  return columns.map((column, index) =>
    [index === 0 ? key : '', column].concat(names.map((node) => valueOn(node, column))),
  );
}

/** Who differs from most, and what makes it equal again; nobody is named without a majority. */
function wayOut({ tables }: VerifyReport): string[] {
  const differing = tables.filter(({ equal }) => !equal);
  const all = new Set(tables.flatMap(({ nodes }) => Object.keys(nodes)));
  const odd = [...new Set(differing.flatMap((one) => one.differing))];
  if (odd.length === 0) return [];
  if (odd.length >= all.size) {
    const wrong = 'look at the data, then run `lockstep nodes resync <node>` for the wrong one';
    return [`no node is known to be right: ${wrong}`];
  }
  return odd.map((node) => {
    const mine = differing.filter((one) => one.differing.includes(node));
    const whole = mine.some((one) => one.definitionDiffers || !one.ranges?.every(({ key }) => key));
    const repair = whole ? '' : '`lockstep verify --repair`, or ';
    return `${node} differs from most: run ${repair}\`lockstep nodes resync ${node}\``;
  });
}

function repairsText({ repairs = [], repaired }: VerifyReport): string[] {
  const lines = repairs.map(({ node, table: name, where, outcome, detail }) => {
    const place = where === '' ? name : `${name} where ${where}`;
    return `${node}: ${place}: ${outcome}${detail === '' ? '' : `: ${detail}`}`;
  });
  return [...lines, repaired ? 'everything was repaired' : 'NOT everything was repaired'];
}

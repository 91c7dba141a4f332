/**
 * The report of `npm run test:clients` as lines: clients and engines against places, with the
 * tests that passed of those that ran, then every difference with its reason.
 *
 * @param {readonly import('../../test/clients/frame/judge.ts').ReportedRun[]} runs
 * @returns {string[]}
 */
export function tableOf(runs) {
  const places = ['direct', '1 node', '3 nodes'];
  const rows = [['client', 'engine', ...places]];
  for (const { suite, engine, results } of runs) {
    rows.push([suite, engine, ...places.map((place) => countOf(results[place]))]);
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`,
  );
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return [...lines, ...differencesOf(runs)];
}

function countOf(result) {
  if (result === undefined) return 'not run';
  const { passed, failed } = result;
  return `${passed.length} of ${passed.length + failed.length}`;
}

/** What differs in the same way at several places is said once. */
function differencesOf(runs) {
  const said = new Map();
  for (const { suite, test, engine, place, reason, known } of runs.flatMap(
    (run) => run.differences,
  )) {
    const key = `${known === undefined ? 'UNLISTED ' : ''}${suite}: ${test}`;
    const where = `${engine}, ${place}`;
    const entry = said.get(key) ?? { where: [], why: known ?? reason };
    said.set(key, { ...entry, where: [...entry.where, where] });
  }
  if (said.size === 0)
    return ['', 'No difference: what passes on a server passes through Lockstep.'];
  const lines = [...said].map(([key, { where, why }]) => {
    return `- ${key} (${where.join('; ')}): ${why.split('\n')[0]}`;
  });
  return ['', 'Passes on a server, not through Lockstep:', ...lines.toSorted()];
}

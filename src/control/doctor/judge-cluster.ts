import type { Finding } from '../../http/doctor-schemas.ts';
import type { ServerExam } from '../../nodes/examine-server.ts';
import { plainVersion } from '../../nodes/plain-version.ts';

/** Variables in which nodes should not differ, and why. */
const alike: readonly (readonly [name: string, level: 'warning' | 'error', why: string])[] = [
  ['lower_case_table_names', 'error', 'names of tables would not mean the same'],
  ['character_set_server', 'warning', 'new schemas would not be the same'],
  ['collation_server', 'warning', 'new schemas would not be the same'],
  ['sql_mode', 'warning', 'what a session begins with depends on the node that is asked'],
  ['time_zone', 'warning', 'what a session begins with depends on the node that is asked'],
  ['max_allowed_packet', 'warning', 'the least of all counts'],
];

/** What is to be said of the servers beside each other. */
export function judgeCluster(exams: ReadonlyMap<string, ServerExam>): Finding[] {
  const findings: Finding[] = [];
  const add = (level: Finding['level'], check: string, message: string, remedy?: string): void =>
    void findings.push({ level, about: 'lockstep', check, message, ...(remedy ? { remedy } : {}) });
  const flavors = groups(exams, ({ facts }) => facts.flavor);
  const versions = groups(exams, ({ facts }) => plainVersion(facts.version));
  if (flavors.size > 1) {
    add('error', 'versions', `MySQL and MariaDB cannot be nodes together: ${shown(flavors)}`);
  } else if (versions.size > 1) {
    const why = 'some statements may not mean the same on each';
    add('warning', 'versions', `the nodes are not of one version, so ${why}: ${shown(versions)}`);
  }
  for (const [name, level, why] of alike) {
    const values = groups(exams, ({ variables }) => variables.get(name) ?? '');
    if (values.size < 2) continue;
    const message = `${name} differs, and ${why}: ${shown(values)}`;
    add(level, name, message, 'Give all nodes the same, in the configuration of the servers.');
  }
  const apart = clocksApart(exams);
  if (apart !== undefined) add('warning', 'clock', apart, setClocks);
  return findings;
}

export const clocksApartMaxMs = 1_000;
export const setClocks =
  'Let a time service set the clocks of all machines: `timedatectl set-ntp true` on each.';

/** Each alone may be near enough to Lockstep's clock, and two of them too far from each other. */
function clocksApart(exams: ReadonlyMap<string, ServerExam>): string | undefined {
  const [first, ...rest] = [...exams].toSorted(([, a], [, b]) => a.clockAheadMs - b.clockAheadMs);
  const last = rest.at(-1);
  if (!first || !last) return undefined;
  const [[behind, early], [ahead, late]] = [first, last];
  const uncertainMs = early.clockUncertainMs + late.clockUncertainMs;
  const apartMs = late.clockAheadMs - early.clockAheadMs;
  if (apartMs <= clocksApartMaxMs + uncertainMs) return undefined;
  const seconds = (apartMs / 1000).toFixed(1);
  return `the clock of ${ahead} is ${seconds} s ahead of that of ${behind}: reads of NOW() differ`;
}

function groups(
  exams: ReadonlyMap<string, ServerExam>,
  of: (exam: ServerExam) => string,
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [name, exam] of exams) {
    const value = of(exam);
    found.set(value, [...(found.get(value) ?? []), name]);
  }
  return found;
}

const shown = (values: ReadonlyMap<string, readonly string[]>): string =>
  [...values]
    .map(([value, names]) => `${value === '' ? '(none)' : value} on ${names.join(', ')}`)
    .join('; ');

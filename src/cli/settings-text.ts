import { stringify } from 'yaml';
import type { SettingStatus, SettingSource } from '../config/setting-status.ts';
import type { SettingsChange, SettingsDiff } from '../http/settings-control.ts';
import type { Paint } from './style.ts';

type Value = SettingStatus['value'] | SettingsDiff['differences'][number]['to'];

/** As it would stand in the file, in one line. */
export function valueText(value: Value): string {
  if (value === null) return '(not set)';
  if (typeof value === 'object') return value.length === 0 ? '(none)' : value.join(', ');
  return stringify(value).trim();
}

const sourceText: Readonly<Record<SettingSource, string>> = {
  file: 'file',
  flag: 'command line',
  default: 'default',
  'run-time': 'set while running',
};

interface Line {
  readonly text: string;
  readonly source?: SettingSource;
}

const headLine =
  '# To read: a file to start with takes nodes and users as docs/CONFIGURATION.md has them.';

/**
 * A whole configuration as YAML, each value with where it comes from. What is hidden is `…`, and
 * lists of accounts show their names; so it is for reading, not for starting.
 */
export function settingsText(settings: readonly SettingStatus[], paint: Paint): string {
  const lines: Line[] = [];
  let around: readonly string[] = [];
  for (const { path, value, source } of settings) {
    if (value === null) continue;
    const parts = partsOf(path);
    const groups = parts.slice(0, -1);
    const same = groups.findIndex((group, index) => around[index] !== group);
    for (const [index, group] of groups.entries()) {
      if (same !== -1 && index >= same) lines.push({ text: `${'  '.repeat(index)}${group}:` });
    }
    around = groups;
    const shown = typeof value === 'object' ? `[${value.join(', ')}]` : valueText(value);
    lines.push({ text: `${'  '.repeat(groups.length)}${parts.at(-1)}: ${shown}`, source });
  }
  const width = Math.min(44, Math.max(...lines.map(({ text }) => text.length)));
  const said = lines.map(({ text, source }) =>
    source === undefined
      ? text
      : `${text.padEnd(width)}  ${paint('quiet', `# ${sourceText[source]}`)}`,
  );
  return [paint('quiet', headLine), ...said].join('\n');
}

/** The name of a node may have dots. */
function partsOf(path: string): string[] {
  const [, node, key] = /^nodes\.(.+)\.([^.]+)$/.exec(path) ?? [];
  return node !== undefined && key !== undefined ? ['nodes', node, key] : path.split('.');
}

export function changeText({ changed, restart, nodes }: SettingsChange): string {
  const lines = [
    ...changed.map(({ path, from, to }) => `${path}: ${valueText(from)} -> ${valueText(to)}`),
    ...nodes.map(({ node, change, refused }) =>
      refused === undefined ? `${node} was ${change}` : `${node} was not ${change}: ${refused}`,
    ),
    ...restart.map(
      ({ path, from, to }) =>
        `${path}: stays ${valueText(from)}; ${valueText(to)} takes a restart of Lockstep`,
    ),
  ];
  return lines.length === 0 ? 'nothing is different' : lines.join('\n');
}

export function diffText({ file, differences }: SettingsDiff, paint: Paint): string {
  if (differences.length === 0) return `what runs is what ${file} says`;
  return [
    `${file} differs from what runs:`,
    ...differences.flatMap(({ path, from, to, changes }) => [
      `  ${path}${changes === 'restart' ? ' (takes a restart)' : ''}`,
      paint('bad', `    - ${valueText(from)}`),
      paint('good', `    + ${valueText(to)}`),
    ]),
  ].join('\n');
}

/** What to write into the file so that a change outlives a restart. */
export function fileLines(changes: SettingsChange['changed']): string {
  return changes
    .map(({ path, to }) => {
      const parts = partsOf(path);
      if (path.startsWith('nodes.')) return `of node ${parts[1]}: ${parts[2]}: ${valueText(to)}`;
      const inner = `${parts.at(-1)}: ${valueText(to)}`;
      return parts.length === 1 ? inner : `${parts[0]}: { ${inner} }`;
    })
    .join('\n');
}

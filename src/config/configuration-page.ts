import { configSchema } from './config-schema.ts';
import { describeForm } from './read-value.ts';
import { changesAtRunTime } from './run-time-paths.ts';
import type { Group, List, ListOrWord, Member, Members, Setting } from './setting.ts';
import { keyOf } from './setting.ts';
import { formatDuration, formatSize } from './units.ts';

/** The text of docs/CONFIGURATION.md. A test keeps the file equal to it. */
export function configurationPage(): string {
  const entries = Object.entries(configSchema.members);
  const single = entries.filter(([, member]) => member.kind === 'setting');
  const nested = entries.filter(([, member]) => member.kind !== 'setting');
  return `${[
    introduction,
    '## General',
    tableOf(Object.fromEntries(single), (key) => key),
    ...nested.map(([name, member]) => section(keyOf(name), member as Group | List)),
    '## Every key with its default',
    `\`\`\`yaml\n${exampleFile()}\`\`\``,
  ].join('\n\n')}\n`;
}

/** A whole configuration file: two nodes, one user, everything else at its default. */
export function exampleFile(): string {
  return Object.entries(configSchema.members)
    .map(([name, member]) => exampleOf(name, member))
    .join('');
}

const introduction = `# Configuration

<!-- Made from src/config/config-schema.ts; run \`npx vitest run --project unit src/config -u\`. -->

\`lockstep serve --config lockstep.yaml\` reads a YAML file with the keys below. Only \`nodes\` has
to be there. All that is wrong with a file is reported at once, each problem with line, column and
what is allowed; an unknown key is an error.

- A duration has a unit: \`500ms\`, \`5s\`, \`2m\`, \`1h\`.
- A size may have one: \`512KB\`, \`64MB\`, \`2GB\`; as in the servers' option files 1KB is 1024
  bytes.
- A password can be kept out of the file: \`password_file\` names a file that contains it (a newline
  at the end is dropped), \`password_env\` an environment variable. Give one of the three.
- Relative paths are relative to the folder of the configuration file.
- A node may be one line: \`- mysql1=mysql://user:password@127.0.0.1:3307/app?weight=2\`. Special
  characters in it are percent-encoded; \`tls\` and the \`tls_…_file\` keys may stand behind the
  question mark too. \`serve --node …\` takes the same text instead of a file.
- What is changed \`at once\` can be changed while Lockstep runs, by API, command line or
  SIGHUP (see [OPERATIONS.md](OPERATIONS.md)); a node's \`host\` and \`port\` by
  \`lockstep nodes replace\`; another \`name\` takes \`nodes add\` and \`nodes remove\`.
- \`nodes\` are the nodes of the first start. What \`lockstep nodes add\`, \`remove\` and
  \`replace\` change is kept in \`members.json\` in \`log.folder\` and holds after a restart
  too: for each name until this file gives it another address, or gives its address to another
  name. The start says how the nodes differ from those of the file.`;

const exampleItems: Readonly<Record<string, string>> = {
  nodes: `nodes:
  - name: mysql1
    host: 127.0.0.1
    port: 3307
    user: app
    password: app
    schema: app
    weight: 1
  - mysql2=mysql://app:app@127.0.0.1:3308/app?weight=1
`,
  users: `users:
  - name: app
    password: app
`,
};

function section(key: string, member: Group | List | ListOrWord): string {
  const isList = member.kind === 'list';
  const members = isList ? member.item.members : member.members;
  const word = isList && 'word' in member ? ` or \`${member.word}\`` : '';
  const each = isList ? ` A sequence${word}; each item has:` : '';
  const pathOf = (name: string): string => {
    if (key === 'nodes') return `nodes.name.${name}`;
    return isList ? key : `${key}.${name}`;
  };
  const table = `${member.description}${each}\n\n${tableOf(members, pathOf)}`;
  const inner = Object.entries(members).flatMap(([name, list]) =>
    list.kind === 'list' ? [section(`${key}.${keyOf(name)}`, list)] : [],
  );
  return [`## \`${key}\`\n\n${table}`, ...inner].join('\n\n');
}

/** `pathOf` a key is where it stands in the whole configuration. */
function tableOf(members: Members, pathOf: (key: string) => string): string {
  const rows = Object.entries(members).flatMap(([name, member]) =>
    member.kind === 'setting' ? [row(keyOf(name), member, pathOf(keyOf(name)))] : [],
  );
  const head = '| key | value | default | what it does | change |';
  return [head, '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

function row(key: string, setting: Setting<unknown>, path: string): string {
  const names = setting.form.kind === 'secret' ? [key, `${key}_file`, `${key}_env`] : [key];
  const keys = names.map((name) => `\`${name}\``).join(', ');
  const change = changesAtRunTime(path) ? 'at once' : 'restart';
  const values = [keys, valuesOf(setting), defaultText(setting), setting.description, change];
  return `| ${values.join(' | ')} |`;
}

function valuesOf({ form }: Setting<unknown>): string {
  if (form.kind === 'choice') return form.values.map((value) => `\`${value}\``).join(', ');
  if (form.kind === 'flag') return '`true`, `false`';
  if (form.kind === 'duration') {
    return `duration, ${formatDuration(form.minMs)} to ${formatDuration(form.maxMs)}`;
  }
  if (form.kind === 'size') {
    return `size, ${formatSize(form.minBytes)} to ${formatSize(form.maxBytes)}`;
  }
  return describeForm(form);
}

function defaultText(setting: Setting<unknown>): string {
  if (setting.presence !== 'default') return setting.presence;
  return setting.defaultValue === '' ? 'empty' : `\`${written(setting)}\``;
}

/** A default as it would be written in the file. */
function written({ form, defaultValue }: Setting<unknown>): string {
  if (form.kind === 'duration') return formatDuration(defaultValue as number);
  if (form.kind === 'size') return formatSize(defaultValue as number);
  return String(defaultValue);
}

function exampleOf(name: string, member: Member): string {
  const key = keyOf(name);
  if (member.kind === 'list') return exampleItems[key] ?? '';
  if (member.kind === 'setting') return exampleLine(key, member);
  const lines = Object.entries(member.members).map(([inner, setting]) =>
    setting.kind === 'setting' ? exampleLine(`  ${keyOf(inner)}`, setting) : '',
  );
  return `${key}:\n${lines.join('')}`;
}

function exampleLine(key: string, setting: Setting<unknown>): string {
  return setting.presence === 'default' ? `${key}: ${written(setting)}\n` : '';
}

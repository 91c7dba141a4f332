import type { Config } from './config.ts';
import { configSchema } from './config-schema.ts';
import { keyOf, type List, type ListOrWord, type Members, type Setting } from './setting.ts';
import { formatDuration, formatSize } from './units.ts';

/** As it is written in the file; of a list of people the names; null where nothing is set. */
export type SettingValue = string | number | boolean | null | readonly string[];

type SettingMember = Setting<unknown> | List | ListOrWord;

/** One setting and where it stands; lists count as one, but each node has its own settings. */
export interface PlacedSetting {
  /** As in the file: `health.interval`; of a node `nodes.mysql1.weight`. */
  readonly path: string;
  /** Where it is in a `Config`. */
  readonly names: readonly string[];
  readonly member: SettingMember;
}

const hidden = '…';

function placedIn(members: Members, names: readonly string[], prefix: string): PlacedSetting[] {
  return Object.entries(members).flatMap(([name, member]) => {
    const path = `${prefix}${keyOf(name)}`;
    const inner = [...names, name];
    return member.kind === 'group'
      ? placedIn(member.members, inner, `${path}.`)
      : { path, names: inner, member };
  });
}

const { nodes: nodeList, ...otherMembers } = configSchema.members;
/** All but those of the nodes. */
export const commonSettings: readonly PlacedSetting[] = placedIn(otherMembers, [], '');

/** Every setting of this configuration, those of its nodes too. */
export function settingsOf({ nodes }: Pick<Config, 'nodes'>): PlacedSetting[] {
  const ofNodes = nodes.flatMap(({ name }, index) =>
    placedIn(nodeList.item.members, ['nodes', String(index)], `nodes.${name}.`),
  );
  return [...commonSettings, ...ofNodes];
}

export function valueAt(config: object, { names }: Pick<PlacedSetting, 'names'>): unknown {
  let value: unknown = config;
  for (const name of names) value = (value as Record<string, unknown> | undefined)?.[name];
  return value;
}

/** A copy in which the setting has this value; undefined removes it. */
export function withValue(
  config: Config,
  { names }: Pick<PlacedSetting, 'names'>,
  value: unknown,
): Config {
  return placed(config, names, value) as Config;
}

function placed(within: unknown, [name = '', ...rest]: readonly string[], value: unknown): unknown {
  const inner = (within as Record<string, unknown>)[name];
  const changed = rest.length === 0 ? value : placed(inner, rest, value);
  if (Array.isArray(within)) return within.with(Number(name), changed) as unknown;
  const { [name]: _before, ...others } = within as Record<string, unknown>;
  return changed === undefined ? others : { ...(within as object), [name]: changed };
}

/** For people and the API: never a secret. */
export function shownValue(
  { member }: Pick<PlacedSetting, 'member'>,
  value: unknown,
): SettingValue {
  if (value === undefined) return null;
  if (member.kind === 'list') return typeof value === 'string' ? value : namesIn(value);
  if (member.form.kind === 'secret') return value === '' ? '' : hidden;
  return writtenValue({ member }, value);
}

/** As it would be written in the file, secrets too. */
export function writtenValue(
  { member }: { readonly member: Setting<unknown> },
  value: unknown,
): string | number | boolean {
  const { kind } = member.form;
  if (kind === 'duration') return formatDuration(value as number);
  if (kind === 'size') return formatSize(value as number);
  return value as string | number | boolean;
}

/** Rules have no names, but are of tables. */
const namesIn = (items: unknown): string[] =>
  (items as { readonly name?: string; readonly tables?: string }[]).map(
    ({ name, tables }) => name ?? tables ?? hidden,
  );

export interface SettingDifference {
  readonly path: string;
  readonly from: SettingValue;
  readonly to: SettingValue;
}

/** What of `settings` has another value in `to`. Secrets are compared, but not shown. */
export function differencesBetween(
  from: object,
  to: object,
  settings: readonly PlacedSetting[],
): SettingDifference[] {
  return settings.flatMap((setting) => {
    const [before, after] = [valueAt(from, setting), valueAt(to, setting)];
    if (JSON.stringify(before) === JSON.stringify(after)) return [];
    const { path } = setting;
    return { path, from: shownValue(setting, before), to: shownValue(setting, after) };
  });
}

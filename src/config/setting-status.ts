import type { Config } from './config.ts';
import { defaultConfig } from './config.ts';
import { differencesBetween, settingsOf, shownValue, valueAt } from './placed-settings.ts';
import type { PlacedSetting, SettingValue } from './placed-settings.ts';
import { describeForm } from './read-value.ts';
import { changesAtRunTime } from './run-time-paths.ts';
import type { List, ListOrWord } from './setting.ts';

export const settingSources = ['file', 'flag', 'default', 'run-time'] as const;
export type SettingSource = (typeof settingSources)[number];

/** Who gave each setting its value, by path; `nodes` and `users` stand for all below them. */
export type SettingSources = ReadonlyMap<string, SettingSource>;

/** One setting for API, CLI and page. */
export interface SettingStatus {
  readonly path: string;
  readonly value: SettingValue;
  readonly default: SettingValue;
  readonly source: SettingSource;
  /** What a change takes: nothing, or a restart. */
  readonly changes: 'now' | 'restart';
  readonly kind: string;
  /** In words. */
  readonly allowed: string;
  readonly choices?: readonly string[];
  readonly description: string;
}

/** Every setting with where its value comes from; a given default counts as given. */
export function settingStatuses(config: Config, sources: SettingSources): SettingStatus[] {
  return settingsOf(config).map((setting) => {
    const { path, member } = setting;
    const isNode = path.startsWith('nodes.');
    const defaultValue = isNode ? defaultOf(setting) : valueAt(defaultConfig, setting);
    const isList = member.kind === 'list';
    const status: SettingStatus = {
      path,
      value: shownValue(setting, valueAt(config, setting)),
      default: shownValue(setting, defaultValue),
      source: sourceOf(config, setting, sources),
      changes: changesAtRunTime(path) ? 'now' : 'restart',
      kind: isList ? 'list' : member.form.kind,
      allowed: isList ? listForm(member) : describeForm(member.form),
      description: member.description,
    };
    if (isList || member.form.kind !== 'choice') return status;
    return Object.assign(status, { choices: member.form.values });
  });
}

const defaultOf = ({ member }: PlacedSetting): unknown =>
  member.kind === 'list' ? undefined : member.defaultValue;

const listForm = (member: List | ListOrWord): string =>
  'word' in member ? `a sequence, or "${member.word}"` : 'a sequence';

function sourceOf(config: Config, setting: PlacedSetting, sources: SettingSources): SettingSource {
  const { path } = setting;
  const own = sources.get(path);
  if (own !== undefined) return own;
  if (path.startsWith('nodes.')) {
    const name = path.slice('nodes.'.length, path.lastIndexOf('.'));
    const isDefault = valueAt(config, setting) === defaultOf(setting);
    return isDefault ? 'default' : (sources.get(`nodes.${name}`) ?? sources.get('nodes') ?? 'flag');
  }
  // A program that passes a configuration says no more than that it differs.
  return differencesBetween(defaultConfig, config, [setting]).length === 0 ? 'default' : 'flag';
}

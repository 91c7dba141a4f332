import { Type } from 'typebox';
import { settingSources } from '../config/setting-status.ts';
import { count, oneOf, type Snapshot, text } from './schemas.ts';

const value = Type.Union(
  [Type.String(), Type.Number(), Type.Boolean(), Type.Null(), Type.Array(Type.String())],
  { description: 'As it is written in the file; of users the names; secrets are hidden.' },
);

export const settingStatusSchema = Type.Object({
  path: text('As in the file, e.g. `health.interval`; of a node `nodes.mysql1.weight`.'),
  value,
  default: value,
  source: oneOf(settingSources),
  changes: oneOf(['now', 'restart']),
  kind: text('text, secret, path, integer, duration, size, flag, choice or list.'),
  allowed: text('What it may be, in words.'),
  choices: Type.Optional(Type.Array(Type.String())),
  description: Type.String(),
});

export const settingsSchema = Type.Object({
  file: Type.Optional(text('The configuration file that the balancer was started with.')),
  settings: Type.Array(settingStatusSchema),
});
export type SettingsStatus = Snapshot<typeof settingsSchema>;

const difference = { path: Type.String(), from: value, to: value };

export const settingsDiffSchema = Type.Object({
  file: Type.String(),
  differences: Type.Array(
    Type.Object({
      ...difference,
      changes: oneOf(['now', 'restart']),
    }),
    { description: '`from` is what runs, `to` what the file says.' },
  ),
});
export type SettingsDiff = Snapshot<typeof settingsDiffSchema>;

export const settingsChangeSchema = Type.Object({
  changed: Type.Array(Type.Object(difference)),
  restart: Type.Array(Type.Object(difference), {
    description: 'What takes a restart: `from` goes on until then.',
  }),
  nodes: Type.Array(
    Type.Object({
      node: Type.String(),
      change: oneOf(['added', 'replaced', 'removed']),
      refused: Type.Optional(text('Why it was not done; the node stays as it is.')),
    }),
  ),
  refusedCount: count('How many of `nodes` were refused.'),
});
export type SettingsChange = Snapshot<typeof settingsChangeSchema>;

/** The settings of a running balancer. `by` is who asked. */
export interface SettingsControl {
  status(): SettingsStatus;
  /** By path, as in the file; null: as if it were silent. All of it or, with the reasons, none. */
  change(set: Readonly<Record<string, unknown>>, by: string): Promise<SettingsChange>;
  /** What the file says holds again, also for what was changed since. */
  reload(by: string): Promise<SettingsChange>;
  /** As `reload`, with the text of another file. */
  apply(text: string, by: string): Promise<SettingsChange>;
  /** Throws LockstepError('config_invalid'), as the others do, when the file is not right. */
  diff(): SettingsDiff;
}

import { changeConfig } from '../../src/config/change-config.ts';
import { type Config, defaultConfig, type NodeConfig } from '../../src/config/config.ts';
import { crossChecks } from '../../src/config/cross-checks.ts';
import { differencesBetween, settingsOf } from '../../src/config/placed-settings.ts';
import { configError } from '../../src/config/problem.ts';
import { settingStatuses } from '../../src/config/setting-status.ts';
import type { SettingsChange, SettingsControl } from '../../src/http/settings-control.ts';

/** SettingsControl over a configuration that nothing runs by. */
export class MemorySettings implements SettingsControl {
  readonly changes: { readonly set: Readonly<Record<string, unknown>>; readonly by: string }[] = [];
  readonly texts: string[] = [];
  reloads = 0;
  file: string | undefined;
  config: Config;

  constructor(nodes: readonly NodeConfig[]) {
    this.config = { ...defaultConfig, nodes };
  }

  status() {
    const settings = settingStatuses(this.config, new Map([['nodes', 'file']]));
    return { ...(this.file === undefined ? {} : { file: this.file }), settings };
  }

  async change(set: Readonly<Record<string, unknown>>, by: string): Promise<SettingsChange> {
    const { config, problems } = changeConfig(this.config, set);
    const all = [...problems, ...crossChecks(config).map(({ message }) => message)];
    if (all.length > 0) throw configError(all);
    const changed = differencesBetween(this.config, config, settingsOf(config));
    this.config = config;
    this.changes.push({ set, by });
    return { changed, restart: [], nodes: [], refusedCount: 0 };
  }

  async reload(): Promise<SettingsChange> {
    this.reloads += 1;
    return { changed: [], restart: [], nodes: [], refusedCount: 0 };
  }

  async apply(text: string): Promise<SettingsChange> {
    this.texts.push(text);
    return { changed: [], restart: [], nodes: [], refusedCount: 0 };
  }

  diff() {
    const { noNodeTimeoutMs } = this.config;
    const to = noNodeTimeoutMs === defaultConfig.noNodeTimeoutMs ? [] : ['5s'];
    const differences = to.map((value) => ({
      path: 'no_node_timeout',
      from: `${noNodeTimeoutMs}ms`,
      to: value,
      changes: 'now' as const,
    }));
    return { file: this.file ?? '', differences };
  }
}

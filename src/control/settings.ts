import { asError } from '../base/as-error.ts';
import { LockstepError } from '../base/errors.ts';
import { changeConfig } from '../config/change-config.ts';
import type { Config, NodeConfig } from '../config/config.ts';
import type { ConfigOrigin, GivenConfig } from '../config/config-origin.ts';
import { crossChecks } from '../config/cross-checks.ts';
import { addressOf } from '../config/member-changes.ts';
import type { LiveConfig } from '../config/live-config.ts';
import { loadConfig } from '../config/load-config.ts';
import {
  commonSettings,
  differencesBetween,
  type SettingDifference,
  settingsOf,
  withValue,
  valueAt,
} from '../config/placed-settings.ts';
import { configError } from '../config/problem.ts';
import { changesAtRunTime } from '../config/run-time-paths.ts';
import { settingStatuses, type SettingSource } from '../config/setting-status.ts';
import { usersOf } from '../config/users-of.ts';
import type {
  SettingsChange,
  SettingsControl,
  SettingsDiff,
  SettingsStatus,
} from '../http/settings-control.ts';
import type { EventLog } from '../telemetry/event-log.ts';
import { joinWanted, leaveUnwanted, type NodeChange, nodeDifferences } from './follow-members.ts';
import { prepareSettings, type SettingsFollowers } from './follow-settings.ts';
import type { Membership } from './membership.ts';

export interface SettingsParts {
  readonly live: LiveConfig;
  readonly origin: ConfigOrigin;
  readonly membership: Membership;
  readonly events: EventLog;
  readonly followers: SettingsFollowers;
}

/**
 * Changes the configuration while everything runs: each change is validated as a whole, as at the
 * start, and then takes effect at once or not at all.
 */
export class Settings implements SettingsControl {
  readonly #parts: SettingsParts;
  #sources: GivenConfig['sources'];
  /** Set since the start, or since the file was last read. */
  readonly #setSince = new Set<string>();
  #changing = false;

  constructor(parts: SettingsParts) {
    this.#parts = parts;
    this.#sources = parts.origin.sources;
  }

  status(): SettingsStatus {
    const { origin, membership } = this.#parts;
    const sources = new Map(this.#sources);
    for (const name of membership.changedNames) sources.set(`nodes.${name}`, 'run-time');
    for (const path of this.#setSince) sources.set(path, 'run-time' satisfies SettingSource);
    const settings = settingStatuses(this.#current, sources);
    return { ...(origin.file === undefined ? {} : { file: origin.file }), settings };
  }

  change(set: Readonly<Record<string, unknown>>, by: string): Promise<SettingsChange> {
    return this.#alone(async () => {
      const before = this.#current;
      const { config, problems } = changeConfig(before, set);
      const next = { ...config, users: usersOf(config) };
      const differences = differencesBetween(before, next, settingsOf(before));
      const fixed = differences.filter(needsRestart).map(restartProblem);
      const crossed = problems.length > 0 ? [] : crossChecks(next).map(({ message }) => message);
      const all = [...problems, ...fixed, ...crossed];
      if (all.length > 0) throw configError(all);
      await this.#take(next, differences, { by, reread: false });
      for (const { path } of differences) this.#setSince.add(path);
      return { changed: differences, restart: [], nodes: [], refusedCount: 0 };
    });
  }

  async reload(by: string): Promise<SettingsChange> {
    try {
      return await this.#alone(async () => {
        const { config, sources } = this.#readFile();
        const change = await this.#bring(config, by);
        this.#sources = sources;
        this.#setSince.clear();
        return change;
      });
    } catch (error) {
      this.#parts.events.publish({ kind: 'settings_refused', reason: asError(error).message, by });
      throw error;
    }
  }

  apply(text: string, by: string): Promise<SettingsChange> {
    return this.#alone(async () => {
      const config = loadConfig(text, 'the text', { readFile: refuseFile, env: {} });
      const change = await this.#bring(config, by);
      for (const { path } of change.changed) this.#setSince.add(path);
      return change;
    });
  }

  diff(): SettingsDiff {
    const { config } = this.#readFile();
    const { membership } = this.#parts;
    const wanted = membership.wanted(config.nodes);
    const to = { ...config, users: usersOf(config) };
    const common = differencesBetween(this.#current, to, commonSettings);
    const differences = [...common, ...nodeDifferences(membership.configs, wanted)];
    return {
      file: this.#parts.origin.file ?? '',
      differences: differences.map(({ path, from, to: other }) => {
        const changes = changesAtRunTime(path) ? ('now' as const) : ('restart' as const);
        return { path, from, to: other, changes };
      }),
    };
  }

  /** With the nodes that are members now. */
  get #current(): Config {
    return { ...this.#parts.live.current, nodes: this.#parts.membership.configs };
  }

  #readFile(): GivenConfig {
    const read = this.#parts.origin.read?.();
    if (read !== undefined) return read;
    const message = 'Lockstep was started without a configuration file: give it one with --config';
    throw new LockstepError('config_invalid', message);
  }

  async #alone<T>(change: () => Promise<T>): Promise<T> {
    if (this.#changing) {
      throw new LockstepError('conflict', 'another change of the settings is under way');
    }
    this.#changing = true;
    try {
      return await change();
    } finally {
      this.#changing = false;
    }
  }

  /** Takes over a whole configuration: nodes that join first, then settings, then nodes that go. */
  async #bring(config: Config, by: string): Promise<SettingsChange> {
    const { membership } = this.#parts;
    const before = this.#current;
    const given = { ...config, users: usersOf(config) };
    const restart = differencesBetween(before, given, commonSettings).filter(needsRestart);
    const kept = commonSettings
      .filter(needsRestart)
      .reduce((next, setting) => withValue(next, setting, valueAt(before, setting)), given);
    const wanted = await membership.adopt(config.nodes);
    const joined = await joinWanted(membership, wanted);
    const next = { ...kept, nodes: asWanted(membership.configs, wanted) };
    const problems = [...refusals(joined), ...crossChecks(next).map(({ message }) => message)];
    if (problems.length > joined.filter(isRefused).length) throw configError(problems);
    const changed = differencesBetween(this.#current, next, settingsOf(next));
    await this.#take(next, changed, { by, reread: true });
    const nodes = [...joined, ...(await leaveUnwanted(membership, wanted))];
    return { changed, restart, nodes, refusedCount: nodes.filter(isRefused).length };
  }

  async #take(
    next: Config,
    differences: readonly SettingDifference[],
    { by, reread }: { readonly by: string; readonly reread: boolean },
  ): Promise<void> {
    const { live, events, followers, membership } = this.#parts;
    const commit = await prepareSettings(followers, { next, before: live.current, reread });
    await membership.reconfigured(next.nodes);
    live.replace(next);
    commit();
    for (const one of differences) events.publish({ kind: 'setting_changed', ...one, by });
  }
}

const needsRestart = ({ path }: { readonly path: string }): boolean => !changesAtRunTime(path);

const restartProblem = ({ path }: SettingDifference): string =>
  path.startsWith('nodes.')
    ? `${path}: another server takes the place of a node by \`lockstep nodes replace\``
    : `${path}: takes effect at a restart only; change it in the configuration, then restart`;

const isRefused = ({ refused }: NodeChange): boolean => refused !== undefined;

const refusals = (changes: readonly NodeChange[]): string[] =>
  changes.filter(isRefused).map(({ node, refused = '' }) => `nodes.${node}: ${refused}`);

/** The members, each with the settings that are wanted of it while it is the same server. */
function asWanted(members: readonly NodeConfig[], wanted: readonly NodeConfig[]): NodeConfig[] {
  const places = new Map(wanted.map((node) => [node.name, node]));
  return members.map((node) => {
    const other = places.get(node.name);
    return other !== undefined && addressOf(other) === addressOf(node) ? other : node;
  });
}

function refuseFile(): never {
  throw new Error('files of the server are not read for somebody else');
}

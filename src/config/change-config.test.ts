import { describe, expect, test } from 'vitest';
import { nodeName } from '../base/brands.ts';
import { changeConfig } from './change-config.ts';
import { type Config, defaultConfig } from './config.ts';
import { commonSettings, differencesBetween, settingsOf, valueAt } from './placed-settings.ts';
import { changesAtRunTime } from './run-time-paths.ts';
import { settingStatuses } from './setting-status.ts';

const node = (name: string, weight = 1) => ({
  ...{ name: nodeName(name), host: 'h', port: 3306, user: 'app', password: 'secret', weight },
});
const config: Config = { ...defaultConfig, nodes: [node('my.sql'), node('mysql2', 4)] };

const problemsOf = (set: Record<string, unknown>): readonly string[] =>
  changeConfig(config, set).problems;

describe('values by path', () => {
  test('are read as in the file, in groups, in nodes and as a list', () => {
    const changed = changeConfig(config, {
      'health.interval': '250ms',
      'log.retention_bytes': '2GB',
      'limits.sessions_per_user': 5,
      'nodes.my.sql.weight': 7,
      users: [{ name: 'web', password: 'pw' }],
    });
    expect(changed.problems).toEqual([]);
    const { health, log, limits, nodes, users } = changed.config;
    expect([health.intervalMs, log.retentionBytes, limits.sessionsPerUser]).toEqual([
      ...[250, 2 * 1024 ** 3, 5],
    ]);
    expect(nodes.map(({ weight }) => weight)).toEqual([7, 4]);
    expect(users).toEqual([{ name: 'web', password: 'pw' }]);
    expect(changeConfig(config, { users: 'from_nodes' }).config.users).toBe('from_nodes');
    expect(config.health.intervalMs).toBe(5000);
  });

  test('null is as if the file were silent', () => {
    const set = changeConfig(config, { 'limits.sessions_per_user': 5, acks: 'leader' }).config;
    const silent = changeConfig(set, { 'limits.sessions_per_user': null, acks: null }).config;
    expect(silent).toEqual(config);
    expect(problemsOf({ 'nodes.mysql2.user': null })).toEqual(['nodes.mysql2.user: is required']);
  });

  test('all that is wrong is said at once, without a secret', () => {
    expect(
      problemsOf({
        'health.intervall': '5s',
        'health.fall': 0,
        acks: 'everybody',
        'nodes.mysql2.password': { secret: 1 },
        users: [{ name: 'web', password_file: '/etc/passwd' }],
      }),
    ).toEqual([
      'unknown setting "health.intervall" (did you mean "health.interval"?)',
      'health.fall: "0" is out of range; expected a whole number from 1 to 100',
      'acks: "everybody" is not a choice; expected one of all, quorum, leader',
      expect.stringMatching(/^nodes\.mysql2\.password: .* is not text/),
      expect.stringContaining('files of the server are not read for somebody else'),
    ]);
  });
});

test('differences are shown as in the file; a secret differs without being shown', () => {
  const other = changeConfig(config, {
    'health.interval': '1s',
    'nodes.mysql2.password': 'other',
    users: [{ name: 'web', password: 'pw' }],
  }).config;
  expect(differencesBetween(config, other, settingsOf(config))).toEqual([
    { path: 'users', from: [], to: ['web'] },
    { path: 'health.interval', from: '5s', to: '1s' },
    { path: 'nodes.mysql2.password', from: '…', to: '…' },
  ]);
});

test('every setting says where its value comes from, and what a change takes', () => {
  const sources = new Map([
    ['health.interval', 'run-time' as const],
    ['nodes', 'file' as const],
  ]);
  const statuses = new Map(settingStatuses(config, sources).map((one) => [one.path, one]));
  expect(statuses.get('health.interval')).toMatchObject({ source: 'run-time', changes: 'now' });
  expect(statuses.get('health.timeout')).toMatchObject({ value: '2s', source: 'default' });
  expect(statuses.get('mysql.port')).toMatchObject({ value: 3300, changes: 'restart' });
  expect(statuses.get('nodes.mysql2.weight')).toMatchObject({ value: 4, source: 'file' });
  expect(statuses.get('nodes.mysql2.password')).toMatchObject({ value: '…', changes: 'now' });
  expect(statuses.get('nodes.mysql2.host')).toMatchObject({ value: 'h', changes: 'restart' });
  expect(statuses.get('strategy')?.choices).toContain('least_time');
});

test('what can be changed while running are settings that there are', () => {
  const changeable = commonSettings.filter(({ path }) => changesAtRunTime(path));
  expect(changeable.length).toBeGreaterThan(40);
  for (const setting of commonSettings) expect(() => valueAt(config, setting)).not.toThrow();
});

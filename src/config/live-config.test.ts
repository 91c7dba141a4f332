import { expect, test } from 'vitest';
import { defaultConfig } from './config.ts';
import { joinSettings, LiveConfig } from './live-config.ts';

const changed = {
  ...defaultConfig,
  noNodeTimeoutMs: 7,
  limits: { ...defaultConfig.limits, sessions: 3, sessionsPerUser: 2 },
};

test('the view, its groups and what is joined to it show what holds now', () => {
  const live = new LiveConfig(defaultConfig);
  const { view } = live;
  const { limits } = view;
  const joined = joinSettings(view, { own: 1 });
  const spread = { ...view };
  expect({ ...joined }).toEqual({ ...defaultConfig, own: 1 });
  let heard = 0;
  live.subscribe(() => {
    heard += view.noNodeTimeoutMs;
  });
  expect(view).toEqual(defaultConfig);
  live.replace(changed);
  expect([view.noNodeTimeoutMs, limits.sessions, limits.sessionsPerUser]).toEqual([7, 3, 2]);
  expect([joined.noNodeTimeoutMs, joined.own]).toEqual([7, 1]);
  expect(heard).toBe(7);
  expect(spread.noNodeTimeoutMs).toBe(defaultConfig.noNodeTimeoutMs);
});

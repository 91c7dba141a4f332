import { expect, test } from 'vitest';
import { nearestName } from './nearest-name.ts';

const keys = ['host', 'port', 'sync_timeout', 'no_node_timeout', 'users', 'min_in_sync'];

test.each([
  ['prot', 'port'],
  ['hosts', 'host'],
  ['syncTimeout', 'sync_timeout'],
  ['sync-timeout', 'sync_timeout'],
  ['sync_timout', 'sync_timeout'],
  ['user', 'users'],
  ['min_insync', 'min_in_sync'],
  ['mininsnc', 'min_in_sync'],
  ['nonodetimeo', 'no_node_timeout'],
])('%s was meant to be %s', (written, meant) => {
  expect(nearestName(written, keys)).toBe(meant);
});

test.each(['x', 'timeout', 'password', ''])('%j is near to none', (written) => {
  expect(nearestName(written, keys)).toBeUndefined();
});

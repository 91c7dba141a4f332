import { expect, test } from 'vitest';
import { Capability, combine, has, withMariadbFlags } from '../protocol/capabilities.ts';
import { commonServer } from './common-server.ts';

/** As greeted by the servers. */
const mysql97 = { version: '9.7.4', capabilities: 0xdfff_ffff };
const mysql80 = {
  version: '8.0.22',
  capabilities: combine(0xdfff_ffff) & ~Capability.QUERY_ATTRIBUTES,
};
const mariadb1011 = {
  version: '5.5.5-10.11.19-MariaDB-0+deb12u1',
  capabilities: withMariadbFlags(0x81ff_f7fe, 0x1d),
};
const mariadb106 = {
  version: '10.6.9-MariaDB',
  capabilities: withMariadbFlags(0x80ff_f7fe, 0x07),
};

test('all can do what each can', () => {
  const { version, capabilities, mariadbCapabilities } = commonServer([mysql97, mysql97]);
  expect(version).toBe('9.7.4');
  expect(has(capabilities, Capability.QUERY_ATTRIBUTES)).toBe(true);
  expect(has(capabilities, Capability.LONG_PASSWORD)).toBe(true);
  expect(mariadbCapabilities).toBeUndefined();
});

test.each([[[mysql97, mysql80]], [[mysql80, mysql97]]])(
  'the lowest version, and no more than all can do',
  (servers) => {
    const { version, capabilities } = commonServer(servers);
    expect(version).toBe('8.0.22');
    expect(has(capabilities, Capability.QUERY_ATTRIBUTES)).toBe(false);
    expect(has(capabilities, Capability.DEPRECATE_EOF)).toBe(true);
  },
);

test("MariaDB's flags where every node has them", () => {
  const common = commonServer([mariadb1011]);
  expect(common.version).toBe(mariadb1011.version);
  expect(common.mariadbCapabilities).toBe(8 | 4);
  expect(has(common.capabilities, Capability.LONG_PASSWORD)).toBe(false);
  expect(has(common.capabilities, Capability.QUERY_ATTRIBUTES)).toBe(false);

  const mixed = commonServer([mariadb1011, mariadb106]);
  expect(mixed.version).toBe('10.6.9-MariaDB');
  expect(mixed.mariadbCapabilities).toBe(4);
  expect(has(mixed.capabilities, Capability.DEPRECATE_EOF)).toBe(false);
});

test('before anything is known of a node', () => {
  const { capabilities, mariadbCapabilities } = commonServer([]);
  expect(has(capabilities, Capability.DEPRECATE_EOF)).toBe(true);
  expect(mariadbCapabilities).toBeUndefined();
});

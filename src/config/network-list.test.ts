import { expect, test } from 'vitest';
import { networkList } from './network-list.ts';

test.each([
  ['', ['127.0.0.1', undefined], []],
  ['10.0.0.0/8, ::1', ['11.0.0.1', '::2', undefined], ['10.1.2.3', '::ffff:10.1.2.3', '::1']],
  ['192.0.2.7', ['192.0.2.8'], ['192.0.2.7']],
  ['2001:db8::/32', ['2001:db9::1', '10.0.0.1'], ['2001:db8::1']],
  ['localhost', ['127.0.0.1'], [undefined]],
  ['*', [], ['1.2.3.4', '::1', undefined]],
])('"%s"', (text, strangers, members) => {
  const networks = networkList(text);
  for (const address of strangers) expect(networks?.has(address), `${address}`).toBe(false);
  for (const address of members) expect(networks?.has(address), `${address}`).toBe(true);
});

test.each(['here', '10.0.0.0/33', '10.0.0.0/', '1.2.3.4/8/8', '10.0.0.0/-1'])(
  '%s is none',
  (text) => {
    expect(networkList(text)).toBeUndefined();
  },
);

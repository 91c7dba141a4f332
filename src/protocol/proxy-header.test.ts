import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readProxyHeader } from './proxy-header.ts';

const v1 = 'PROXY TCP4 192.0.2.7 10.0.0.1 56324 3306\r\n';
const v1of6 = 'PROXY TCP6 2001:db8::1 ::1 56324 3306\r\n';
const signature = '0d0a0d0a000d0a515549540a';
const v2 = Buffer.from(`${signature}2111000cc00002070a000001dc040cea`, 'hex');
const v2of6 = Buffer.from(
  `${signature}21210024${'20010db8000000000000000000000001'.repeat(2)}dc040cea`,
  'hex',
);
const v2local = Buffer.from(`${signature}20000000`, 'hex');

describe('a header of either version', () => {
  test.each([
    ['a line', Buffer.from(v1), '192.0.2.7'],
    ['a line of IPv6', Buffer.from(v1of6), '2001:db8::1'],
    ['a line that says nothing', Buffer.from('PROXY UNKNOWN\r\n'), undefined],
    ['binary', v2, '192.0.2.7'],
    ['binary of IPv6', v2of6, '2001:db8:0:0:0:0:0:1'],
    ['binary of the proxy itself', v2local, undefined],
  ] as const)('%s', (_name, header, address) => {
    const followed = Buffer.concat([header, Buffer.from('rest')]);
    const whole = { kind: 'header', byteLength: header.length, address };
    expect(readProxyHeader(followed)).toEqual(whole);
    for (let length = 0; length < header.length; length++) {
      expect(readProxyHeader(header.subarray(0, length)).kind, `${length} bytes`).toBe('partial');
    }
  });

  test('binary with more behind the addresses than we know', () => {
    const longer = Buffer.from(`${signature}21110010c00002070a000001dc040cea04000100`, 'hex');
    expect(readProxyHeader(longer)).toMatchObject({ byteLength: 32, address: '192.0.2.7' });
  });
});

test('a login of a client is no header', () => {
  const response = Buffer.from('540000018da6ff19000000012d00', 'hex');
  expect(readProxyHeader(response)).toEqual({ kind: 'none' });
});

test.each([
  'PROXY TCP4 ::1 ::1 1 2\r\n',
  'PROXY TCP4 192.0.2.7\r\n',
  'PROXY TCP4 nonsense 10.0.0.1 1 2\r\n',
  `PROXY TCP4 ${'1'.repeat(120)}`,
])('%j is refused', (text) => {
  expect(() => readProxyHeader(Buffer.from(text))).toThrow('PROXY header');
});

test('binary of another version, command or length is refused', () => {
  for (const fixed of ['3111000c', '2211000c', '2111ffff']) {
    const bytes = Buffer.from(`${signature}${fixed}${'00'.repeat(12)}`, 'hex');
    expect(() => readProxyHeader(bytes)).toThrow('PROXY header');
  }
});

test('any bytes are read, or refused as malformed', () => {
  const starts = fc.constantFrom(Buffer.alloc(0), Buffer.from('PROXY '), v2.subarray(0, 12));
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 200 }), (start, bytes) => {
      try {
        readProxyHeader(Buffer.concat([start, bytes]));
      } catch (error) {
        expect(error).toMatchObject({ code: 'malformed_packet' });
      }
    }),
  );
});

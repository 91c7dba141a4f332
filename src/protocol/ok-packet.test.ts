import { describe, expect, test } from 'vitest';
import { Capability } from './capabilities.ts';
import { decodeOk, encodeOk, plainOk } from './ok-packet.ts';
import type { OkPacket } from './ok-packet.ts';
import { StatusFlag } from './status-flags.ts';
import { capture, captures, payloads, serverNames } from './testing/captures.ts';
import type { ServerName } from './testing/captures.ts';

const track = Capability.SESSION_TRACK;

function first(server: ServerName, name: string): OkPacket {
  const { bytes, capabilities } = capture(server, name);
  return decodeOk(payloads(bytes)[0] ?? Buffer.alloc(0), capabilities);
}

describe.each(serverNames)('OK packets of %s', (server) => {
  test('an insert', () => {
    expect(first(server, 'insert_plain')).toEqual({
      affectedRows: 3,
      lastInsertId: 1n,
      statusFlags: StatusFlag.AUTOCOMMIT,
      warnings: 0,
      info: 'Records: 3  Duplicates: 0  Warnings: 0',
      sessionChanges: [],
    });
  });

  test('with and without session tracking, info is length-encoded', () => {
    const info = 'Records: 3  Duplicates: 0  Warnings: 0';
    for (const name of ['insert_plain', 'insert_track']) {
      expect(first(server, name).info).toBe(info);
    }
  });

  test('session changes', () => {
    expect(first(server, 'login_track').sessionChanges).toEqual([
      { kind: 'schema', name: 'fixture' },
    ]);
    expect(first(server, 'track_begin').sessionChanges).toContainEqual({
      kind: 'transaction_characteristics',
      statements: 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY;',
    });
  });

  test('the OK that ends a result set', () => {
    const { bytes, capabilities } = capture(server, 'warning_deprecate_eof');
    const payload = payloads(bytes).at(-1) ?? Buffer.alloc(0);
    const end = decodeOk(payload, capabilities);
    expect(end).toMatchObject({ warnings: 1, affectedRows: 0 });
    expect(encodeOk(end, capabilities, { header: 0xfe })).toEqual(payload);
  });

  test('every captured one is encoded again byte for byte', () => {
    let checked = 0;
    for (const { bytes, capabilities, kind } of captures(server)) {
      if (kind === 'greeting' || kind === 'prepare') continue;
      for (const payload of payloads(bytes)) {
        if (payload[0] !== 0 || payload.length < 7) continue;
        if (payloads(bytes).length > 1 && payload !== payloads(bytes).at(-1)) continue;
        expect(encodeOk(decodeOk(payload, capabilities), capabilities)).toEqual(payload);
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(20);
  });
});

test('counts beyond 2^53 stay exact', () => {
  const big = { ...plainOk(2), affectedRows: 2n ** 63n, lastInsertId: 2n ** 64n - 1n };
  expect(decodeOk(encodeOk(big, 0), 0)).toEqual(big);
});

test('session changes go only to those who track, and the flag with them', () => {
  const ok = { ...plainOk(2), sessionChanges: [{ kind: 'schema', name: 's' }] as const };
  const tracked = decodeOk(encodeOk(ok, track), track);
  expect(tracked.sessionChanges).toEqual(ok.sessionChanges);
  expect(tracked.statusFlags).toBe(2 | StatusFlag.SESSION_STATE_CHANGED);
  const untracked = decodeOk(encodeOk({ ...ok, statusFlags: tracked.statusFlags }, 0), 0);
  expect(untracked).toEqual(plainOk(2));
});

test('another packet is malformed', () => {
  expect(() => decodeOk(Buffer.of(0xff, 0, 0), 0)).toThrow('not an OK packet');
});

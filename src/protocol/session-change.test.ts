import { describe, expect, test } from 'vitest';
import { decodeOk } from './ok-packet.ts';
import { decodeSessionChanges, encodeSessionChanges } from './session-change.ts';
import type { SessionChange } from './session-change.ts';
import { capture, payloads, serverNames } from './testing/captures.ts';
import type { ServerName } from './testing/captures.ts';

function changes(server: ServerName, name: string): readonly SessionChange[] {
  const { bytes, capabilities } = capture(server, name);
  return decodeOk(payloads(bytes).at(-1) ?? Buffer.alloc(0), capabilities).sessionChanges;
}

describe.each(serverNames)('what %s reports', (server) => {
  test('system variables by name', () => {
    const reported = changes(server, 'track_variables');
    const variable = (name: string): unknown =>
      reported.find((change) => change.kind === 'system_variable' && change.name === name);
    expect(variable('time_zone')).toMatchObject({ value: '+01:00' });
    expect(variable('sql_mode')).toMatchObject({ value: expect.stringContaining('ANSI_QUOTES') });
  });

  test('NULL as an empty value', () => {
    expect(changes(server, 'track_null')).toContainEqual({
      kind: 'system_variable',
      name: 'character_set_results',
      value: '',
    });
  });

  test('that something not tracked by name has changed', () => {
    for (const name of ['track_user_variable', 'track_temporary', 'track_use']) {
      expect(changes(server, name)).toContainEqual({ kind: 'state_change', changed: true });
    }
  });

  test('schema and transaction', () => {
    expect(changes(server, 'track_use')).toContainEqual({ kind: 'schema', name: 'mysql' });
    expect(changes(server, 'track_begin')).toContainEqual({
      kind: 'transaction_state',
      state: 'T_R_____',
    });
    expect(changes(server, 'track_commit')).toContainEqual({
      kind: 'transaction_state',
      state: '________',
    });
  });
});

test('MySQL reports its GTIDs', () => {
  expect(changes('mysql', 'infile_end_track')).toContainEqual({
    kind: 'gtids',
    gtids: expect.stringMatching(/^[0-9a-f-]{36}:\d+$/),
  });
});

test('every kind is read as it was written, the unknown too', () => {
  const all: SessionChange[] = [
    { kind: 'system_variable', name: 'sql_mode', value: '' },
    { kind: 'schema', name: 'caf\xc3\xa9' },
    { kind: 'state_change', changed: false },
    { kind: 'gtids', gtids: 'a:1' },
    { kind: 'transaction_characteristics', statements: '' },
    { kind: 'transaction_state', state: '________' },
    { kind: 'other', type: 9, data: Buffer.from('?') },
  ];
  expect(decodeSessionChanges(encodeSessionChanges(all))).toEqual(all);
});

test('several variables may share one block', () => {
  const data = Buffer.from('\x01a\x011\x01b\x012', 'latin1');
  const block = Buffer.concat([Buffer.of(0, data.length), data]);
  expect(decodeSessionChanges(block)).toHaveLength(2);
});

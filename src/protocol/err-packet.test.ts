import { describe, expect, test } from 'vitest';
import { decodeErr, encodeErr } from './err-packet.ts';
import { capture, payloads, serverNames } from './testing/captures.ts';

describe.each(serverNames)('errors of %s', (server) => {
  test.each([
    ['error_plain', 1146, '42S02', "Table 'fixture.missing' doesn't exist"],
    ['init_db_error_plain', 1049, '42000', "Unknown database 'no_such_schema'"],
    ['unknown_command_plain', 1047, '08S01', 'Unknown command'],
  ])('%s', (name, errno, sqlState, message) => {
    const payload = payloads(capture(server, name).bytes)[0] ?? Buffer.alloc(0);
    expect(decodeErr(payload)).toEqual({ errno, sqlState, message });
    expect(encodeErr({ errno, sqlState, message })).toEqual(payload);
  });
});

test('before the handshake an error has no SQL state', () => {
  const payload = Buffer.from('\xff\x10\x04Too many connections', 'latin1');
  expect(decodeErr(payload)).toEqual({
    errno: 1040,
    sqlState: 'HY000',
    message: 'Too many connections',
  });
});

test('another packet is malformed', () => {
  expect(() => decodeErr(Buffer.of(0, 0, 0))).toThrow('not an ERR packet');
});

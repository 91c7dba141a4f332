import { describe, expect, test } from 'vitest';
import { CommandByte } from '../protocol/commands.ts';
import { refreshStatements } from './refresh.ts';

describe('COM_REFRESH', () => {
  test.each([
    [0x01, ['FLUSH PRIVILEGES']],
    [0x04, ['FLUSH TABLES']],
    [0x2e, ['FLUSH LOGS, HOSTS, THREADS', 'FLUSH TABLES']],
    [0x00, ['FLUSH LOCAL TABLES']],
    [
      0xff,
      [
        'RESET MASTER',
        'RESET SLAVE',
        'FLUSH PRIVILEGES, LOGS, HOSTS, STATUS, THREADS',
        'FLUSH TABLES',
      ],
    ],
  ])('of %i is %j', (bits, statements) => {
    expect(refreshStatements(Buffer.of(CommandByte.REFRESH, bits))).toEqual(statements);
  });

  test('of nothing asks for nothing', () => {
    expect(refreshStatements(Buffer.of(CommandByte.REFRESH))).toEqual(['FLUSH LOCAL TABLES']);
  });
});

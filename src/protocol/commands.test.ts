import { expect, test } from 'vitest';
import { CommandByte, commandName } from './commands.ts';
import { captures } from './testing/captures.ts';

test('a command is named by its byte, an unknown one is not', () => {
  expect(commandName(0x03)).toBe('QUERY');
  expect(commandName(CommandByte.STMT_BULK_EXECUTE)).toBe('STMT_BULK_EXECUTE');
  expect(commandName(0xef)).toBeUndefined();
});

test('real commands begin with the bytes of the table', () => {
  const first = (name: string): number | undefined =>
    captures('mysql').find((capture) => capture.name === name)?.command[0];
  expect(first('ping_plain')).toBe(CommandByte.PING);
  expect(first('field_list_plain')).toBe(CommandByte.FIELD_LIST);
  expect(first('fetch_one_plain')).toBe(CommandByte.STMT_FETCH);
  expect(first('reset_connection_plain')).toBe(CommandByte.RESET_CONNECTION);
});

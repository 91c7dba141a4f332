import { expect, test } from 'vitest';
import { rewriteStatementId, statementIdOf } from './statement-id.ts';
import { capture } from './testing/captures.ts';

test('the id is rewritten in a copy, in each command that carries one', () => {
  for (const name of ['execute_plain', 'fetch_one_plain', 'reset_statement_plain']) {
    const { command } = capture('mysql', name);
    const before = Buffer.from(command);
    const id = statementIdOf(command);
    const rewritten = rewriteStatementId(command, 0xfedcba98);
    expect(statementIdOf(rewritten)).toBe(0xfedcba98);
    expect(command).toEqual(before);
    expect(rewriteStatementId(rewritten, id)).toEqual(command);
  }
});

test('a command without one is malformed', () => {
  expect(() => rewriteStatementId(Buffer.of(0x19, 1, 0, 0), 1)).toThrow('statement id');
});

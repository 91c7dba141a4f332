import { expect, test } from 'vitest';
import { decodeStmtPrepareOk, encodeStmtPrepareOk } from './stmt-prepare-ok.ts';
import { capture, payloads, serverNames } from './testing/captures.ts';

test.each(
  serverNames.flatMap((server) => [
    [server, 'prepare_plain', 2, 2] as const,
    [server, 'prepare_no_columns_plain', 0, 1] as const,
    [server, 'prepare_no_parameters_plain', 1, 0] as const,
    [server, 'prepare_nothing_plain', 0, 0] as const,
  ]),
)('%s: %s', (server, name, columnCount, parameterCount) => {
  const payload = payloads(capture(server, name).bytes)[0] ?? Buffer.alloc(0);
  const answer = decodeStmtPrepareOk(payload);
  expect(answer).toMatchObject({ columnCount, parameterCount, warnings: 0 });
  expect(answer.statementId).toBeGreaterThan(0);
  expect(encodeStmtPrepareOk(answer)).toEqual(payload);
});

test('an ERR is no answer to prepare', () => {
  expect(() => decodeStmtPrepareOk(Buffer.of(0xff, 1, 2))).toThrow('not an answer to prepare');
});

import { ColumnType, decodeColumnDefinition } from '../protocol/column-definition.ts';

/** What kind of exact number is expected, or neither. */
export type Expected = 'integer' | 'decimal' | undefined;

/**
 * What MySQL expects at each parameter, as its answer to COM_STMT_PREPARE tells: a packet as long
 * as its head says, then a definition a parameter, where every integer is a LONGLONG. (MariaDB
 * derives no types, and calls all of them NULL.)
 */
export function expectedNumbers(answer: Buffer, parameterCount: number): Expected[] {
  const expected: Expected[] = [];
  let at = afterPacket(answer, 0);
  for (let index = 0; index < parameterCount; index++) {
    const end = afterPacket(answer, at);
    const { type } = decodeColumnDefinition(answer.subarray(at + headBytes, end));
    expected.push(
      type === ColumnType.LONGLONG
        ? 'integer'
        : type === ColumnType.NEWDECIMAL
          ? 'decimal'
          : undefined,
    );
    at = end;
  }
  return expected;
}

const headBytes = 4;

const afterPacket = (answer: Buffer, at: number): number =>
  at + headBytes + answer.readUIntLE(at, 3);

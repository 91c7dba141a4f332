import { expect, test } from 'vitest';
import { encodeErr } from '../protocol/err-packet.ts';
import { throwIfFarewell } from './farewell.ts';

const err = (errno: number, message: string): Buffer =>
  encodeErr({ errno, sqlState: 'HY000', message });

test('the end of a connection is not an answer to the statement', () => {
  for (const errno of [1053, 1077, 1079, 1080, 1927, 4031]) {
    expect(() => throwIfFarewell(err(errno, 'going'))).toThrow(`going (${errno})`);
  }
});

test('an error of the statement is an answer', () => {
  for (const errno of [1064, 1146, 1205, 1213, 1317]) {
    expect(() => throwIfFarewell(err(errno, 'refused'))).not.toThrow();
  }
});

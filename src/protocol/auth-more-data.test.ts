import { expect, test } from 'vitest';
import { decodeAuthMoreData, encodeAuthMoreData } from './auth-more-data.ts';
import { login } from './testing/captures.ts';

test('what MySQL says of a fast and of a full login', () => {
  const answer = (name: string): Buffer => login(name)[2] ?? Buffer.alloc(0);
  expect(decodeAuthMoreData(answer('mysql_client_fast'))).toEqual(Buffer.of(3));
  expect(decodeAuthMoreData(answer('mysql_client_full_rsa'))).toEqual(Buffer.of(4));
  expect(encodeAuthMoreData(Buffer.of(4))).toEqual(answer('mysql_client_full_rsa'));
});

test('another packet is malformed', () => {
  expect(() => decodeAuthMoreData(Buffer.of(0, 1))).toThrow('not more data');
});

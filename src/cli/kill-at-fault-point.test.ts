import { expect, test } from 'vitest';
import { faultPointNames } from '../base/fault-points.ts';
import { parseFaultPlace } from './kill-at-fault-point.ts';

test('names a fault point and which time it counts', () => {
  expect(parseFaultPlace('commit.durable')).toEqual({ point: 'commit.durable', time: 1 });
  expect(parseFaultPlace('log.rolled:12')).toEqual({ point: 'log.rolled', time: 12 });
  for (const point of faultPointNames) expect(parseFaultPlace(`${point}:2`).point).toBe(point);
});

test.each(['commit', 'commit.durable:0', 'commit.durable:', ':1', 'toString', 'commit.durable:x'])(
  'refuses %s and says which there are',
  (text) => {
    expect(() => parseFaultPlace(text)).toThrow(`LOCKSTEP_FAULT_POINT=${text} names no fault`);
  },
);

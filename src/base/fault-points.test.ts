import { expect, test } from 'vitest';
import { nodeName } from './brands.ts';
import { FaultPoints } from './fault-points.ts';

test('a handler hears of each point reached, and its node, until it is taken away', async () => {
  const points = new FaultPoints();
  const reached: unknown[] = [];
  await points.reach('commit.durable');
  const disarm = points.arm((...what) => {
    reached.push(what);
  });
  expect(points.armed).toBe(true);
  await points.reach('commit.appended', nodeName('mysql1'));
  await points.reach('log.rolled');
  disarm();
  expect(points.armed).toBe(false);
  await points.reach('commit.sent');
  expect(reached).toEqual([
    ['commit.appended', 'mysql1'],
    ['log.rolled', undefined],
  ]);
});

test('whoever reached the point waits for the handler, which has begun before', async () => {
  const points = new FaultPoints();
  let goOn = (): void => {};
  let begun = false;
  let passed = false;
  points.arm(() => {
    begun = true;
    return new Promise((resolve) => {
      goOn = resolve;
    });
  });
  const reaching = points.reach('commit.durable').then(() => {
    passed = true;
  });
  expect(begun).toBe(true);
  await Promise.resolve();
  expect(passed).toBe(false);
  goOn();
  await reaching;
  expect(passed).toBe(true);
});

test('a handler that was replaced takes nothing away from the one after it', () => {
  const points = new FaultPoints();
  const disarmFirst = points.arm(() => {});
  points.arm(() => {});
  disarmFirst();
  expect(points.armed).toBe(true);
});

import { expect, test } from 'vitest';
import { nodeName, seq } from '../base/brands.ts';
import { Horizon } from './horizon.ts';

const place = (name: string, position: number, visible = position) => ({
  name: nodeName(name),
  position,
  visible: seq(visible),
});

test('a new session may read anywhere', () => {
  expect(new Horizon().isMetBy(place('a', 0))).toBe(true);
});

test('a session reads its own writes', () => {
  const horizon = new Horizon();
  horizon.wrote(seq(5));
  expect(horizon.isMetBy(place('a', 4, 5))).toBe(false);
  expect(horizon.isMetBy(place('a', 5))).toBe(true);
});

test('what may have been seen on one node must be on the next', () => {
  const horizon = new Horizon();
  horizon.read(nodeName('a'), seq(7));
  expect(horizon.isMetBy(place('b', 6, 7))).toBe(false);
  expect(horizon.isMetBy(place('b', 7))).toBe(true);
});

test('the node read last serves again while a batch is on its way there', () => {
  const horizon = new Horizon();
  horizon.read(nodeName('a'), seq(7));
  expect(horizon.isMetBy(place('a', 4, 7))).toBe(true);
  // It lost what it had, and has not been sent it again.
  expect(horizon.isMetBy(place('a', 4, 6))).toBe(false);
});

test('an error that tells of a row ends the trust in the node read before', () => {
  const horizon = new Horizon();
  horizon.read(nodeName('a'), seq(7));
  horizon.told(seq(7));
  // Neither the node read last nor the one that told need have it all.
  expect(horizon.isMetBy(place('a', 4, 7))).toBe(false);
  expect(horizon.isMetBy(place('b', 6, 7))).toBe(false);
  expect(horizon.isMetBy(place('b', 7))).toBe(true);
});

test('what is told of before the latest read ends the trust in its node all the same', () => {
  const horizon = new Horizon();
  horizon.read(nodeName('a'), seq(7));
  horizon.told(seq(5));
  expect(horizon.isMetBy(place('a', 4, 7))).toBe(false);
  expect(horizon.isMetBy(place('a', 7))).toBe(true);
});

test('a read or a write elsewhere ends the trust in the node read before', () => {
  const horizon = new Horizon();
  horizon.read(nodeName('a'), seq(7));
  horizon.read(nodeName('b'), seq(7));
  expect(horizon.isMetBy(place('a', 4, 7))).toBe(false);
  horizon.read(nodeName('a'), seq(7));
  horizon.wrote(seq(8));
  expect(horizon.isMetBy(place('a', 7, 9))).toBe(false);
});

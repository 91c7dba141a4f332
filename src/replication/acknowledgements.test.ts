import { beforeEach, expect, test } from 'vitest';
import { nodeName, type Seq, seq } from '../base/brands.ts';
import { Acknowledgements, type Acks } from './acknowledgements.ts';

let positions: number[];
let told: number[];

beforeEach(() => {
  positions = [];
  told = [];
});

function withAcks(acks: Acks, nodeCount = 5): Acknowledgements {
  const acknowledgements = new Acknowledgements({
    acks: () => acks,
    followers: () =>
      positions.map((position, index) => ({
        name: nodeName(`n${index}`),
        position: seq(position),
      })),
    nodeCount: () => nodeCount,
  });
  const wait = (at: number): void => {
    void acknowledgements.wait(seq(at)).then(() => told.push(at));
  };
  wait(1);
  wait(2);
  wait(3);
  return acknowledgements;
}

/** Who has heard by now. */
async function heard(): Promise<number[]> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  return told;
}

test('all: the leader and every follower in sync', async () => {
  positions = [3, 1];
  const acknowledgements = withAcks('all');
  acknowledgements.progress();
  expect(await heard()).toEqual([]);
  acknowledgements.prove(seq(2));
  expect(await heard()).toEqual([1]);
  positions = [3, 3];
  acknowledgements.progress();
  expect(await heard()).toEqual([1, 2]);
});

test('all: a follower that dropped out of the set is not waited for', async () => {
  positions = [0, 3];
  const acknowledgements = withAcks('all');
  acknowledgements.prove(seq(3));
  expect(await heard()).toEqual([]);
  positions = [3];
  acknowledgements.progress();
  expect(await heard()).toEqual([1, 2, 3]);
});

test('quorum: a majority of the configured nodes, the leader among them', async () => {
  positions = [3, 2, 0, 0];
  const acknowledgements = withAcks('quorum');
  acknowledgements.prove(seq(3));
  expect(await heard()).toEqual([1, 2]);
});

test('quorum: with fewer followers than a majority needs, every one of them', async () => {
  positions = [1];
  const acknowledgements = withAcks('quorum');
  acknowledgements.prove(seq(3));
  expect(await heard()).toEqual([1]);
});

test('leader: nobody else', async () => {
  positions = [0, 0];
  const acknowledgements = withAcks('leader');
  acknowledgements.prove(seq(1));
  expect(await heard()).toEqual([1]);
});

test.each(['all', 'leader'] as const)(
  '%s: without its leader an entry waits until a follower has passed it',
  async (acks) => {
    positions = [1, 1];
    const acknowledgements = withAcks(acks);
    acknowledgements.leaderLost();
    expect(await heard()).toEqual([1]);
    positions = [2, 2];
    acknowledgements.progress();
    expect(await heard()).toEqual([1, 2]);
  },
);

test('a next leader has every entry, so it proves them', async () => {
  const acknowledgements = withAcks('all');
  acknowledgements.leaderLost();
  expect(await heard()).toEqual([]);
  acknowledgements.prove(seq(3));
  expect(await heard()).toEqual([1, 2, 3]);
});

test('with nobody left to prove anything, who lost the leader hears that', async () => {
  const acknowledgements = withAcks('all');
  const last = acknowledgements.wait(seq(4));
  acknowledgements.giveUp();
  expect(await heard()).toEqual([]);
  acknowledgements.leaderLost();
  acknowledgements.giveUp();
  expect(await last).toBe('unproven');
  expect(await heard()).toEqual([1, 2, 3]);
  expect(acknowledgements.waiting).toBe(0);
});

test('clients hear in the order of the log', async () => {
  positions = [3];
  const acknowledgements = withAcks('all');
  const order: Seq[] = [];
  for (const at of [4, 5, 6]) {
    void acknowledgements.wait(seq(at)).then(() => order.push(seq(at)));
  }
  acknowledgements.prove(seq(6));
  positions = [6];
  acknowledgements.progress();
  await heard();
  expect(order).toEqual([4, 5, 6]);
});

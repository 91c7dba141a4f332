import { describe, expect, test } from 'vitest';
import { nodeName, seq } from '../../src/base/brands.ts';
import type { LockstepError } from '../../src/base/errors.ts';
import { moveStatement } from '../../src/replication/position-statements.ts';
import { mayReadOutdated } from '../../src/sessions/may-read-outdated.ts';
import { named, opened } from './open-stage.ts';
import { Violation } from './oracle.ts';
import { SimReader } from './sim-reader.ts';
import type { Stage } from './stage.ts';

test('answers on two leader connections that overtake each other', async () => {
  const on = await opened();
  const [first, second] = [await on.actor(), await on.actor()];
  await on.after(first.run('APPEND l0 1a'));
  const waits = second.run('APPEND l0 2b');
  await on.pass(5);
  // Its COMMIT takes effect, and lets the second one go on; the answer is late.
  first.connection.delayAnswers(60);
  const firstEnds = first.commit();
  await on.after(waits);
  on.say('second has its row');
  let secondHeard = false;
  const secondEnds = second.commit().finally(() => {
    secondHeard = true;
  });
  await on.pass(20);
  on.say(`the log has ${on.balancer.sequencer.lastDurable} entries`);
  on.say(`the leader is at ${on.balancer.replicator.position(on.leadership.name)}`);
  on.say(`the second client ${secondHeard ? 'has heard' : 'waits'}`);
  on.say(named('first', await on.after(firstEnds)));
  on.say(named('second', await on.after(secondEnds)));
  on.say(`the leader is at ${on.balancer.replicator.position(on.leadership.name)}`);
  on.sayNodes();
  expect(on.transcript).toEqual([
    'second has its row',
    'the log has 2 entries',
    // Nobody hears OK before all that came before is proven.
    'the leader is at 0',
    'the second client waits',
    'first is committed as 1',
    'second is committed as 2',
    'the leader is at 2',
    'first a leader, now UP: l0=1a,2b',
    'first a follower, now UP: l0=1a,2b',
    'first a follower, now UP: l0=1a,2b',
  ]);
});

describe('reads without locks inside functions', () => {
  test('a function that runs beside an open transaction makes the copies differ', async () => {
    const on = await opened();
    const [writer, reader] = [await on.actor(), await on.actor()];
    await on.after(writer.run('APPEND l1 1a'));
    await on.after(reader.run('COPY l1 l2 2b'));
    await on.after(writer.commit());
    await on.after(reader.commit());
    await expect(on.pass(1_000)).rejects.toThrow(Violation);
  });

  test('alone, it waits for open transactions and sees what they wrote', async () => {
    const on = await opened();
    const { gate } = on.balancer.replicator;
    const release = await gate.shared(1_000);
    const writer = await on.actor();
    await on.after(writer.run('APPEND l1 1a'));
    const alone = gate.exclusive(1_000).then((left) => {
      on.say('the function may run');
      return left;
    });
    await on.pass(20);
    on.say(named('the writer', await on.after(writer.commit())));
    release();
    const leave = await on.after(alone);
    await on.write('COPY l1 l2 2b');
    leave();
    await on.pass(1_000);
    on.sayNodes();
    expect(on.transcript).toEqual([
      'the writer is committed as 1',
      'the function may run',
      'first a leader, now UP: l1=1a l2=2b',
      'first a follower, now UP: l1=1a l2=2b',
      'first a follower, now UP: l1=1a l2=2b',
    ]);
  });
});

describe('a transaction whose snapshot is older than what its function reads', () => {
  test('at REPEATABLE READ the copies would differ, so it is refused', async () => {
    const on = await opened();
    const old = await on.actor();
    await on.after(old.lane.read());
    await on.write('APPEND l1 1a');
    expect(mayReadOutdated({ serializable: false })).toBe(true);
    await on.after(old.run('COPY l1 l2 2b'));
    await on.after(old.commit());
    await expect(on.pass(1_000)).rejects.toThrow(Violation);
  });

  test('at SERIALIZABLE the function locks what it reads', async () => {
    const on = await opened();
    await on.write('APPEND l1 1a');
    const old = await on.actor({ serializable: true });
    await on.after(old.lane.read());
    const writer = await on.actor();
    const waits = writer.run('APPEND l1 2b');
    await on.pass(5);
    expect(mayReadOutdated({ serializable: true })).toBe(false);
    await on.after(old.run('COPY l1 l2 3c'));
    on.say(named('the function', await on.after(old.commit())));
    await on.after(waits);
    on.say(named('the writer', await on.after(writer.commit())));
    await on.pass(1_000);
    on.sayNodes();
    expect(on.transcript).toEqual([
      'the function is committed as 2',
      'the writer is committed as 3',
      'first a leader, now UP: l1=1a,2b l2=3c',
      'first a follower, now UP: l1=1a,2b l2=3c',
      'first a follower, now UP: l1=1a,2b l2=3c',
    ]);
  });
});

test('a follower batch that fails in the middle', async () => {
  const on = await opened({ acks: 'leader' });
  const [follower] = on.followers;
  // Somebody holds the row of the second entry, so the batch meets a lock wait timeout there.
  const holder = follower!.accept(
    () => undefined,
    () => undefined,
  );
  holder.receive('BEGIN;DELETE r1');
  await on.pass(20);
  // What comes behind the first gathers meanwhile, and goes as one batch.
  follower!.process.freeze(200);
  await on.write('APPEND l0 1a');
  await on.write('APPEND l0 2b');
  await on.write('INSERT r1 3c');
  await on.write('APPEND l0 4d');
  await on.pass(900);
  on.say(`failed: ${on.world.occurrences.of('a batch failed in the middle') > 0}`);
  holder.end();
  await on.pass(5_000);
  on.sayNodes();
  expect(on.transcript).toEqual([
    'failed: true',
    'first a leader, now UP: l0=1a,2b,4d r1=3c',
    'first a follower, now UP: l0=1a,2b,4d r1=3c',
    'first a follower, now UP: l0=1a,2b,4d r1=3c',
  ]);
});

describe('a COMMIT whose answer is lost', () => {
  test('after it took effect: once everywhere, and the client hears OK', async () => {
    const on = await opened();
    const actor = await on.actor();
    await on.after(actor.run('APPEND l0 1a'));
    actor.connection.delayAnswers(500);
    const ends = actor.commit().then((outcome) => on.say(named('it', outcome)));
    await on.pass(100);
    on.say(`on the leader: ${on.contents(on.leader)}`);
    actor.connection.cut();
    await on.after(ends);
    await on.pass(5_000);
    on.sayNodes();
    expect(on.transcript).toEqual([
      'on the leader: l0=1a',
      'it is committed as 1',
      'first a leader, now UP: l0=1a',
      'first a follower, now UP: l0=1a',
      'first a follower, now UP: l0=1a',
    ]);
  });

  test('before it arrived: the former leader gets the entry from the log', async () => {
    const on = await opened();
    const actor = await on.actor();
    await on.after(actor.run('APPEND l0 1a'));
    on.leader.process.freeze(1_000);
    const { leader } = on;
    const ends = actor.commit().then((outcome) => on.say(named('it', outcome)));
    await on.pass(100);
    leader.crash();
    on.say(`on the leader: ${on.contents(leader)}`);
    await on.after(ends);
    leader.start();
    await on.pass(8_000);
    on.sayNodes();
    expect(on.transcript).toEqual([
      'on the leader: ',
      'it is committed as 1',
      'first a leader, now UP: l0=1a',
      'first a follower, now UP: l0=1a',
      'first a follower, now UP: l0=1a',
    ]);
  });
});

test('the source of a copy that goes out of rotation while its snapshot is taken', async () => {
  const on = await opened({ acks: 'leader' });
  const { resyncs, cluster, nodes } = on.balancer;
  const [source, target] = on.followers;
  const holder = source!.accept(
    () => undefined,
    () => undefined,
  );
  holder.receive('BEGIN;DELETE r1');
  await on.write('APPEND l0 1a');
  await on.write('INSERT r1 2b');
  await on.pass(20);
  const resync = resyncs.start(nodeName(target!.name));
  await on.pass(20);
  // It stops applying where it is, and no longer counts as one that must catch up.
  const drained = cluster.drain(nodeName(source!.name));
  await on.after(Promise.all([resync, drained]));
  holder.end();
  await on.pass(5_000);
  on.say(`the target is ${nodes.get(nodeName(target!.name))?.state}: ${on.contents(target!)}`);
  expect(on.transcript).toEqual(['the target is UP: l0=1a r1=2b']);
});

test('a batch of a balancer that died, which arrives late, is no divergence', async () => {
  const on = await opened({ acks: 'leader' });
  const [follower] = on.followers;
  on.world.hold(follower!, 100);
  await on.write('INSERT r1 1a');
  const late = follower!.accept(
    () => undefined,
    () => undefined,
  );
  late.receive(`BEGIN;INSERT r1 1a;${moveStatement(seq(0), seq(1))};COMMIT`);
  await on.pass(5_000);
  await on.write('APPEND l0 2b');
  await on.pass(1_000);
  on.sayNodes();
  expect(on.transcript).toEqual([
    'first a leader, now UP: l0=2b r1=1a',
    'first a follower, now UP: l0=2b r1=1a',
    'first a follower, now UP: l0=2b r1=1a',
  ]);
});

test('a resync that begins while its node is drained is not mixed up with that', async () => {
  const on = await opened({ acks: 'leader' });
  const { resyncs, cluster, nodes } = on.balancer;
  const [drained] = on.followers;
  const name = nodeName(drained!.name);
  drained!.slowness = 100;
  await on.write('APPEND l0 1a');
  const ends = cluster.drain(name).catch((error: LockstepError) => on.say(`drain: ${error.code}`));
  const resync = resyncs.start(name);
  await on.after(Promise.all([ends, resync]));
  drained!.slowness = 1;
  await on.pass(8_000);
  on.say(`${nodes.get(name)?.state}: ${on.contents(drained!)}`);
  expect(on.transcript).toEqual(['drain: conflict', 'UP: l0=1a']);
});

test('what was read on a node that left meanwhile is not forgotten', async () => {
  const on = await opened({ nodes: 2, acks: 'leader' });
  const { cluster, nodes } = on.balancer;
  const { leader } = on;
  const [follower] = on.followers;
  const holder = follower!.accept(
    () => undefined,
    () => undefined,
  );
  holder.receive('BEGIN;DELETE r1');
  await on.pass(5);
  await on.write('INSERT r1 1a');
  await on.write('APPEND l0 2b');
  const node = nodes.get(nodeName(leader.name))!;
  leader.slowness = 100;
  let reader = new SimReader(on.world, on.balancer);
  let reading = reader.read();
  // The nodes take turns.
  for (await on.pass(2); node.pool.inUse === 0; await on.pass(2)) {
    await on.after(reading);
    reader = new SimReader(on.world, on.balancer);
    reading = reader.read();
  }
  const drained = cluster.drain(node.name);
  await on.after(reading);
  const next = reader.read().then(() => on.say('it is read'));
  await on.pass(100);
  on.say('the follower gets it');
  holder.end();
  await on.after(Promise.all([next, drained]));
  expect(on.transcript).toEqual(['the follower gets it', 'it is read']);
});

test('who was told of a row by an error is not shown a copy without it', async () => {
  const on = await opened({ nodes: 2, acks: 'leader' });
  const [follower] = on.followers;
  const holder = follower!.accept(
    () => undefined,
    () => undefined,
  );
  holder.receive('BEGIN;DELETE r0');
  await on.pass(5);
  await on.write('INSERT r0 1a');
  await on.write('APPEND l0 2b');
  await on.write('INSERT r1 3c');
  // The nodes take turns: one of two would be shown what the follower has.
  for (const token of ['4d', '5e']) {
    const actor = await on.actor();
    const answer = await on.after(actor.lane.run(`INSERT r1 ${token}`));
    on.say(answer.kind === 'error' ? `error ${answer.errno}: ${answer.message}` : 'it is there');
    const reader = new SimReader(on.world, on.balancer);
    reader.told(on.leadership.name, answer.kind === 'error' ? answer.message : '');
    await on.after(actor.lane.rollback());
    await on.after(reader.read());
  }
  holder.end();
  expect(on.transcript).toEqual(['error 1062: 3c', 'error 1062: 3c']);
});

describe('a node that a restart of the balancer does not make fit', () => {
  async function restart(on: Stage): Promise<void> {
    on.world.crashBalancer(false);
    const started = on.world.startBalancer();
    await on.pass(8_000);
    await started;
  }

  test('it was found unfit before', async () => {
    const on = await opened();
    await on.write('APPEND l0 1a');
    const name = nodeName(on.followers[0]!.name);
    on.balancer.cluster.strand(name, 'it has what the log does not');
    await on.pass(1_000);
    await restart(on);
    expect(on.balancer.nodes.get(name)).toMatchObject({
      state: 'QUARANTINED',
      reason: expect.stringContaining('it was quarantined before'),
    });
  });

  test('a copy to it was under way', async () => {
    const on = await opened();
    await on.write('APPEND l0 1a');
    const [target] = on.followers;
    const name = nodeName(target!.name);
    await on.after(on.balancer.resyncs.start(name));
    const underWay = (): boolean => target!.store.get('lockstep.node')!.includes('resyncing');
    for (let left = 1_000; left > 0 && !underWay(); left--) await on.pass(0.5);
    await restart(on);
    expect(on.balancer.nodes.get(name)).toMatchObject({
      state: 'QUARANTINED',
      reason: expect.stringContaining('was interrupted'),
    });
  });
});

import { assert, expect, test } from 'vitest';
import { nodeName } from '../../src/base/brands.ts';
import type { LockstepError } from '../../src/base/errors.ts';
import { NodeFollower } from '../../src/replication/shell/node-follower.ts';
import { opened } from './open-stage.ts';

test('DDL that waits for a transaction waits for the copy that begins meanwhile, too', async () => {
  const on = await opened();
  const { gate } = on.balancer.replicator;
  const release = await gate.shared(1_000);
  const ddl = gate.exclusiveSchema(2_000).then((leave) => {
    on.say('DDL may run');
    leave();
  });
  const copied = gate.schema.take();
  release();
  await on.pass(100);
  on.say('the copy ends');
  copied();
  await on.after(ddl);
  expect(on.transcript).toEqual(['the copy ends', 'DDL may run']);
});

test('a fold of markers that is refused keeps nothing locked', async () => {
  const on = await opened();
  const { leader } = on;
  const session = () =>
    leader.accept(
      (results) => on.say(results.map(({ kind }) => kind).join()),
      () => undefined,
    );
  const node = on.balancer.nodes.get(nodeName(leader.name))!;
  const port = new NodeFollower({
    name: node.name,
    open: () => node.openControl(),
    analyse: () => assert.fail('it applies nothing'),
    readFile: () => assert.fail('it applies nothing'),
    onApplied: () => undefined,
    onDdl: () => undefined,
  });
  const written = await on.write('APPEND l0 1a');
  // A marker that somebody holds lets the position move, but cannot be taken away.
  const holder = session();
  holder.receive('BEGIN;DELETE FROM lockstep.applied');
  await on.pass(20);
  await expect(on.after(port.foldMarkers(written))).rejects.toThrow('1205');
  holder.end();
  await on.pass(20);
  session().receive('UPDATE lockstep.node SET ddl_seq=0 WHERE id=1');
  await on.pass(20);
  expect(on.transcript).toEqual(['ok,ok', 'ok']);
  port.close();
});

test('a leader that dies while its resync waits for a transaction is recovered', async () => {
  const on = await opened();
  await on.write('APPEND l0 1a');
  const { leader } = on;
  const { gate } = on.balancer.replicator;
  const release = await gate.shared(1_000);
  const resync = on.balancer.resyncs
    .start(nodeName(leader.name))
    .catch(({ code }: LockstepError) => on.say(code));
  await on.pass(10);
  leader.crash();
  await on.pass(300);
  leader.start();
  await on.after(resync, 100_000);
  release();
  await on.pass(5_000);
  on.sayNodes();
  expect(on.transcript).toEqual([
    'ddl_wait_timeout',
    'first a leader, now UP: l0=1a',
    'first a follower, now UP: l0=1a',
    'first a follower, now UP: l0=1a',
  ]);
});

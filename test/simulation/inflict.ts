import { type NodeName, nodeName } from '../../src/base/brands.ts';
import { LockstepError } from '../../src/base/errors.ts';
import { NodeConnectionLostError } from '../../src/nodes/node-connection.ts';
import type { Fault } from './faults.ts';
import type { SimServer } from './sim-server.ts';
import type { SimSession } from './sim-session.ts';
import type { Simulation } from './simulation.ts';

/** Makes a fault happen now, and the end of it later. */
export function inflict(world: Simulation, fault: Fault): void {
  const server = world.servers[fault.node];
  if (!server) return;
  if (/balancer|disk|clock/.test(fault.kind)) inflictOnBalancer(world, fault);
  else inflictOnNode(world, fault, server);
}

function inflictOnBalancer(world: Simulation, { kind, forMs, choice }: Fault): void {
  const { clock, balancer, random } = world;
  switch (kind) {
    case 'crash_balancer':
      crashBalancer(world, choice < 0.6, Math.min(forMs, 1_500));
      return;
    case 'freeze_balancer':
      balancer?.process.freeze(forMs);
      world.occurrences.add('the balancer was frozen');
      return;
    case 'disk_errors':
    case 'disk_full':
      if (!balancer) return;
      world.diskFaults = {
        share: choice,
        full: kind === 'disk_full',
        onSyncFailed: random.chance(0.4) ? () => dieOfDisk(world) : undefined,
      };
      clock.after(forMs, () => {
        world.diskFaults = undefined;
      });
      return;
    case 'clock_jump':
      balancer?.process.jump((choice - 0.5) * 10_000_000);
      world.occurrences.add('the calendar jumped');
      return;
    default:
      return;
  }
}

/** `power`: what the disk had not confirmed may be gone too. */
function crashBalancer(world: Simulation, power: boolean, downMs: number): void {
  if (!world.balancer) return;
  world.crashBalancer(power);
  world.occurrences.add('the balancer died');
  if (power) world.occurrences.add('the power failed');
  world.diskFaults = undefined;
  world.clock.after(downMs, () => {
    world.startBalancer().catch((error: unknown) => world.fault(error));
  });
}

/** Where the disk fails, the rest of the machine often follows: before all is cleaned up. */
function dieOfDisk(world: Simulation): void {
  const { random, balancer } = world;
  world.clock.after(random.between(0, 60), () => {
    if (world.balancer !== balancer) return;
    world.occurrences.add('the balancer died of its disk');
    crashBalancer(world, random.chance(0.5), 100);
  });
}

function inflictOnNode(world: Simulation, fault: Fault, server: SimServer): void {
  const { clock } = world;
  const { kind, forMs, choice } = fault;
  const node = world.balancer?.nodes.get(nodeName(server.name));
  switch (kind) {
    case 'crash_node':
      crashServer(world, server, forMs);
      return;
    case 'pause_node':
      server.process.freeze(forMs);
      return;
    case 'slow_node':
      server.slowness = 5 + choice * 200;
      clock.after(forMs, () => {
        server.slowness = 1;
      });
      return;
    case 'failing_statements':
      server.failing = choice * 0.5;
      clock.after(forMs, () => {
        server.failing = 0;
      });
      return;
    case 'partition_node':
      world.hold(server, forMs);
      return;
    case 'cut_connections':
      for (const connection of node?.connections ?? []) {
        if (world.random.chance(choice)) connection.cut();
      }
      return;
    case 'kill_session':
      for (let left = 2 + Math.floor(choice * 14); left > 0; left--) {
        clock.after(world.random.between(0, 400), () => killSession(world, server));
      }
      return;
    case 'back_up_node':
      world.backups.set(server, server.store.backup());
      return;
    case 'restore_node': {
      const backup = world.backups.get(server);
      if (!backup || !server.up) return;
      world.occurrences.add('a server was given an old backup');
      crashServer(world, server, forMs, () => server.store.restore(backup));
      return;
    }
    case 'disable_node':
    case 'drain_node':
    case 'resync_node':
      operate(world, fault, server);
      return;
    default:
      return;
  }
}

/**
 * Best one that others wait for: its transaction may be logged although its locks are gone. For
 * one that has a row which others want too it waits a while: logged late it takes no effect.
 */
function killSession(world: Simulation, server: SimServer, patience = 40): void {
  const { random, occurrences } = world;
  const open = server.sessions.filter((session) => session.inTransaction);
  const awaitedFor = (keys: RegExp): SimSession[] =>
    open.filter((session) => server.locks.isAwaited(session, keys));
  const rows = awaitedFor(/^r/);
  if (rows.length === 0 && patience > 0) {
    world.clock.after(1, () => killSession(world, server, patience - 1));
    return;
  }
  if (open.length === 0) return;
  const awaited = rows.length > 0 ? rows : awaitedFor(/./);
  const noticeAfterMs = random.chance(0.7) ? random.between(0, 60) : 0;
  random.pick(awaited.length > 0 ? awaited : open).end(noticeAfterMs);
  world.endedAloneAtMs.set(server, world.clock.nowMs());
  occurrences.add('a session was ended by its server alone');
}

/**
 * It ended a session alone. If it starts anew before the balancer has looked at it, nobody knows
 * any more: a limit, which is a scenario in `traps-died-alone.test.ts`.
 */
const hidesWhatEnded = (world: Simulation, server: SimServer): boolean =>
  world.clock.nowMs() - (world.endedAloneAtMs.get(server) ?? -Infinity) < 1_000;

/** A server takes longer to start than its connections to break. */
function crashServer(
  world: Simulation,
  server: SimServer,
  downMs: number,
  meanwhile = (): void => undefined,
): void {
  if (!server.up || hidesWhatEnded(world, server)) return;
  server.crash();
  meanwhile();
  const start = (): void => {
    // A balancer that sleeps has not heard of the crash yet.
    if (world.balancer?.process.frozen) world.clock.after(100, start);
    else server.start();
  };
  world.clock.after(300 + downMs, start);
}

function operate(world: Simulation, fault: Fault, server: SimServer): void {
  const { balancer } = world;
  const name = nodeName(server.name);
  if (!balancer) return;
  const { cluster } = balancer;
  const expected = (error: unknown): void => {
    if (!(error instanceof LockstepError)) world.fault(error);
  };
  if (fault.kind === 'resync_node') {
    // A node that does not answer, or was lost meanwhile, is an answer that an operator may get.
    balancer.resyncs.start(name).catch((error: unknown) => {
      if (!(error instanceof NodeConnectionLostError)) expected(error);
    });
    return;
  }
  if (fault.kind === 'disable_node') cluster.disable(name).catch(expected);
  else whileRead(world, name, () => cluster.drain(name).catch(expected));
  world.clock.after(fault.forMs, () => {
    if (world.balancer !== balancer) return;
    try {
      if (balancer.nodes.get(name)?.state === 'DISABLED') cluster.enable(name);
    } catch (error) {
      expected(error);
    }
  });
}

/** Best in the middle of an answer: what it shows is known only when the node has left. */
function whileRead(world: Simulation, name: NodeName, run: () => unknown): void {
  const { clock, balancer } = world;
  const node = balancer?.nodes.get(name);
  const wait = (left: number): void => {
    if (world.balancer !== balancer) return;
    if (left === 0 || (node && node.pool.inUse > 0)) run();
    else clock.after(0.3, () => wait(left - 1));
  };
  wait(100);
}

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type NodeName, nodeName, seq } from '../../base/brands.ts';
import { SimulatedClock } from '../../health/testing/simulated-clock.ts';
import { type EmbeddedLog, openEmbeddedLog } from '../../log/embedded-log.ts';
import { SimulatedDisk } from '../../log/testing/simulated-disk.ts';
import type { NodeState } from '../../nodes/node-state.ts';
import { EventLog } from '../../telemetry/event-log.ts';
import type { LockstepEvent } from '../../telemetry/events.ts';
import { Sequencer } from '../sequencer.ts';
import { type Claimant, LogKeeper, type LogLimits } from './log-keeper.ts';

const [one, two, three] = [nodeName('mysql1'), nodeName('mysql2'), nodeName('mysql3')];
const hourMs = 60 * 60_000;

describe('the log is cut', () => {
  let clock: SimulatedClock;
  let events: EventLog;
  let log: EmbeddedLog;
  let sequencer: Sequencer;
  let freeBytes: number | undefined;
  const generous: LogLimits = {
    folder: '/log',
    retentionBytes: 1_000_000,
    retentionAgeMs: 24 * hourMs,
    keepBytes: 0,
    freeBytesMin: 0,
  };

  beforeEach(async () => {
    clock = new SimulatedClock();
    events = new EventLog({ clock, capacity: 100 });
    const disk = new SimulatedDisk({ random: () => 0, decide: () => undefined });
    const fileSystem = { ...disk.fileSystem(), freeBytes: async () => freeBytes };
    const shared = { fileSystem, clock, randomU32: () => 1, pause: () => Promise.resolve() };
    log = await openEmbeddedLog({
      ...shared,
      folder: '/log',
      segmentBytes: 2_000,
      onWarning: () => {},
    });
    sequencer = new Sequencer({ log, clock, onDurable: () => {} });
    freeBytes = undefined;
  });
  afterEach(() => log.close());

  const append = async (count: number): Promise<void> => {
    const context = { schema: '', settings: '' };
    const result = { affectedRows: 1, insertId: '0', errno: 0, comparable: 'exact' } as const;
    const sql = 'x'.repeat(100);
    const command = { sql, parameters: [], parameterOffsets: [], context, pins: {}, result };
    for (let left = count; left > 0; left--) {
      const draft = {
        kind: 'transaction',
        epoch: 1,
        lastCommitted: seq(0),
        confirmed: seq(0),
      } as const;
      await sequencer.append({ ...draft, commands: [command] }).durable;
    }
  };
  const node = (name: NodeName, state: NodeState, position: number): Claimant => ({
    name,
    state,
    applied: state === 'UP' || state === 'RECOVERING' ? seq(position) : undefined,
    last: seq(position),
    inSync: state === 'UP',
  });
  /** Long enough for what the nodes have to be surely on their disks. */
  const keep = async (limits: LogLimits, nodes: readonly Claimant[]): Promise<void> => {
    const keeper = new LogKeeper({ clock, events, log, sequencer, limits });
    await keeper.keep(nodes);
    await clock.advance(10_000);
    await keeper.keep(nodes);
  };
  const told = (kind: LockstepEvent['kind']): unknown[] =>
    events.since(0).filter((event) => event.kind === kind);

  test('behind what every node has', async () => {
    await append(100);
    await keep(generous, [node(one, 'UP', 100), node(two, 'UP', 60)]);
    expect(log.firstSeq).toBeGreaterThan(50);
    expect(log.firstSeq).toBeLessThanOrEqual(60);
    expect(told('place_given_up')).toEqual([]);
  });

  test('never past a node that is away while the log is within its limits', async () => {
    await append(100);
    await keep(generous, [node(one, 'UP', 100), node(two, 'DOWN', 5)]);
    expect(log.firstSeq).toBe(1);
  });

  test('past a node that is away once the log is too large, and an event says so', async () => {
    await append(100);
    const nodes = [node(one, 'UP', 100), node(two, 'DOWN', 5), node(three, 'DISABLED', 95)];
    await keep({ ...generous, retentionBytes: 6_000 }, nodes);
    expect(log.sizeBytes).toBeLessThanOrEqual(6_000);
    expect(log.sizeBytes).toBeGreaterThan(2_000);
    expect(log.firstSeq).toBeLessThanOrEqual(95);
    const event = { node: two, from: 6, pending: 95, logBegins: log.firstSeq };
    expect(told('place_given_up')).toMatchObject([event]);
    expect(told('place_given_up')).toMatchObject([{ limit: 'log.retention_bytes: 6000' }]);
  });

  test('past a node that is away once what it lacks is too old', async () => {
    await append(60);
    await clock.advance(2 * hourMs);
    await append(40);
    const nodes = [node(one, 'UP', 100), node(two, 'DOWN', 5)];
    await keep({ ...generous, retentionAgeMs: 3 * hourMs }, nodes);
    expect(log.firstSeq).toBe(1);
    await keep({ ...generous, retentionAgeMs: hourMs }, nodes);
    expect(log.firstSeq).toBeGreaterThan(40);
    expect(log.firstSeq).toBeLessThanOrEqual(61);
    expect(told('place_given_up')).toMatchObject([{ node: two, limit: 'log.retention_age: 1h' }]);
  });

  test('a node whose place is given up is told of once', async () => {
    await append(100);
    const nodes = [node(one, 'UP', 100), node(two, 'DOWN', 5)];
    await keep({ ...generous, retentionBytes: 6_000 }, nodes);
    await append(100);
    await keep({ ...generous, retentionBytes: 6_000 }, [node(one, 'UP', 200), nodes[1]!]);
    expect(told('place_given_up')).toHaveLength(1);
  });

  test.each(['RECOVERING', 'LAGGING', 'RESYNCING', 'JOINING', 'DRAINING'] as const)(
    'never past a node that is %s, however large it is',
    async (state) => {
      await append(100);
      const behind = { ...node(two, state, 5), applied: seq(5) };
      const nodes = [node(one, 'UP', 100), behind, node(three, 'DOWN', 1)];
      await keep({ ...generous, retentionBytes: 4_000, retentionAgeMs: 1000 }, nodes);
      expect(log.firstSeq).toBe(1);
      expect(told('place_given_up')).toEqual([]);
    },
  );

  test('nothing when no node is in sync: the log may be all there is', async () => {
    await append(100);
    const nodes = [node(one, 'DOWN', 100), node(two, 'DOWN', 5), node(three, 'RECOVERING', 100)];
    await keep({ ...generous, retentionBytes: 4_000, retentionAgeMs: 1000 }, nodes);
    expect(log.firstSeq).toBe(1);
  });

  test('never past what the nodes in sync surely have on their disks', async () => {
    await append(100);
    const keeper = new LogKeeper({
      ...{ clock, events, log, sequencer },
      limits: { ...generous, retentionBytes: 4_000 },
    });
    const away = node(two, 'DOWN', 5);
    await keeper.keep([node(one, 'UP', 40), away]);
    await clock.advance(10_000);
    await keeper.keep([node(one, 'UP', 100), away]);
    expect(log.firstSeq).toBeGreaterThan(20);
    expect(log.firstSeq).toBeLessThanOrEqual(40);
  });

  test('as if a quarantined node were not there: the log is of no use to it', async () => {
    await append(100);
    await keep(generous, [node(one, 'UP', 100), node(two, 'QUARANTINED', 5)]);
    expect(log.firstSeq).toBeGreaterThan(80);
    expect(told('place_given_up')).toEqual([]);
  });

  test('but so much stays as the operator wants kept', async () => {
    await append(100);
    await keep({ ...generous, keepBytes: 8_000 }, [node(one, 'UP', 100), node(two, 'UP', 100)]);
    expect(log.firstSeq).toBeGreaterThan(1);
    expect(log.sizeBytes).toBeGreaterThanOrEqual(8_000);
  });

  test('a disk that runs full is told of once, and that it is well again', async () => {
    const keeper = new LogKeeper({
      ...{ clock, events, log, sequencer },
      limits: { ...generous, freeBytesMin: 1_000 },
    });
    for (const free of [undefined, 5_000, 900, 800, 1_000, 900]) {
      freeBytes = free;
      await keeper.keep([]);
    }
    const kinds = events.since(0).map(({ kind }) => kind);
    expect(kinds).toEqual(['log_space_low', 'log_space_ok', 'log_space_low']);
    expect(events.since(0)[0]).toMatchObject({ folder: '/log', freeBytes: 900 });
  });
});

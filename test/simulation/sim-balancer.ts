import { type NodeName, nodeName } from '../../src/base/brands.ts';
import type { Config } from '../../src/config/config.ts';
import { FailoverManager } from '../../src/health/failover-manager.ts';
import { HealthMonitor } from '../../src/health/health-monitor.ts';
import { RecoveryManager } from '../../src/health/recovery-manager.ts';
import { type EmbeddedLog, openEmbeddedLog } from '../../src/log/embedded-log.ts';
import type { Node } from '../../src/nodes/node.ts';
import { decodeEntry } from '../../src/replication/entry-codec.ts';
import type { Entry } from '../../src/replication/entry.ts';
import { Replicator } from '../../src/replication/replicator.ts';
import { Sequencer } from '../../src/replication/sequencer.ts';
import { AutomaticResync } from '../../src/replication/shell/automatic-resync.ts';
import { Cluster } from '../../src/replication/shell/cluster.ts';
import { lastEpoch } from '../../src/replication/shell/last-epoch.ts';
import { LeaderDdl } from '../../src/replication/shell/leader-ddl.ts';
import type { LogLimits } from '../../src/replication/shell/log-keeper.ts';
import { NodeFollower } from '../../src/replication/shell/node-follower.ts';
import type { FirstStart } from '../../src/replication/shell/first-start.ts';
import type { NodeRecovery } from '../../src/replication/shell/node-recovery.ts';
import { ResyncManager } from '../../src/replication/shell/resync-manager.ts';
import { ReadRouter } from '../../src/routing/read-router.ts';
import { createStrategy } from '../../src/routing/strategies/strategies.ts';
import type { Statement } from '../../src/sql/statement.ts';
import { EventLog } from '../../src/telemetry/event-log.ts';
import { Violation } from './oracle.ts';
import { noNodeTimeoutMs } from './sim-reader.ts';
import type { Process } from './process.ts';
import { copySimNode } from './sim-copy.ts';
import { SimCache } from './sim-cache.ts';
import { SimNode } from './sim-node.ts';
import { SimRecovery } from './sim-recovery.ts';
import type { Simulation } from './simulation.ts';
import { slowedFileSystem } from './slowed-file-system.ts';

/** The real log, core, shell and health of one life of the balancer. */
export interface SimBalancer {
  readonly process: Process;
  readonly nodes: ReadonlyMap<NodeName, SimNode>;
  readonly log: EmbeddedLog;
  readonly sequencer: Sequencer;
  readonly replicator: Replicator;
  readonly cluster: Cluster;
  readonly leaderDdl: LeaderDdl;
  readonly router: ReadRouter;
  readonly resyncs: ResyncManager;
  readonly cache: SimCache;
}

const folder = '/log';
/** The disk of the simulation is small, and no node is away for ever. */
const logLimits: LogLimits = {
  folder,
  retentionBytes: Infinity,
  retentionAgeMs: Infinity,
  keepBytes: 0,
  freeBytesMin: 0,
};
/** Simulated servers begin empty, all alike. */
const firstStart = {
  hasSource: false,
  admit: () => Promise.resolve({ kind: 'admitted' }),
  takeUnlike: () => false,
  close: () => undefined,
} as unknown as FirstStart;
const everything = { entriesMax: 100, bytesMax: 1_000_000 };

/** As `createBalancer` does, on what the simulation owns. */
export async function startBalancer(world: Simulation, process: Process): Promise<SimBalancer> {
  const { settings, random } = world;
  const log = await openEmbeddedLog({
    folder,
    segmentBytes: settings.segmentBytes,
    windowBytes: random.pick([0, 2_000, 100_000]),
    clusterId: 'simulated',
    fileSystem: slowedFileSystem(world.disk.fileSystem(), process, random, world.occurrences),
    clock: process,
    randomU32: () => random.below(0x1_0000_0000),
    pause: () => Promise.resolve(),
    onWarning: (message) => {
      if (message.includes('interrupted')) world.occurrences.add('a torn record was cut off');
    },
  });
  await checkLog(world, log);
  if (log.trailingIntent) world.occurrences.add('a start found DDL of unknown outcome');
  const nodes = new Map<NodeName, SimNode>();
  const onDurable = (entry: Entry): void => {
    world.guard(() => world.oracle.learn(entry));
    if (world.oracle.isVoid(entry.seq)) world.occurrences.add('an entry took no effect');
    replicator.onDurable(entry);
  };
  const events = new EventLog({ clock: process, capacity: 100 });
  const cache = new SimCache(log.lastSeq, events);
  const sequencer: Sequencer = new Sequencer({ log, clock: process, onDurable, changes: cache });
  events.subscribe((event) => world.onEvent(event));
  const analyse = (sql: string): Statement => statementOf(sql);
  const cluster = createCluster({ world, process, events, log, nodes, sequencer, analyse });
  const replicator: Replicator = new Replicator({
    sequencer,
    clock: process,
    acks: settings.acks,
    syncTimeoutMs: settings.syncTimeoutMs,
    minInSync: settings.minInSync,
    noNodeTimeoutMs,
    queuedWritesMax: 1_000,
    applyLimits: { entriesMax: settings.batchEntriesMax, bytesMax: 1_000_000 },
    nodeCount: () => nodes.size,
    epoch: await lastEpoch(log),
    observer: cluster,
  });
  const monitor = createMonitor(world, process, nodes);
  const router = addNodes(world, process, nodes, monitor);
  const parts = connectHealth({ world, process, log, replicator, cluster, monitor, analyse });
  const resyncs = createResyncs({
    world,
    monitor,
    process,
    log,
    nodes,
    replicator,
    sequencer,
    events,
    cluster,
    ...parts,
  });
  const shared = { clock: process, events, replicator, resyncs };
  const enabled = (): boolean => settings.automaticResync;
  const automaticResync = new AutomaticResync({ enabled, ...shared });
  await cluster.start({ replicator, monitor, resyncs, automaticResync, firstStart, ...parts });
  const leaderDdl = new LeaderDdl({
    replicator,
    sequencer,
    clock: process,
    openControl: (name) => nodes.get(name)!.openControl(),
    onStranded: (name, detail) => cluster.strand(name, detail),
  });
  return { process, nodes, log, sequencer, replicator, cluster, leaderDdl, router, resyncs, cache };
}

function createMonitor(
  world: Simulation,
  process: Process,
  nodes: ReadonlyMap<NodeName, SimNode>,
): HealthMonitor {
  return new HealthMonitor({
    clock: process,
    intervalMs: world.settings.healthIntervalMs,
    timeoutMs: 1_000,
    check: (name, signal) => nodes.get(name)!.check(signal),
    onFault: (error) => world.fault(error),
  });
}

function createResyncs(parts: {
  world: Simulation;
  process: Process;
  log: EmbeddedLog;
  nodes: Map<NodeName, SimNode>;
  replicator: Replicator;
  sequencer: Sequencer;
  events: EventLog;
  cluster: Cluster;
  recovery: NodeRecovery;
  monitor: HealthMonitor;
}): ResyncManager {
  const { world, process, log, nodes, cluster } = parts;
  return new ResyncManager({
    ...parts,
    nodes: nodes as unknown as Map<NodeName, Node>,
    clock: process,
    clusterId: log.clusterId,
    copy: (options) => copySimNode(options, process, world.random),
    takeOut: (node) => cluster.takeOutForResync(node),
    onSnapshot: (name, seq) => cluster.keepLogAfter(name, seq),
  });
}

function createCluster(parts: {
  world: Simulation;
  process: Process;
  events: EventLog;
  log: EmbeddedLog;
  nodes: Map<NodeName, SimNode>;
  sequencer: Sequencer;
  analyse: (sql: string) => Statement;
}): Cluster {
  const { world, process, events, log, nodes, sequencer, analyse } = parts;
  return new Cluster({
    config: { ddlWaitTimeoutMs: 2_000, log: logLimits } as unknown as Config,
    clock: process,
    events,
    log,
    nodes: nodes as unknown as Map<NodeName, Node>,
    sequencer,
    positions: world.positions as never,
    followerOf: (node) =>
      new NodeFollower({
        name: node.name,
        open: () => node.openControl(),
        analyse: (command) => analyse(command.sql),
        readFile: (file) => log.files.read(file),
        onApplied: () => undefined,
        onDdl: () => undefined,
      }),
  });
}

function addNodes(
  world: Simulation,
  process: Process,
  nodes: Map<NodeName, SimNode>,
  monitor: HealthMonitor,
): ReadRouter {
  const { random } = world;
  const strategy = createStrategy('round_robin', { random: random.next });
  const router = new ReadRouter({ clock: process, strategy });
  for (const server of world.servers) {
    const name = nodeName(server.name);
    const node = new SimNode({
      name,
      process,
      random,
      server,
      heldUntilMs: () => world.heldUntilMs(server),
      onSuspect: (suspect, reason) => monitor.suspect(suspect, reason),
      onRestarted: (restarted) => monitor.restarted(restarted),
      onState: (changed, state, reason) => world.onState(changed, state, reason),
    });
    nodes.set(name, node);
    router.add(name, 1);
  }
  return router;
}

function connectHealth(parts: {
  world: Simulation;
  process: Process;
  log: EmbeddedLog;
  replicator: Replicator;
  cluster: Cluster;
  monitor: HealthMonitor;
  analyse: (sql: string) => Statement;
}): { recovery: NodeRecovery; recoveryManager: RecoveryManager } {
  const { world, process, log, replicator, cluster, monitor, analyse } = parts;
  const recovery = new SimRecovery(world, {
    log,
    clock: process,
    clusterId: log.clusterId,
    epoch: () => replicator.epoch,
    users: () => ['app'],
    analyse,
    confirmIntent: async (name, seq) => {
      const confirmed = await cluster.confirmIntent(name, seq);
      if (confirmed) world.occurrences.add('DDL was found to have taken effect');
      return confirmed;
    },
    whileNoDdl: (decide) => parts.replicator.gate.whileShared(2_000, decide),
    firstStart,
    nodeCount: () => world.settings.nodes,
  });
  const recoveryManager = new RecoveryManager({
    clock: process,
    recover: (name, signal) => cluster.recover(name, signal),
    retryDelayMaxMs: 2_000,
    onOutcome: (node, outcome) => {
      if (outcome.kind === 'failed') parts.world.note(`${node} not recovered: ${outcome.reason}`);
    },
  });
  monitor.subscribe(
    new FailoverManager({ takeOut: (name, reason) => cluster.takeOut(name, reason) }),
  );
  monitor.subscribe(recoveryManager);
  return { recovery, recoveryManager };
}

/** What was durable before is still there, unchanged; what is new was on its way. */
async function checkLog(world: Simulation, log: EmbeddedLog): Promise<void> {
  const { oracle } = world;
  if (log.lastSeq < oracle.lastSeq) {
    throw new Violation(`the log ends at ${log.lastSeq}, but ${oracle.lastSeq} was durable`);
  }
  for (let from = log.firstSeq; from <= log.lastSeq; ) {
    const records = await log.read(from, everything);
    for (const record of records) oracle.learn(decodeEntry(record.payload));
    from = (records.at(-1)!.seq + 1) as typeof from;
  }
}

/** Only what the fingerprint of DDL asks for. */
function statementOf(sql: string): Statement {
  return { tables: [{ name: sql.split(' ')[2] ?? '' }] } as unknown as Statement;
}

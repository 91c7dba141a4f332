import type { NodeName } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { Config, NodeConfig } from '../config/config.ts';
import type { ConfigOrigin } from '../config/config-origin.ts';
import { joinSettings, type LiveConfig } from '../config/live-config.ts';
import { userNames } from '../config/users-of.ts';
import type { LoadedMembers } from './load-members.ts';
import { FailoverManager } from '../health/failover-manager.ts';
import { HealthMonitor } from '../health/health-monitor.ts';
import { RecoveryManager } from '../health/recovery-manager.ts';
import type { EmbeddedLog } from '../log/embedded-log.ts';
import { commonVersion } from '../nodes/common-version.ts';
import { Node } from '../nodes/node.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import { NodeChecker } from '../nodes/node-checker.ts';
import { ControlConnection } from '../nodes/control-connection.ts';
import type { Entry } from '../replication/entry.ts';
import type { ReadLimits } from '../replication/entry-source.ts';
import { Replicator } from '../replication/replicator.ts';
import { type LogStateEvent, Sequencer } from '../replication/sequencer.ts';
import { AutomaticResync } from '../replication/shell/automatic-resync.ts';
import { Cluster } from '../replication/shell/cluster.ts';
import { FirstStart } from '../replication/shell/first-start.ts';
import { NodeFollower } from '../replication/shell/node-follower.ts';
import { NodeRecovery } from '../replication/shell/node-recovery.ts';
import { ResyncManager } from '../replication/shell/resync-manager.ts';
import { Verifications } from '../replication/shell/verify/verifications.ts';
import { PositionFile } from '../log/position-file.ts';
import { TableChanges } from '../replication/table-changes.ts';
import { lexModeOf, readingOf } from '../replication/text-reading.ts';
import { ReadRouter } from '../routing/read-router.ts';
import { createStrategy } from '../routing/strategies/strategies.ts';
import { type LexMode, sharedMode } from '../sql/lex-mode.ts';
import type { Statement } from '../sql/statement.ts';
import { StatementCache } from '../sql/statement-cache.ts';
import { Counters } from '../telemetry/counters.ts';
import type { EventLog } from '../telemetry/event-log.ts';
import type { Logger } from '../telemetry/logger.ts';
import { WorkerPool } from '../workers/worker-pool.ts';
import { mainLimits } from '../workers/worker-settings.ts';

export interface Base extends LoadedMembers {
  /** `config` is its view: what is kept of it shows what holds now. */
  readonly live: LiveConfig;
  readonly origin: ConfigOrigin;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly events: EventLog;
  readonly log: EmbeddedLog;
}

/** The parts below sessions and HTTP: nodes, log and what keeps them equal. */
export interface Core {
  readonly nodes: Map<NodeName, Node>;
  readonly router: ReadRouter;
  readonly counters: Counters;
  readonly statements: StatementCache;
  readonly analyse: (sql: string, reading?: string) => Statement;
  readonly sequencer: Sequencer;
  readonly tableChanges: TableChanges;
  readonly replicator: Replicator;
  readonly cluster: Cluster;
  readonly monitor: HealthMonitor;
  readonly checker: NodeChecker;
  /** Undefined: all reads are answered here. */
  readonly lender: WorkerPool | undefined;
}

export interface CoreServices {
  readonly recovery: NodeRecovery;
  readonly recoveryManager: RecoveryManager;
  readonly resyncs: ResyncManager;
  readonly automaticResync: AutomaticResync;
  readonly firstStart: FirstStart;
  readonly verifications: Verifications;
  readonly leaderControl: ControlConnection;
}

export function assembleCore(base: Base, epoch: number): Core {
  const { live, config, clock, random, events, log } = base;
  const counters = new Counters();
  const statements = new StatementCache(() => config.limits.statementCache);
  const strategy = createStrategy(config.strategy, { random });
  const router = new ReadRouter({ clock, strategy });
  const nodes = new Map<NodeName, Node>();
  const modeOf = (reading: string): LexMode => {
    const serverVersion = commonVersion(nodes.values());
    return sharedMode({
      ...(serverVersion !== undefined && { serverVersion }),
      ...lexModeOf(reading),
      flavor: [...nodes.values()].find((node) => node.facts)?.facts?.flavor ?? 'mysql',
    });
  };
  const analyse = (sql: string, reading = ''): Statement =>
    statements.analyse(sql, modeOf(reading));
  const readersTold = (): Promise<void> | undefined => lender?.readersTold();
  const onDurable = (entry: Entry): void => replicator.onDurable(entry);
  const onLogState = (event: LogStateEvent): unknown => events.publish(event);
  const tableChanges = new TableChanges(log.lastSeq);
  const sequencer: Sequencer = new Sequencer({
    log,
    clock,
    onDurable,
    onLogState,
    changes: tableChanges,
  });
  const followerOf = (node: Node): NodeFollower =>
    new NodeFollower({
      name: node.name,
      open: () => node.openControl(),
      analyse: ({ sql, context }) => analyse(sql, readingOf(context)),
      maxAllowedPacket: () => node.facts?.maxAllowedPacket,
      readFile: (file) => log.files.read(file),
      onApplied: (commands) => {
        counters.node(node.name).applied += commands;
      },
      onDdl: () => node.definitionsChanged(),
    });
  const cluster = new Cluster({
    config,
    clock,
    events,
    log,
    nodes,
    sequencer,
    positions: new PositionFile(config.log.folder),
    followerOf,
  });
  const shared = { config, clock, nodes, sequencer, epoch, cluster, readersTold };
  const replicator: Replicator = createReplicator(shared);
  const checker = new NodeChecker({ node: (name) => nodes.get(name), clock });
  const monitor = new HealthMonitor(
    joinSettings(config.health, {
      clock,
      check: (name: NodeName, signal: AbortSignal) => checker.check(name, signal),
    }),
  );
  for (const nodeConfig of config.nodes) {
    const node = createNode({ config, clock, events, monitor }, nodeConfig);
    nodes.set(node.name, node);
    router.add(node.name, node.weight);
  }
  const lower = { nodes, router, counters, statements, analyse, sequencer, tableChanges };
  const lent = { live, clock, events, nodes, replicator, monitor };
  const lender: WorkerPool | undefined = config.workers > 1 ? new WorkerPool(lent) : undefined;
  return { ...lower, replicator, cluster, monitor, checker, lender };
}

/** Its settings are read anew at each use. */
function createReplicator({
  config,
  clock,
  nodes,
  sequencer,
  epoch,
  cluster,
  readersTold,
}: Pick<Base & Core, 'config' | 'clock' | 'nodes' | 'sequencer' | 'cluster'> & {
  readonly epoch: number;
  readonly readersTold: () => Promise<void> | undefined;
}): Replicator {
  const own = {
    sequencer,
    clock,
    get queuedWritesMax() {
      return config.limits.queuedWrites;
    },
    applyLimits: applyLimitsOf(config),
    nodeCount: () => nodes.size,
    epoch,
    observer: cluster,
    readersTold,
  };
  return new Replicator(joinSettings(config, own));
}

export function createNode(
  { config, clock, events, monitor }: Pick<Base & Core, 'config' | 'clock' | 'events' | 'monitor'>,
  nodeConfig: NodeConfig,
): Node {
  return new Node({
    config: nodeConfig,
    clock,
    limits: mainLimits(config),
    health: config.health,
    onStateChanged: ({ name, state }, from, reason) =>
      events.publish({ kind: 'node_state_changed', node: name, from, to: state, reason }),
    onSuspect: (suspect, reason) => monitor.suspect(suspect.name, reason),
    onRestarted: (restarted) => monitor.restarted(restarted.name),
  });
}

const applyLimitsOf = ({ apply }: Config): ReadLimits => ({
  get entriesMax() {
    return apply.batchEntriesMax;
  },
  get bytesMax() {
    return apply.batchBytesMax;
  },
});

/** What recovers nodes, and who hears of their health. */
export function connectHealth({ config, clock, events, log }: Base, core: Core): CoreServices {
  const { cluster, replicator, monitor, nodes, sequencer } = core;
  const shared = { nodes, replicator, sequencer, clock };
  const firstStart = new FirstStart({ ...shared, source: config.initialSource });
  const recovery = new NodeRecovery({
    log,
    clock,
    clusterId: log.clusterId,
    epoch: () => replicator.epoch,
    users: () => userNames(config),
    analyse: core.analyse,
    confirmIntent: (name, seq) => cluster.confirmIntent(name, seq),
    firstStart,
    nodeCount: () => nodes.size,
    whileNoDdl: (decide) => replicator.gate.whileShared(config.ddlWaitTimeoutMs, decide),
  });
  const recoveryManager = new RecoveryManager({
    clock,
    recover: (name, signal) => cluster.recover(name, signal),
    onOutcome: (node, outcome) => {
      if (outcome.kind !== 'failed') return;
      const { reason, retry } = outcome;
      events.publish({ kind: 'recovery_failed', node, reason, retry });
      if (retry) nodes.get(node)?.explain('RECOVERING', `${reason} (it is tried again)`);
    },
  });
  const takeOut = (name: NodeName, reason: string): void => cluster.takeOut(name, reason);
  monitor.subscribe(new FailoverManager({ takeOut }));
  monitor.subscribe(recoveryManager);
  const leaderControl = new ControlConnection(() => {
    const leader = replicator.leadership;
    if (!leader) throw new LockstepError('no_node', 'no node can take writes');
    return { node: leader.name, open: () => openControl(core, leader.name) };
  });
  const resyncs = new ResyncManager({
    ...shared,
    events,
    clusterId: log.clusterId,
    recovery,
    monitor,
    takeOut: (node) => cluster.takeOutForResync(node),
    onSnapshot: (name, seq) => cluster.keepLogAfter(name, seq),
  });
  const enabled = (): boolean => config.autoResync;
  const automaticResync = new AutomaticResync({ enabled, clock, events, replicator, resyncs });
  const verifying = { ...shared, events, cluster, monitor };
  const verifications = new Verifications(joinSettings(config.verify, verifying));
  const managers = { recovery, recoveryManager, resyncs, automaticResync, verifications };
  return { ...managers, firstStart, leaderControl };
}

export function openControl({ nodes }: Core, name: NodeName): Promise<NodeConnection> {
  const node = nodes.get(name);
  if (!node) throw new LockstepError('no_node', `node ${name} was removed`);
  return node.openControl();
}

import type { NodeName } from './base/brands.ts';
import { type Clock, systemClock } from './base/clock.ts';
import { LockstepError } from './base/errors.ts';
import type { Config, NodeConfig } from './config/config.ts';
import { balancerMetrics } from './control/balancer-metrics.ts';
import { ownUser, userNames } from './config/users-of.ts';
import { LiveControl } from './control/live-control.ts';
import { type LoadedMembers, loadMembers } from './control/load-members.ts';
import { Membership } from './control/membership.ts';
import { QueryRunner } from './control/query-runner.ts';
import { QueuedCommands } from './control/queued-commands.ts';
import { FailoverManager } from './health/failover-manager.ts';
import { HealthMonitor } from './health/health-monitor.ts';
import { RecoveryManager } from './health/recovery-manager.ts';
import type { BalancerControl } from './http/balancer-control.ts';
import { type HttpServer, startHttpServer } from './http/server.ts';
import type { Operation } from './http/operation.ts';
import { type EmbeddedLog, openEmbeddedLog } from './log/embedded-log.ts';
import { Node } from './nodes/node.ts';
import type { NodeConnection } from './nodes/node-connection.ts';
import { NodeChecker } from './nodes/node-checker.ts';
import { SilenceWatch } from './nodes/silence-watch.ts';
import { ControlConnection } from './nodes/control-connection.ts';
import { TableCatalogue } from './nodes/table-catalogue.ts';
import type { Entry } from './replication/entry.ts';
import type { Acks } from './replication/acknowledgements.ts';
import { Replicator } from './replication/replicator.ts';
import { type LogStateEvent, Sequencer } from './replication/sequencer.ts';
import { AutomaticResync } from './replication/shell/automatic-resync.ts';
import { Cluster } from './replication/shell/cluster.ts';
import { firstLeader } from './replication/shell/first-leader.ts';
import { FirstStart } from './replication/shell/first-start.ts';
import { lastEpoch } from './replication/shell/last-epoch.ts';
import { LeaderDdl } from './replication/shell/leader-ddl.ts';
import { NodeFollower } from './replication/shell/node-follower.ts';
import { NodeRecovery } from './replication/shell/node-recovery.ts';
import { repeatedly } from './replication/shell/repeatedly.ts';
import { ResyncManager } from './replication/shell/resync-manager.ts';
import { Verifications } from './replication/shell/verify/verifications.ts';
import { findInLog } from './log/find-in-log.ts';
import { PositionFile } from './log/position-file.ts';
import { ReadRouter } from './routing/read-router.ts';
import { createStrategy } from './routing/strategies/strategies.ts';
import { MysqlListener } from './sessions/mysql-listener.ts';
import { accountsOf } from './sessions/node-accounts.ts';
import type { SessionContext } from './sessions/session-context.ts';
import { tlsIdentity } from './sessions/tls-identity.ts';
import type { LexMode } from './sql/lex-mode.ts';
import type { Statement } from './sql/statement.ts';
import { StatementCache } from './sql/statement-cache.ts';
import { Counters } from './telemetry/counters.ts';
import { EventLog } from './telemetry/event-log.ts';
import { createLogger, type Logger, type LoggerOptions } from './telemetry/logger.ts';
import { version } from './base/version.ts';

// What a program needs that runs a balancer within itself.
export { LockstepError } from './base/errors.ts';
export { defaultConfig, type Config } from './config/config.ts';
export { configFromNodes, loadConfig } from './config/load-config.ts';

export interface BalancerOptions {
  /** Operations beside the standard ones, such as those of the demo. */
  readonly operations?: readonly Operation[];
  readonly logger?: Logger;
}

export interface Balancer {
  readonly control: BalancerControl;
  readonly mysqlPort: number;
  readonly httpPort?: number;
  close(): Promise<void>;
}

const eventsKept = 10_000;
const queueDrainMs = 250;

/**
 * Builds a balancer and starts it; resolves when it serves. Throws LockstepError: config_invalid,
 * log_corrupt, log_behind_nodes, nodes_differ, no_node, conflict (a port or folder is taken).
 */
export async function createBalancer(
  config: Config,
  options: BalancerOptions = {},
): Promise<Balancer> {
  const clock = systemClock;
  const logger =
    options.logger ?? createLogger({ level: config.logLevel as LoggerOptions['level'] });
  const events = new EventLog({ clock, capacity: eventsKept });
  events.subscribe((event) => logger.info(event, event.kind));
  const log = await openEmbeddedLog({
    folder: config.log.folder,
    segmentBytes: config.log.segmentBytes,
    onWarning: (message) => events.publish({ kind: 'log_warning', message }),
  });
  try {
    const members = await loadMembers(config, events);
    return await assemble({ ...members, clock, logger, events, log, options });
  } catch (error) {
    await log.close();
    throw error;
  }
}

interface Base extends LoadedMembers {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventLog;
  readonly log: EmbeddedLog;
  readonly options: BalancerOptions;
}

/** The parts below sessions and HTTP: nodes, log and what keeps them equal. */
interface Core {
  readonly nodes: Map<NodeName, Node>;
  readonly router: ReadRouter;
  readonly counters: Counters;
  readonly statements: StatementCache;
  readonly analyse: (sql: string) => Statement;
  readonly sequencer: Sequencer;
  readonly replicator: Replicator;
  readonly cluster: Cluster;
  readonly monitor: HealthMonitor;
  readonly checker: NodeChecker;
}

interface CoreServices {
  readonly recovery: NodeRecovery;
  readonly recoveryManager: RecoveryManager;
  readonly resyncs: ResyncManager;
  readonly automaticResync: AutomaticResync;
  readonly firstStart: FirstStart;
  readonly verifications: Verifications;
  readonly leaderControl: ControlConnection;
}

/** What sees the outside: MySQL sessions, and control for HTTP, CLI and page. */
interface Front {
  readonly listener: MysqlListener;
  readonly queued: QueuedCommands;
  readonly control: LiveControl;
}

async function assemble(base: Base): Promise<Balancer> {
  const core = assembleCore(base, await lastEpoch(base.log));
  const services = connectHealth(base, core);
  const front = await assembleFront(base, core, services);
  await core.cluster.start({ ...services, replicator: core.replicator, monitor: core.monitor });
  base.events.publish({ kind: 'started', version, nodes: [...core.nodes.keys()] });
  const nodesNow = (): Iterable<Node> => core.nodes.values();
  const silence = new SilenceWatch({ ...base, ...base.config, nodes: nodesNow });
  const stopCore = async (): Promise<void> => {
    silence.stop();
    core.monitor.stop();
    await services.verifications.close();
    await services.recoveryManager.stop();
    await core.cluster.close();
    core.replicator.close();
    services.leaderControl.close();
    core.checker.close();
    for (const node of core.nodes.values()) node.destroyConnections(new Error('Lockstep stopped'));
  };
  try {
    await firstLeader({ ...core, ...services, clock: base.clock });
    return await serve(base, front, stopCore);
  } catch (error) {
    await front.listener.close();
    await stopCore();
    throw error;
  }
}

function assembleCore({ config, clock, events, log }: Base, epoch: number): Core {
  const counters = new Counters();
  const statements = new StatementCache(config.limits.statementCache);
  const strategy = createStrategy(config.strategy, { random: Math.random });
  const router = new ReadRouter({ clock, strategy });
  const nodes = new Map<NodeName, Node>();
  const modeOf = (): LexMode => ({
    ansiQuotes: false,
    noBackslashEscapes: false,
    flavor: [...nodes.values()].find((node) => node.facts)?.facts?.flavor ?? 'mysql',
  });
  const analyse = (sql: string): Statement => statements.analyse(sql, modeOf());
  const onDurable = (entry: Entry): void => replicator.onDurable(entry);
  const onLogState = (event: LogStateEvent): unknown => events.publish(event);
  const sequencer: Sequencer = new Sequencer({ log, clock, onDurable, onLogState });
  const followerOf = (node: Node): NodeFollower =>
    new NodeFollower({
      name: node.name,
      open: () => node.openControl(),
      analyse: (command) => analyse(command.sql),
      maxAllowedPacket: () => node.facts?.maxAllowedPacket,
      readFile: (file) => log.files.read(file),
      onApplied: (commands) => {
        counters.node(node.name).applied += commands;
      },
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
  const replicator: Replicator = new Replicator({
    ...config,
    acks: config.acks as Acks,
    sequencer,
    clock,
    queuedWritesMax: config.limits.queuedWrites,
    applyLimits: { entriesMax: config.apply.batchEntriesMax, bytesMax: config.apply.batchBytesMax },
    nodeCount: () => nodes.size,
    epoch,
    observer: cluster,
  });
  const checker = new NodeChecker({ node: (name) => nodes.get(name), clock });
  const monitor = new HealthMonitor({
    ...config.health,
    clock,
    check: (name, signal) => checker.check(name, signal),
  });
  for (const nodeConfig of config.nodes) {
    const node = createNode({ config, clock, events, monitor }, nodeConfig);
    nodes.set(node.name, node);
    router.add(node.name, node.weight);
  }
  const lower = { nodes, router, counters, statements, analyse, sequencer };
  return { ...lower, replicator, cluster, monitor, checker };
}

function createNode(
  { config, clock, events, monitor }: Pick<Base & Core, 'config' | 'clock' | 'events' | 'monitor'>,
  nodeConfig: NodeConfig,
): Node {
  return new Node({
    config: nodeConfig,
    clock,
    connectionsMax: config.limits.connectionsPerNode,
    waitersMax: config.limits.sessions,
    waitTimeoutMs: config.limits.connectionWaitMs,
    connectTimeoutMs: config.health.connectTimeoutMs,
    onStateChanged: ({ name, state }, from, reason) =>
      events.publish({ kind: 'node_state_changed', node: name, from, to: state, reason }),
    onSuspect: (suspect, reason) => monitor.suspect(suspect.name, reason),
    onRestarted: (restarted) => monitor.restarted(restarted.name),
  });
}

/** What recovers nodes, and who hears of their health. */
function connectHealth({ config, clock, events, log }: Base, core: Core): CoreServices {
  const { cluster, replicator, monitor, nodes, sequencer } = core;
  const shared = { nodes, replicator, sequencer, clock };
  const firstStart = new FirstStart({ ...shared, source: config.initialSource });
  const recovery = new NodeRecovery({
    log,
    clock,
    clusterId: log.clusterId,
    epoch: () => replicator.epoch,
    users: userNames(config),
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
  const enabled = config.autoResync;
  const automaticResync = new AutomaticResync({ enabled, clock, events, replicator, resyncs });
  const verifying = { ...shared, ...config.verify, events, cluster, monitor };
  const verifications = new Verifications(verifying);
  const managers = { recovery, recoveryManager, resyncs, automaticResync, verifications };
  return { ...managers, firstStart, leaderControl };
}

function openControl({ nodes }: Core, name: NodeName): Promise<NodeConnection> {
  const node = nodes.get(name);
  if (!node) throw new LockstepError('no_node', `node ${name} was removed`);
  return node.openControl();
}

async function assembleFront(base: Base, core: Core, services: CoreServices): Promise<Front> {
  const { config, clock, logger, events, log } = base;
  const { nodes, sequencer, replicator, cluster } = core;
  const leaderDdl = new LeaderDdl({
    replicator,
    sequencer,
    clock,
    openControl: (name) => openControl(core, name),
    onStranded: (name, detail) => cluster.strand(name, detail),
  });
  const tls = await tlsIdentity(config.tls, config.log.folder, clock);
  const sessionContext: SessionContext = {
    ...core,
    config,
    clock,
    leaderDdl,
    files: log.files,
    onStranded: (name, detail) => cluster.strand(name, detail),
    catalogue: new TableCatalogue(() => services.leaderControl.get()),
    events,
    random: Math.random,
    ...accountsOf(config.users, { nodes, replicator, clock }),
    onDenied: ({ host, message }) => logger.warn({ host }, message),
    onFault: (error) => logger.error({ err: error }, 'a session failed'),
  };
  const listener = new MysqlListener(sessionContext, tls);
  const queries = new QueryRunner({ listener, user: ownUser(config), clock });
  const queued = new QueuedCommands({
    folder: config.log.folder,
    queuedMax: config.limits.queuedWrites,
    lastSeq: () => log.lastSeq,
    run: (query) => queries.run(query),
    findInLog: (text, afterSeq) => findInLog(log, text, afterSeq),
    writable: () => replicator.leadership !== undefined,
  });
  await queued.load();
  const shared = { version, config, clock, events, log, queries, queued, random: Math.random };
  const createMember = (node: NodeConfig): Node => createNode({ ...base, ...core }, node);
  const known = { ...shared, ...base.membership, ...core, ...services };
  const membership = new Membership({ ...known, createNode: createMember });
  const control = new LiveControl({
    ...core,
    ...services,
    ...shared,
    membership,
    metrics: balancerMetrics({ ...core, ...services, log }),
    isWrite: (sql) => {
      const { kind } = core.analyse(Buffer.from(sql).toString('latin1'));
      return kind === 'write' || kind === 'ddl';
    },
  });
  return { listener, queued, control };
}

/** Opens the ports. `stopCore` ends what was started before, when the balancer is closed. */
async function serve(
  { config, clock, logger, events, log, options }: Base,
  { listener, queued, control }: Front,
  stopCore: () => Promise<void>,
): Promise<Balancer> {
  const mysqlPort = await listener.listen(config.mysql);
  let http: HttpServer | undefined;
  if (config.http.enabled) {
    http = await startHttpServer({
      control,
      host: config.http.host,
      port: config.http.port,
      extraOperations: options.operations ?? [],
      clock,
      onDefect: (error) => logger.error({ err: error }, 'an HTTP request failed'),
    });
  }
  const drain = (): Promise<void> => queued.drain();
  const draining = repeatedly(clock, queueDrainMs, drain, () => undefined);
  const close = async (): Promise<void> => {
    events.publish({ kind: 'stopping', reason: 'asked to' });
    draining.cancel();
    await http?.close();
    await listener.close();
    await stopCore();
    await log.close();
  };
  let closing: Promise<void> | undefined;
  return {
    control,
    mysqlPort,
    ...(http ? { httpPort: http.port } : {}),
    close: () => (closing ??= close()),
  };
}

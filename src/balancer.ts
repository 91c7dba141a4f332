import type { NodeName, Seq } from './base/brands.ts';
import { type Clock, systemClock } from './base/clock.ts';
import { LockstepError } from './base/errors.ts';
import type { Config, UserConfig } from './config/config.ts';
import { LiveControl } from './control/live-control.ts';
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
import { NodeChecker } from './nodes/node-checker.ts';
import { ControlConnection } from './nodes/control-connection.ts';
import { TableCatalogue } from './nodes/table-catalogue.ts';
import { decodeEntry } from './replication/entry-codec.ts';
import type { Acks } from './replication/acknowledgements.ts';
import { Replicator } from './replication/replicator.ts';
import { Sequencer } from './replication/sequencer.ts';
import { Cluster } from './replication/shell/cluster.ts';
import { LeaderDdl } from './replication/shell/leader-ddl.ts';
import { NodeFollower } from './replication/shell/node-follower.ts';
import { NodeRecovery } from './replication/shell/node-recovery.ts';
import { PositionFile } from './log/position-file.ts';
import { ReadRouter } from './routing/read-router.ts';
import { createStrategy } from './routing/strategies/strategies.ts';
import { MysqlListener } from './sessions/mysql-listener.ts';
import type { SessionContext } from './sessions/session-context.ts';
import type { LexMode } from './sql/lex-mode.ts';
import { StatementCache } from './sql/statement-cache.ts';
import { Counters } from './telemetry/counters.ts';
import { EventLog } from './telemetry/event-log.ts';
import { createLogger, type Logger, type LoggerOptions } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { version } from './base/version.ts';

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
/** How long a start waits for nodes before it serves without them. */
const startWaitMs = 10_000;

/**
 * Builds a balancer from its configuration and starts it; resolves when it serves. This is the
 * one place where rooms meet. Throws LockstepError: config_invalid, log_corrupt,
 * log_behind_nodes, conflict (a port or folder is taken).
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
    return await assemble({ config, clock, logger, events, log, options });
  } catch (error) {
    await log.close();
    throw error;
  }
}

interface Base {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventLog;
  readonly log: EmbeddedLog;
  readonly options: BalancerOptions;
}

async function assemble(base: Base): Promise<Balancer> {
  const { config, clock, logger, events, log, options } = base;
  const users = usersOf(config);
  const counters = new Counters();
  const statements = new StatementCache(config.limits.statementCache);
  const router = new ReadRouter({
    clock,
    strategy: createStrategy(config.strategy, { random: Math.random }),
  });
  const nodes = new Map<NodeName, Node>();
  const sequencer: Sequencer = new Sequencer({
    log,
    clock,
    onDurable: (entry) => replicator.onDurable(entry),
  });
  const modeOf = (): LexMode => ({
    ansiQuotes: false,
    noBackslashEscapes: false,
    flavor: [...nodes.values()].find((node) => node.facts)?.facts?.flavor ?? 'mysql',
  });
  const analyse = (sql: string) => statements.analyse(sql, modeOf());
  const cluster = new Cluster({
    config,
    clock,
    events,
    log,
    nodes,
    sequencer,
    positions: new PositionFile(config.log.folder),
    followerOf: (node) =>
      new NodeFollower({
        name: node.name,
        open: () => node.openControl(),
        analyse: (command) => analyse(command.sql),
        onApplied: (commands) => {
          counters.node(node.name).applied += commands;
        },
      }),
  });
  const replicator: Replicator = new Replicator({
    sequencer,
    clock,
    acks: config.acks as Acks,
    syncTimeoutMs: config.syncTimeoutMs,
    minInSync: config.minInSync,
    queuedWritesMax: config.limits.queuedWrites,
    applyLimits: { entriesMax: config.apply.batchEntriesMax, bytesMax: config.apply.batchBytesMax },
    nodeCount: () => nodes.size,
    epoch: await lastEpoch(log),
    observer: cluster,
  });
  const checker = new NodeChecker({ node: (name) => nodes.get(name), clock });
  const monitor: HealthMonitor = new HealthMonitor({
    clock,
    check: (name, signal) => checker.check(name, signal),
    intervalMs: config.health.intervalMs,
    timeoutMs: config.health.timeoutMs,
    fall: config.health.fall,
    rise: config.health.rise,
  });
  for (const nodeConfig of config.nodes) {
    const node = new Node({
      config: nodeConfig,
      clock,
      connectionsMax: config.limits.connectionsPerNode,
      waitersMax: config.limits.sessions,
      waitTimeoutMs: config.noNodeTimeoutMs,
      connectTimeoutMs: config.health.connectTimeoutMs,
      onStateChanged: (changed, from, reason) =>
        events.publish({
          kind: 'node_state_changed',
          node: changed.name,
          from,
          to: changed.state,
          reason,
        }),
      onSuspect: (suspect, reason) => monitor.suspect(suspect.name, reason),
    });
    nodes.set(node.name, node);
    router.add(node.name, node.weight);
  }
  const recovery = new NodeRecovery({
    log,
    clock,
    clusterId: log.clusterId,
    epoch: () => replicator.epoch,
    users: users.map((user) => user.name),
    analyse,
    confirmIntent: (name, seq) => cluster.confirmIntent(name, seq),
  });
  const recoveryManager = new RecoveryManager({
    clock,
    recover: (name, signal) => cluster.recover(name, signal),
    onOutcome: (node, outcome) => {
      if (outcome.kind !== 'failed') return;
      events.publish({
        kind: 'recovery_failed',
        node,
        reason: outcome.reason,
        retry: outcome.retry,
      });
    },
  });
  monitor.subscribe(
    new FailoverManager({ takeOut: (name, reason) => cluster.takeOut(name, reason) }),
  );
  monitor.subscribe(recoveryManager);
  const openControl = (name: NodeName) => {
    const node = nodes.get(name);
    if (!node) throw new LockstepError('no_node', `node ${name} was removed`);
    return node.openControl();
  };
  const leaderControl = new ControlConnection(() => {
    const leader = replicator.leadership;
    if (!leader) throw new LockstepError('no_node', 'no node can take writes');
    return { node: leader.name, open: () => openControl(leader.name) };
  });
  const context: SessionContext = {
    config,
    clock,
    nodes,
    router,
    replicator,
    leaderDdl: new LeaderDdl({
      replicator,
      sequencer,
      openControl,
      onStranded: (name, detail) => cluster.quarantine(name, detail),
    }),
    catalogue: new TableCatalogue(() => leaderControl.get()),
    statements,
    events,
    counters,
    random: Math.random,
    passwordOf: (name) => users.find((user) => user.name === name)?.password,
    onFault: (error) => logger.error({ err: error }, 'a session failed'),
  };
  const listener = new MysqlListener(context);
  const [firstUser] = users;
  if (!firstUser) throw new LockstepError('config_invalid', 'no user is configured');
  const queries = new QueryRunner({ listener, user: firstUser, clock });
  const queued = new QueuedCommands({
    folder: config.log.folder,
    queuedMax: config.limits.queuedWrites,
    lastSeq: () => log.lastSeq,
    run: (query) => queries.run(query),
    findInLog: (text, afterSeq) => findInLog(log, text, afterSeq),
    writable: () => replicator.leadership !== undefined,
  });
  await queued.load();
  const control = new LiveControl({
    version,
    config,
    clock,
    nodes,
    log,
    sequencer,
    replicator,
    cluster,
    router,
    counters,
    events,
    metrics: createMetrics({
      counters: () => counters.snapshot(),
      nodes: () =>
        [...nodes.values()].map((node) => ({
          node: node.name,
          up: node.state === 'UP',
          pendingEntries: cluster.pending(node.name),
          latencyMs: router.statistics(node.name).averageMs || undefined,
        })),
      log: () => ({ lastSeq: log.lastSeq, bytes: log.sizeBytes }),
    }),
    queries,
    queued,
    isWrite: (sql) => {
      const { kind } = analyse(Buffer.from(sql).toString('latin1'));
      return kind === 'write' || kind === 'ddl';
    },
    random: Math.random,
  });

  await cluster.start({ replicator, recovery, monitor, recoveryManager });
  events.publish({ kind: 'started', version, nodes: [...nodes.keys()] });
  const stopCore = async (): Promise<void> => {
    monitor.stop();
    await recoveryManager.stop();
    await cluster.close();
    replicator.close();
    leaderControl.close();
    checker.close();
    for (const node of nodes.values()) node.destroyConnections(new Error('Lockstep stopped'));
  };
  let mysqlPort: number;
  let http: HttpServer | undefined;
  let drainTimer: { cancel(): void } | undefined;
  const scheduleDrain = (): void => {
    drainTimer = clock.after(queueDrainMs, () => {
      queued.drain().then(scheduleDrain, scheduleDrain);
    });
  };
  try {
    await firstLeader(cluster, replicator, clock);
    mysqlPort = await listener.listen(config.mysql);
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
    scheduleDrain();
  } catch (error) {
    await listener.close();
    await stopCore();
    throw error;
  }
  let closing: Promise<void> | undefined;
  return {
    control,
    mysqlPort,
    ...(http ? { httpPort: http.port } : {}),
    close: () => {
      closing ??= (async () => {
        events.publish({ kind: 'stopping', reason: 'asked to' });
        drainTimer?.cancel();
        await http?.close();
        await listener.close();
        await stopCore();
        await log.close();
      })();
      return closing;
    },
  };
}

/** Without `users`, the accounts in the nodes' URLs may log in. */
function usersOf(config: Config): readonly UserConfig[] {
  if (config.users.length > 0) return config.users;
  const users = new Map<string, UserConfig>();
  for (const node of config.nodes) {
    users.set(node.user, { name: node.user, password: node.password });
  }
  return [...users.values()];
}

async function lastEpoch(log: EmbeddedLog): Promise<number> {
  if (log.lastSeq < log.firstSeq) return 0;
  const [record] = await log.read(log.lastSeq, { entriesMax: 1, bytesMax: 1 });
  return record ? decodeEntry(record.payload).epoch : 0;
}

/** Waits until writes are possible, but not for ever: reads and the page work without. */
async function firstLeader(cluster: Cluster, replicator: Replicator, clock: Clock): Promise<void> {
  const deadlineMs = clock.nowMs() + startWaitMs;
  while (!replicator.leadership && clock.nowMs() < deadlineMs) {
    if (cluster.ahead) {
      const { node, reason } = cluster.ahead;
      throw new LockstepError('log_behind_nodes', `node ${node} is ahead of the log: ${reason}`);
    }
    if (cluster.settled) return;
    await replicator.positionChanged(50);
  }
}

async function findInLog(log: EmbeddedLog, text: string, afterSeq: Seq): Promise<Seq | undefined> {
  let from = Math.max(afterSeq + 1, log.firstSeq) as Seq;
  while (from <= log.lastSeq) {
    const records = await log.read(from, { entriesMax: 1000, bytesMax: 8 * 1024 * 1024 });
    const found = records.find((record) => record.payload.includes(text));
    if (found) return found.seq;
    const last = records.at(-1);
    if (!last) return undefined;
    from = (last.seq + 1) as Seq;
  }
  return undefined;
}

import { systemClock } from './base/clock.ts';

import type { Config, NodeConfig } from './config/config.ts';
import type { ConfigOrigin } from './config/config-origin.ts';
import { LiveConfig } from './config/live-config.ts';
import {
  assembleCore,
  type Base,
  connectHealth,
  type Core,
  type CoreServices,
  createNode,
  openControl,
} from './control/assemble-core.ts';
import { balancerMetrics } from './control/balancer-metrics.ts';
import type { ShownTls } from './control/follow-settings.ts';
import { KeptVerification } from './control/kept-verification.ts';
import { LiveControl } from './control/live-control.ts';
import { loadMembers } from './control/load-members.ts';
import { Observation } from './control/observation.ts';
import { openHttp } from './control/open-http.ts';
import { openWrites } from './control/open-writes.ts';
import { openTracer } from './control/open-tracer.ts';
import { Membership } from './control/membership.ts';
import { QueryRunner } from './control/query-runner.ts';
import type { QueuedCommands } from './control/queued-commands.ts';
import { refuseTakenPorts } from './control/refuse-taken-ports.ts';
import { Settings } from './control/settings.ts';
import { startWorkers } from './control/start-workers.ts';
import type { BalancerControl } from './http/balancer-control.ts';
import type { Operation } from './http/operation.ts';
import type { HttpServer } from './http/server.ts';
import { openEmbeddedLog } from './log/embedded-log.ts';
import type { Node } from './nodes/node.ts';
import { SilenceWatch } from './nodes/silence-watch.ts';
import { TableCatalogue } from './nodes/table-catalogue.ts';
import { firstLeader } from './replication/shell/first-leader.ts';
import { lastEpoch } from './replication/shell/last-epoch.ts';
import { LeaderDdl } from './replication/shell/leader-ddl.ts';
import { repeatedly } from './replication/shell/repeatedly.ts';
import { endsTrust } from './sessions/cache/ends-trust.ts';
import { ResultCache } from './sessions/cache/result-cache.ts';
import { MysqlListener } from './sessions/mysql-listener.ts';
import { accountsOf } from './sessions/node-accounts.ts';
import type { SessionContext } from './sessions/session-context.ts';
import { tlsIdentity } from './sessions/tls-identity.ts';
import { ViewedReads } from './sessions/viewed-reads.ts';
import { EventLog } from './telemetry/event-log.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import { version } from './base/version.ts';

// What a program needs that runs a balancer within itself.
export { LockstepError } from './base/errors.ts';
export { defaultConfig, type Config } from './config/config.ts';
export { configFromNodes, loadConfig } from './config/load-config.ts';

export interface BalancerOptions {
  /** Operations beside the standard ones, such as those of the demo. */
  readonly operations?: readonly Operation[];
  readonly logger?: Logger;
  /** Who gave which setting, and where the configuration can be read again. */
  readonly origin?: ConfigOrigin;
  /** Path of the program of a worker, where it is not beside the balancer's own. */
  readonly workerProgram?: string;
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
 * Builds a balancer and starts it; resolves when it serves. Throws LockstepError: config_invalid
 * (also for a port that is taken), log_corrupt, log_behind_nodes, nodes_differ, no_node,
 * conflict (the folder is taken).
 */
export async function createBalancer(
  config: Config,
  options: BalancerOptions = {},
): Promise<Balancer> {
  const clock = systemClock;
  const logger = options.logger ?? createLogger({ level: config.logLevel });
  await refuseTakenPorts(config);
  const events = new EventLog({ clock, capacity: eventsKept });
  events.subscribe((event) => logger.info(event, event.kind));
  const log = await openEmbeddedLog({
    folder: config.log.folder,
    segmentBytes: config.log.segmentBytes,
    onWarning: (message) => events.publish({ kind: 'log_warning', message }),
  });
  try {
    const { membership, ...loaded } = await loadMembers(config, events);
    const live = new LiveConfig(loaded.config);
    const random = Math.random;
    const origin = options.origin ?? { sources: new Map() };
    const settings = { membership, live, config: live.view, origin };
    return await assemble({ ...settings, clock, random, logger, events, log }, options);
  } catch (error) {
    await log.close();
    throw error;
  }
}

/** What sees the outside: MySQL sessions, and control for HTTP, CLI and page. */
interface Front {
  readonly listener: MysqlListener;
  readonly queued: QueuedCommands;
  readonly observation: Observation;
  readonly control: LiveControl;
  readonly shown: Shown;
}

/** Who shows the certificate besides the listener; it is opened last. */
interface Shown {
  http?: HttpServer;
}

async function assemble(base: Base, options: BalancerOptions): Promise<Balancer> {
  const core = assembleCore(base, await lastEpoch(base.log));
  const services = connectHealth(base, core);
  const front = await assembleFront(base, core, services);
  await core.cluster.start({ ...services, replicator: core.replicator, monitor: core.monitor });
  base.events.publish({ kind: 'started', version, nodes: [...core.nodes.keys()] });
  const nodesNow = (): Iterable<Node> => core.nodes.values();
  const silence = new SilenceWatch({ ...base, health: base.config.health, nodes: nodesNow });
  const stopCore = async (): Promise<void> => {
    await core.lender?.close();
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
    startWorkers({ ...base, ...core, ...front, program: options.workerProgram });
    return await serve({ ...base, options }, front, stopCore);
  } catch (error) {
    await front.listener.close();
    await front.observation.close();
    await stopCore();
    throw error;
  }
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
  const users = accountsOf(config.users, { nodes, replicator, clock });
  const tls = await tlsIdentity(config.tls, config.log.folder, clock);
  const observation = new Observation({ ...base, ...core, tracer: await openTracer(base) });
  const catalogue = new TableCatalogue(() => services.leaderControl.get());
  const cache = openCache(base, core, catalogue);
  const sessionContext: SessionContext = {
    ...core,
    config,
    statistics: observation.statistics,
    tracer: observation.tracer,
    clock,
    leaderDdl,
    files: log.files,
    onStranded: (name, detail) => cluster.strand(name, detail),
    catalogue,
    viewed: new ViewedReads({ catalogue, clock, leaderIsWell: () => leaderIsWell(core) }),
    cache,
    events,
    random: base.random,
    ...users,
    onDenied: ({ host, message }) => logger.warn({ host }, message),
    onFault: (error) => logger.error({ err: error }, 'a session failed'),
  };
  const listener = new MysqlListener(sessionContext, tls);
  const queries = new QueryRunner({ listener, config, clock });
  const writes = await openWrites({ config, clock, log, sequencer, replicator, queries });
  await services.verifications.remember(
    new KeptVerification({ folder: config.log.folder, logger }),
  );
  const shared = { version, config, clock, events, log, queries, ...writes };
  const createMember = (node: NodeConfig): Node => createNode({ ...base, ...core }, node);
  const known = { ...base, ...base.membership, ...core, ...services };
  const membership = new Membership({ ...known, createNode: createMember });
  const shown: Shown = {};
  const onTls = ({ mysql, http }: ShownTls): void => {
    listener.tls = mysql;
    if (http) shown.http?.showTls(http);
  };
  const followers = { ...base, ...core, ...services, accounts: users.accounts, cache, onTls };
  const settings = new Settings({ ...base, membership, followers });
  const control = new LiveControl({
    ...core,
    ...services,
    ...shared,
    observation,
    sessions: listener.sessions,
    membership,
    settings,
    cache,
    metrics: balancerMetrics({ ...base, ...core, ...services, observation, cache }),
  });
  return { listener, queued: writes.queued, observation, control, shown };
}

function leaderIsWell({ replicator, nodes }: Core): boolean {
  const { leadership } = replicator;
  return leadership !== undefined && nodes.get(leadership.name)?.questioned === false;
}

function openCache(
  { config, clock, events }: Base,
  { tableChanges: changes }: Core,
  catalogue: TableCatalogue,
): ResultCache {
  const cache = new ResultCache({ config, clock, catalogue, changes });
  events.subscribe((event) => {
    if (endsTrust(event)) cache.clear();
  });
  return cache;
}

/** Opens the ports. `stopCore` ends what was started before, when the balancer is closed. */
async function serve(
  { live, config, clock, logger, events, log, options }: Base & { options: BalancerOptions },
  { listener, queued, observation, control, shown }: Front,
  stopCore: () => Promise<void>,
): Promise<Balancer> {
  const mysqlPort = await listener.listen(config.mysql);
  const operations = options.operations ?? [];
  const http = await openHttp({ live, config, control, clock, logger, operations });
  if (http) shown.http = http;
  const drain = (): Promise<void> => queued.drain();
  const draining = repeatedly(clock, queueDrainMs, drain, () => undefined);
  const close = async (): Promise<void> => {
    events.publish({ kind: 'stopping', reason: 'asked to' });
    draining.cancel();
    await http?.close();
    await listener.close();
    await observation.close();
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

import type { NodeName, Seq } from '../base/brands.ts';
import { seq } from '../base/brands.ts';
import { type Clock, isoTime, toldMs } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { SqlAccount } from '../access/http-sessions.ts';
import type { Config } from '../config/config.ts';
import { userNames } from '../config/users-of.ts';
import { strategyNames } from '../config/strategy-name.ts';
import type {
  AddNodeRequest,
  BalancerControl,
  BalancerStatus,
  CommandOutcome,
  LogPage,
  LogPageOptions,
  LogVerification,
  NodeLog,
  NodeStatus,
  QueryOutcome,
  QueryRequest,
  Readiness,
  RemoveNodeOptions,
  RowsOutcome,
  StrategyStatus,
  VerifyReport,
  VerifyRequest,
  VerifyStatus,
} from '../http/balancer-control.ts';
import type { CacheStatus } from '../http/cache-schemas.ts';
import type { Examination } from '../http/doctor-schemas.ts';
import type { SettingsControl } from '../http/settings-control.ts';
import type { EmbeddedLog } from '../log/embedded-log.ts';
import type { Node } from '../nodes/node.ts';
import { plainVersion } from '../nodes/plain-version.ts';
import { checkRecord } from '../replication/check-record.ts';
import { encodeEntry } from '../replication/entry-codec.ts';
import type { Replicator } from '../replication/replicator.ts';
import type { Sequencer } from '../replication/sequencer.ts';
import type { Cluster } from '../replication/shell/cluster.ts';
import type { ResyncManager } from '../replication/shell/resync-manager.ts';
import type { Verifications } from '../replication/shell/verify/verifications.ts';
import type { ReadRouter } from '../routing/read-router.ts';
import type { ResultCache } from '../sessions/cache/result-cache.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { Statement } from '../sql/statement.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { EventLog } from '../telemetry/event-log.ts';
import type { History } from '../telemetry/history.ts';
import type { StatementStatistics } from '../telemetry/statement-statistics.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { cacheStatus } from './cache-status.ts';
import { examine } from './doctor/doctor.ts';
import { listEntry, listReport } from './log-listing.ts';
import type { Observation } from './observation.ts';
import { killSession, listSessions } from './session-list.ts';
import type { Membership } from './membership.ts';
import { shownVerifications } from './shown-verifications.ts';
import { queryNode } from './query-node.ts';
import type { QueryRunner } from './query-runner.ts';
import type { IdempotencyKeys } from './idempotency-keys.ts';
import { readiness } from './readiness.ts';
import type { QueuedCommands } from './queued-commands.ts';
import { summarise } from './summary.ts';

export interface LiveControlParts {
  readonly version: string;
  readonly config: Config;
  readonly clock: Clock;
  readonly nodes: ReadonlyMap<NodeName, Node>;
  readonly log: EmbeddedLog;
  readonly sequencer: Sequencer;
  readonly replicator: Replicator;
  readonly cluster: Cluster;
  readonly resyncs: ResyncManager;
  readonly membership: Membership;
  readonly verifications: Verifications;
  readonly router: ReadRouter;
  readonly counters: Counters;
  readonly events: EventLog;
  readonly observation: Observation;
  readonly sessions: SessionRegistry;
  readonly metrics: Metrics;
  readonly settings: SettingsControl;
  readonly cache: ResultCache;
  readonly queries: QueryRunner;
  readonly queued: QueuedCommands;
  readonly idempotency: IdempotencyKeys;
  readonly analyse: (sql: string) => Statement;
}

const listBytesMax = 8 * 1024 * 1024;
const placeGivenUp = 'its place in the log was given up, so it will need a resync';

/** The running balancer as HTTP, CLI and page see it. */
export class LiveControl implements BalancerControl {
  readonly events: EventLog;
  readonly history: History;
  readonly statistics: StatementStatistics;
  readonly #parts: LiveControlParts;
  readonly #startedAtMs: number;
  #verifyingLog: Promise<LogVerification> | undefined;

  constructor(parts: LiveControlParts) {
    this.#parts = parts;
    this.events = parts.events;
    this.history = parts.observation.history;
    this.statistics = parts.observation.statistics;
    this.#startedAtMs = parts.clock.wallMs();
  }

  status(): BalancerStatus {
    const { version, config, clock, log, sequencer, replicator, router, counters } = this.#parts;
    const nodes = this.nodes();
    const failure = sequencer.failed?.message;
    const leader = replicator.leadership?.name;
    const { differing } = this.#parts.verifications;
    const { hits, misses, bytes, bytesMax } = this.#parts.cache.figures;
    const summary = summarise(nodes, differing);
    return {
      version,
      startedAt: isoTime(this.#startedAtMs),
      uptimeMs: Math.max(0, Math.round(clock.wallMs() - this.#startedAtMs)),
      strategy: router.strategy.name,
      consistency: config.consistency,
      acks: config.acks,
      ...(leader === undefined ? {} : { leader }),
      epoch: replicator.epoch,
      lastSeq: log.lastSeq,
      log: {
        firstSeq: log.firstSeq,
        lastSeq: log.lastSeq,
        sizeBytes: log.sizeBytes,
        retentionBytes: config.log.retentionBytes,
        ...(failure === undefined ? {} : { failure }),
      },
      sessions: counters.sessionsOpen,
      ...(this.#parts.cache.on ? { cache: { hits, misses, bytes, bytesMax } } : {}),
      nodes,
      ...(differing.length === 0 ? {} : { differing }),
      summary: failure ? `${summary}; the latest write was refused: ${failure}` : summary,
    };
  }

  nodes(): readonly NodeStatus[] {
    return [...this.#parts.nodes.values()].map((node) => this.#statusOf(node));
  }

  node(name: string): NodeStatus {
    return this.#statusOf(this.#find(name));
  }

  async nodeLog(name: string, options: LogPageOptions): Promise<NodeLog> {
    const { cluster } = this.#parts;
    const node = this.#find(name);
    const position = cluster.position(node.name);
    const entries = await this.#list(Math.max(position, options.after ?? 0), options.limit);
    return { node: node.name, position, pending: cluster.pending(node.name), entries };
  }

  async log(options: LogPageOptions): Promise<LogPage> {
    const { log } = this.#parts;
    const from = Math.max(log.firstSeq - 1, options.after ?? 0);
    const entries = await this.#list(from, options.limit);
    return { firstSeq: log.firstSeq, lastSeq: log.lastSeq, entries };
  }

  async #list(after: number, limit: number): Promise<LogPage['entries']> {
    const { sequencer, log } = this.#parts;
    const from = seq(Math.max(after + 1, log.firstSeq));
    if (from > sequencer.lastDurable) return [];
    const entries = await sequencer.read(from, { entriesMax: limit, bytesMax: listBytesMax });
    return entries.map((entry) => listEntry(entry, encodeEntry(entry).length));
  }

  /** Who asks while the disk is read for another gets the same answer. */
  verifyLog(): Promise<LogVerification> {
    this.#verifyingLog ??= this.#verifyLog().finally(() => {
      this.#verifyingLog = undefined;
    });
    return this.#verifyingLog;
  }

  async #verifyLog(): Promise<LogVerification> {
    return listReport(await this.#parts.log.verify(checkRecord));
  }

  enable(name: string): Promise<void> {
    this.#parts.cluster.enable(this.#find(name).name);
    return Promise.resolve();
  }

  disable(name: string): Promise<void> {
    return this.#parts.cluster.disable(this.#find(name).name);
  }

  drain(name: string): Promise<void> {
    return this.#parts.cluster.drain(this.#find(name).name);
  }

  resync(name: string): Promise<void> {
    return this.#parts.resyncs.start(this.#find(name).name);
  }

  addNode(request: AddNodeRequest): Promise<void> {
    return this.#parts.membership.add(request);
  }

  removeNode(name: string, options: RemoveNodeOptions): Promise<void> {
    return this.#parts.membership.remove(name, options);
  }

  replaceNode(request: AddNodeRequest & RemoveNodeOptions): Promise<void> {
    return this.#parts.membership.replace(request);
  }

  strategy(): StrategyStatus {
    return { name: this.#parts.router.strategy.name, available: strategyNames };
  }

  get settings(): SettingsControl {
    return this.#parts.settings;
  }

  cache(): CacheStatus {
    return cacheStatus(this.#parts.cache.figures);
  }

  clearCache(): void {
    this.#parts.cache.clear();
  }

  examine(): Promise<Examination> {
    const { config, clock, nodes } = this.#parts;
    return examine({ config, clock, nodes: nodes.values() });
  }

  get ownSqlUser(): string {
    return this.#parts.queries.ownAccount.name;
  }

  reads(sql: string): boolean {
    const { kind, hasUnknownFunction } = this.#analyse(sql);
    return kind === 'show_session' || kind === 'empty' || (kind === 'read' && !hasUnknownFunction);
  }

  checkSqlAccount(account: SqlAccount): Promise<void> {
    return this.#parts.queries.check(account);
  }

  query(request: QueryRequest): Promise<QueryOutcome> {
    // What changes nothing may as well be read again.
    if (this.reads(request.sql)) return this.#query(request);
    // Nor is a write left half-way because nobody takes its rows.
    const { sink: _, ...write } = request;
    return this.#parts.idempotency.run(write, (marked) => this.#query(marked));
  }

  async #query(request: QueryRequest): Promise<QueryOutcome> {
    const { queries, queued, config, replicator } = this.#parts;
    const { kind } = this.#analyse(request.sql);
    const isWrite = kind === 'write' || kind === 'ddl';
    const queue = (request.queueWhenDown ?? config.queueWhenDown) && isWrite;
    // Behind writes that wait, later ones wait too: they run in the order they came.
    if (queue && (queued.waiting > 0 || !replicator.leadership)) return this.#enqueue(request);
    try {
      // A function of one's own may write, and what writes is not left half-way.
      return await queries.run({ ...request, mayStop: this.reads(request.sql) });
    } catch (error) {
      const noNode = error instanceof LockstepError && error.code === 'no_node';
      if (queue && noNode) return this.#enqueue(request);
      throw error;
    }
  }

  async #enqueue(request: QueryRequest): Promise<QueryOutcome> {
    const { sql, schema, parameters, account } = request;
    const { config, queued, queries } = this.#parts;
    // What waits is on the disk, where no password shall be.
    if (account && !userNames(config).includes(account.name)) {
      throw new LockstepError(
        'no_node',
        'no node can take writes, and only users of the ' +
          'configuration can leave theirs to be run later',
      );
    }
    if (account) await queries.check(account);
    const user = account?.name;
    return { kind: 'accepted', id: await queued.accept({ sql, schema, parameters, user }) };
  }

  async queryNode(name: string, request: QueryRequest): Promise<RowsOutcome> {
    const { cluster, queries, clock } = this.#parts;
    const node = this.#find(name);
    if (this.#analyse(request.sql).kind !== 'read') {
      const message = 'one node alone is only read: SELECT, SHOW, DESCRIBE or EXPLAIN';
      throw new LockstepError('bad_request', message);
    }
    const account = request.account ?? queries.ownAccount;
    const position = cluster.position(node.name);
    return { ...(await queryNode(node, { ...request, account }, clock)), position };
  }

  #analyse(sql: string): Statement {
    return this.#parts.analyse(Buffer.from(sql).toString('latin1'));
  }

  command(id: string): Promise<CommandOutcome> {
    return Promise.resolve(this.#parts.queued.outcome(id));
  }

  async verify(request: VerifyRequest = {}): Promise<VerifyReport> {
    return this.#parts.verifications.start(request).ended;
  }

  beginVerify(request: VerifyRequest): void {
    // How it ends is told by its events and by `verifyStatus`.
    this.#parts.verifications.start(request).ended.catch(() => undefined);
  }

  verifyStatus(): VerifyStatus {
    return shownVerifications(this.#parts.verifications.status);
  }

  async cancelVerify(): Promise<void> {
    await this.#parts.verifications.cancel();
  }

  sessions() {
    return listSessions(this.#parts.sessions);
  }

  killSession(id: number, { queryOnly }: { readonly queryOnly: boolean }): void {
    killSession(this.#parts.sessions, id, queryOnly);
  }

  metrics(): Promise<string> {
    return this.#parts.metrics.render();
  }

  ready(): Readiness {
    return readiness(this.#parts.replicator, this.#parts.config);
  }

  #find(name: string): Node {
    const node = this.#parts.nodes.get(name as NodeName);
    if (!node) throw new LockstepError('not_found', `there is no node named ${name}`);
    return node;
  }

  #statusOf(node: Node): NodeStatus {
    const { router, replicator, cluster, resyncs, counters } = this.#parts;
    const resync = resyncs.progress(node.name);
    const reads = router.statistics(node.name);
    const counted = counters.node(node.name);
    const position: Seq = cluster.position(node.name);
    const isAway = node.state === 'DOWN' || node.state === 'DISABLED';
    const lostPlace = isAway && cluster.isBeyondLog(node.name);
    return {
      name: node.name,
      address: node.address,
      state: node.state,
      since: isoTime(node.stateSinceMs),
      reason: lostPlace ? `${node.reason}; ${placeGivenUp}` : node.reason,
      leader: replicator.leadership?.name === node.name,
      weight: node.weight,
      inSync: replicator.inSync(node.name),
      position,
      pending: cluster.pending(node.name),
      needsResync: lostPlace || node.state === 'QUARANTINED',
      activeReads: reads.active,
      averageMs: toldMs(reads.averageMs),
      reads: counted.reads,
      writes: counted.writes + counted.applied,
      connections: node.connectionCount,
      ...(resync ? { resync } : {}),
      ...(node.facts ? { serverVersion: plainVersion(node.facts.version) } : {}),
    };
  }
}

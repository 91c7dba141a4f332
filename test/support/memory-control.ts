import { nodeName } from '../../src/base/brands.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { SqlAccount } from '../../src/access/http-sessions.ts';
import { LockstepError } from '../../src/base/errors.ts';
import { strategyNames } from '../../src/config/strategy-name.ts';
import type {
  AddNodeRequest,
  BalancerControl,
  BalancerStatus,
  LogVerification,
  NodeStatus,
  QueryOutcome,
  QueryRequest,
  RemoveNodeOptions,
  VerifyReport,
  VerifyRequest,
  VerifyStatus,
} from '../../src/http/balancer-control.ts';
import type { CacheStatus } from '../../src/http/cache-schemas.ts';
import type { Examination } from '../../src/http/doctor-schemas.ts';
import { ServerError } from '../../src/http/server-error.ts';
import type { SessionStatus } from '../../src/http/session-schemas.ts';
import type { NodeState } from '../../src/nodes/node-state.ts';
import { MemorySettings } from './memory-settings.ts';
import { EventLog } from '../../src/telemetry/event-log.ts';
import { History } from '../../src/telemetry/history.ts';
import { StatementStatistics } from '../../src/telemetry/statement-statistics.ts';

/**
 * BalancerControl in plain memory, for tests of what stands before it (HTTP, CLI). It knows no
 * database: what `query` answers is put in by the test.
 */
export class MemoryControl implements BalancerControl {
  readonly events: EventLog;
  readonly settings: MemorySettings;
  readonly statistics = new StatementStatistics({
    clock: systemClock,
    slowQueryMs: () => 1000,
    digestsMax: 10,
    onSlow: () => {},
  });
  readonly history = new History({
    clock: systemClock,
    look: () => ({
      nodes: this.nodes().map(({ name, state, pending }) => {
        const readTimes = this.statistics.readTimes(nodeName(name));
        return { name: nodeName(name), state, pending, readTimes };
      }),
      writeTimes: this.statistics.writeTimes,
      errors: this.statistics.errors,
      sessions: 2,
    }),
  });
  readonly connected = new Map<number, SessionStatus>();
  readonly queries: QueryRequest[] = [];
  readonly verifications: VerifyRequest[] = [];
  answer: (request: QueryRequest) => QueryOutcome = () => {
    throw new LockstepError('no_node', 'no node can serve this');
  };
  readiness: { ready: boolean; reason?: string } = { ready: true };
  equal = true;
  lastSeq = 7;
  answersKept = 3;
  readonly #nodes: Map<string, NodeStatus>;

  constructor(options: { nodes?: readonly string[]; eventCapacity?: number } = {}) {
    const names = options.nodes ?? ['mysql1', 'mysql2', 'mysql3'];
    this.#nodes = new Map(names.map((name, index) => [name, newNode(name, index)]));
    this.settings = new MemorySettings(
      names.map((name, index) => ({
        name: nodeName(name),
        host: '127.0.0.1',
        port: 3307 + index,
        user: 'app',
        password: 'app',
        weight: 1,
      })),
    );
    this.events = new EventLog({ clock: systemClock, capacity: options.eventCapacity ?? 100 });
  }

  status(): BalancerStatus {
    return {
      version: '0.0.0',
      startedAt: '2026-01-01T00:00:00.000Z',
      uptimeMs: 61_000,
      strategy: this.settings.config.strategy,
      consistency: 'session',
      acks: 'all',
      leader: 'mysql1',
      epoch: 1,
      lastSeq: this.lastSeq,
      log: { firstSeq: 1, lastSeq: this.lastSeq, sizeBytes: 700, retentionBytes: 1_000_000 },
      sessions: 2,
      nodes: this.nodes(),
      summary: `${this.#nodes.size} nodes`,
    };
  }

  nodes(): NodeStatus[] {
    return [...this.#nodes.values()].map((node) => this.node(node.name));
  }

  node(name: string): NodeStatus {
    const found = this.#nodes.get(name);
    if (found === undefined) throw new LockstepError('not_found', `no node is called "${name}"`);
    const configured = this.settings.config.nodes.find((one) => one.name === name);
    return { ...found, weight: configured?.weight ?? found.weight };
  }

  put(name: string, change: Partial<NodeStatus>): void {
    this.#nodes.set(name, { ...this.node(name), ...change });
  }

  async nodeLog(name: string, { after = 0, limit }: { after?: number; limit: number }) {
    const { position, pending } = this.node(name);
    const seqs = Array.from({ length: pending }, (_, index) => position + 1 + index);
    const entries = seqs
      .filter((seq) => seq > after)
      .slice(0, limit)
      .map(loggedCommand);
    return { node: nodeName(name), position, pending, entries };
  }

  async log({ after = 0, limit }: { after?: number; limit: number }) {
    const all = Array.from({ length: this.lastSeq }, (_, index) => index + 1);
    const seqs = all.filter((seq) => seq > after).slice(0, limit);
    return { firstSeq: 1, lastSeq: this.lastSeq, entries: seqs.map(loggedCommand) };
  }

  logVerification: LogVerification = {
    ...{ segments: 2, entries: 7, intents: 1, firstSeq: 1, lastSeq: 7, sizeBytes: 700 },
    problems: [],
    files: { files: 0, sizeBytes: 0, unnamed: [] },
  };

  async verifyLog() {
    return this.logVerification;
  }

  async enable(name: string) {
    this.#setState(name, 'UP');
  }
  async disable(name: string) {
    this.#setState(name, 'DISABLED');
  }
  async drain(name: string) {
    this.#setState(name, 'DRAINING');
  }
  async resync(name: string) {
    this.#setState(name, 'RESYNCING');
  }

  async addNode({ name, url }: AddNodeRequest) {
    const address = new URL(url).host;
    this.#nodes.set(name, { ...newNode(name, this.#nodes.size), address, state: 'RESYNCING' });
  }
  async removeNode(name: string, { force }: RemoveNodeOptions) {
    const { state } = this.node(name);
    if (state === 'DOWN' && force !== true) throw new LockstepError('conflict', `${name} is DOWN`);
    this.#nodes.delete(name);
  }
  async replaceNode({ name, url }: AddNodeRequest) {
    this.put(name, { address: new URL(url).host, state: 'RESYNCING' });
  }

  #setState(name: string, state: NodeState): void {
    this.put(name, { state });
  }

  cache(): CacheStatus {
    const none = { hits: 0, misses: 0, fills: 0, evictions: 0, invalidations: 0 };
    return { on: true, bytes: 0, bytesMax: 1024, answers: this.answersKept, ...none };
  }

  clearCache(): void {
    this.answersKept = 0;
  }

  strategy() {
    return { name: this.settings.config.strategy, available: strategyNames };
  }

  readonly ownSqlUser = 'app';

  reads(sql: string) {
    return /^\s*(?:select|show|explain)/i.test(sql);
  }

  /** Who may log in is everybody whose password is his name. */
  async checkSqlAccount({ name, password }: SqlAccount) {
    if (name === password) return;
    const message = `Access denied for user '${name}'`;
    throw new ServerError({ errno: 1045, sqlState: '28000', message });
  }

  async query(request: QueryRequest): Promise<QueryOutcome> {
    const { signal: _, sink, ...kept } = request;
    this.queries.push(kept);
    const outcome = this.answer(request);
    if (!sink || outcome.kind !== 'rows') return outcome;
    await sink.begin(outcome.columns, outcome.node);
    await sink.rows(outcome.rows);
    return { ...outcome, rows: [] };
  }

  async queryNode(name: string, request: QueryRequest) {
    this.queries.push(request);
    const outcome = this.answer(request);
    if (outcome.kind !== 'rows') throw new LockstepError('bad_request', 'it is only read');
    return { ...outcome, node: this.node(name).name, position: this.node(name).position };
  }

  async command(id: string) {
    if (id !== 'c1') throw new LockstepError('not_found', `no command has the id "${id}"`);
    return { id, state: 'queued' as const, sql: 'DELETE FROM t' };
  }

  /** What every comparison finds; `equal` decides when it is not set. */
  report: VerifyReport | undefined;

  #report(): VerifyReport {
    const nodes = { mysql1: { rows: 3, checksum: 'aa' }, mysql2: { rows: 3, checksum: 'bb' } };
    return {
      equal: this.equal,
      seq: 7,
      tables: [{ schema: 'app', table: 't', nodes, equal: this.equal, differing: [] }],
      rows: 3,
      durationMs: 4,
      missed: [],
      ...this.report,
    };
  }

  async verify(request: VerifyRequest = {}): Promise<VerifyReport> {
    this.verifications.push(request);
    return this.#report();
  }

  beginVerify(request: VerifyRequest): void {
    this.verifications.push(request);
  }

  verifyStatus(): VerifyStatus {
    const finishedAt = '2026-01-01T00:00:00.000Z';
    const id = this.verifications.length;
    return id === 0 ? {} : { last: { id, finishedAt, report: this.#report() } };
  }

  async cancelVerify(): Promise<void> {}

  sessions(): SessionStatus[] {
    return [...this.connected.values()];
  }

  killSession(id: number, { queryOnly }: { queryOnly: boolean }): void {
    const session = this.connected.get(id);
    if (!session) throw new LockstepError('not_found', `there is no session ${id}`);
    if (queryOnly) this.connected.set(id, { ...session, command: 'Sleep' });
    else this.connected.delete(id);
  }

  examination: Examination = { findings: [] };

  async examine() {
    return this.examination;
  }

  async metrics() {
    return '# TYPE lockstep_up gauge\nlockstep_up 1\n';
  }

  ready() {
    return this.readiness;
  }
}

function newNode(name: string, index: number): NodeStatus {
  return {
    name,
    address: `127.0.0.1:${3307 + index}`,
    state: 'UP',
    since: '2026-01-01T00:00:00.000Z',
    leader: index === 0,
    weight: 1,
    inSync: true,
    position: 7,
    pending: 0,
    needsResync: false,
    activeReads: 0,
    averageMs: 0.5,
    reads: 10,
    writes: 7,
    connections: 2,
  };
}

function loggedCommand(seq: number) {
  const sql = `INSERT INTO t VALUES (${seq})`;
  const command = { sql, schema: 'app', pins: {}, affectedRows: 1, insertId: '0', errno: 0 };
  return {
    seq,
    at: '2026-01-01T00:00:00.000Z',
    kind: 'transaction',
    commands: [command],
    bytes: 100,
  };
}

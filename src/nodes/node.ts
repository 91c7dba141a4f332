import type { NodeName } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import type { Config, NodeConfig } from '../config/config.ts';
import { type ConnectionKind, ConnectionPool, type PoolLimits } from './connection-pool.ts';
import { type HandshakeOptions, NodeRefusedError } from './client-handshake.ts';
import type { Password } from '../protocol/auth/password.ts';
import { NodeConnection, NodeConnectionLostError } from './node-connection.ts';
import { NodeTls } from './node-tls.ts';
import type { NodeState } from './node-state.ts';
import { type Patience, ReadPipelines } from './read-pipelines.ts';
import { queryRows } from './query-rows.ts';
import type { ServerFacts } from './server-facts.ts';
import { ServerRuns } from './server-runs.ts';

export interface NodeOptions {
  readonly config: NodeConfig;
  readonly clock: Clock;
  /** Read anew at each use. */
  readonly limits: PoolLimits;
  readonly health: Pick<Config['health'], 'connectTimeoutMs'>;
  readonly onStateChanged: (node: Node, from: NodeState, reason: string) => void;
  /** A connection could not be made or broke: the health monitor should look at once. */
  readonly onSuspect: (node: Node, reason: string) => void;
  /** A new connection shows that the server was restarted: what it has must be read anew. */
  readonly onRestarted: (node: Node) => void;
  /** The highest id of a connection that its server has given, as far as that is known. */
  readonly newestThreadId?: number;
  /** With reads that share a connection; default: as usual. */
  readonly patience?: Patience;
  /** How many connections of one account and state reads share at most; default: as usual. */
  readonly pipelinesMax?: number;
}

const killTimeoutMs = 5000;
/** Three quarters of what both servers allow unless told otherwise (max_prepared_stmt_count). */
const preparedMaxPerServer = 12_288;
const serverFullErrnos: ReadonlySet<number> = new Set([1040, 1203, 1226]);

/**
 * Denied, no right to the schema, host not allowed, password expired (1820, 1862), locked (3118,
 * 3955, MariaDB's 4151), or a plugin that we don't have (2059, 2061).
 */
const accountErrnos: ReadonlySet<number> = new Set([
  1044, 1045, 1130, 1698, 1820, 1862, 2059, 2061, 3118, 3955, 4151,
]);

/** One database server: its state, its connections and what is known about it. */
export class Node {
  readonly name: NodeName;
  readonly pool: ConnectionPool;
  readonly pipelines: ReadPipelines;
  /** Another process may have reads under way on it; owned by the workers room. */
  readElsewhere = false;
  readonly #options: NodeOptions;
  #state: NodeState = 'JOINING';
  #stateSinceMs: number;
  #reason = 'starting';
  #facts: ServerFacts | undefined;
  /** Connections that broke without a goodbye, and the server start they belong to. */
  readonly #orphans = new Set<number>();
  readonly #connections = new Set<NodeConnection>();
  readonly #runs: ServerRuns;
  #config: NodeConfig;
  #tls: NodeTls;
  #restarted = false;
  #questioned = false;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.name = options.config.name;
    this.#config = options.config;
    this.#runs = new ServerRuns(options.newestThreadId);
    this.#tls = new NodeTls(options.config);
    this.#stateSinceMs = options.clock.wallMs();
    this.pool = new ConnectionPool({
      open: (kind) => this.#openPooled(kind),
      limits: options.limits,
      clock: options.clock,
    });
    this.pipelines = new ReadPipelines({
      clock: options.clock,
      patience: options.patience,
      widthMax: options.pipelinesMax,
      depthMax: () => options.limits.pipelinedReads,
      pressed: () => this.pool.pressed,
      firstWaiting: () => this.pool.firstWaiting,
      hasIdle: (wanted) => this.pool.hasIdle(wanted),
      openIdle: (kind) => this.pool.openIdle(kind),
      give: (connection) => this.pool.give(connection),
      kill: (connection) => this.kill(connection),
    });
  }

  get config(): NodeConfig {
    return this.#config;
  }

  get address(): string {
    return `${this.config.host}:${this.config.port}`;
  }

  get state(): NodeState {
    return this.#state;
  }

  /** Milliseconds since 1970. */
  get stateSinceMs(): number {
    return this.#stateSinceMs;
  }

  get reason(): string {
    return this.#reason;
  }

  get weight(): number {
    return this.#config.weight;
  }

  /** The same server under other settings: connections that are made from now on have them. */
  reconfigure(config: NodeConfig): void {
    this.#config = config;
    this.#tls = new NodeTls(config);
  }

  /** What the server said of itself when it last joined. */
  get facts(): ServerFacts | undefined {
    return this.#facts;
  }

  set facts(facts: ServerFacts) {
    this.#facts = facts;
    this.#restarted = false;
  }

  /** The highest id of a connection in what is taken for the present run of the server. */
  get newestThreadId(): number {
    return this.#runs.newest;
  }

  /** A connection has shown that the server was restarted since its facts were read. */
  get restarted(): boolean {
    return this.#restarted;
  }

  /** It owes an answer for suspiciously long: others are better asked until it is checked. */
  get questioned(): boolean {
    return this.#questioned;
  }

  /** The server answered a check. */
  answered(): void {
    this.#questioned = false;
  }

  /** Reports the node when an answer has been owed for longer than `afterMs`. */
  reportSilence(nowMs: number, afterMs: number): void {
    for (const connection of this.#connections) {
      const silentMs = connection.reportSilence(nowMs, afterMs);
      if (silentMs === undefined) continue;
      this.#questioned = true;
      this.#options.onSuspect(this, `no answer for ${Math.round(silentMs)} ms`);
    }
  }

  /** Ids of the connections that this process has open. */
  get threadIds(): readonly number[] {
    return [...this.#connections].map((connection) => connection.threadId);
  }

  /** Every connection of this process, pooled or not, whoever has it. */
  get connections(): Iterable<NodeConnection> {
    return this.#connections;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Ids of broken connections whose transactions may still hold locks on the server. */
  get orphanedThreadIds(): readonly number[] {
    return [...this.#orphans];
  }

  forgetOrphans(): void {
    this.#orphans.clear();
  }

  transition(to: NodeState, reason: string): void {
    const from = this.#state;
    if (from === to) return;
    this.#state = to;
    this.#questioned = false;
    this.#reason = reason;
    this.#stateSinceMs = this.#options.clock.wallMs();
    this.#options.onStateChanged(this, from, reason);
  }

  /** As `transition`, and says why anew where it is in this state already. */
  enter(to: NodeState, reason: string): void {
    this.transition(to, reason);
    this.#reason = reason;
  }

  /** Why it has not left this state yet; nothing happens when it is in another one by now. */
  explain(state: NodeState, reason: string): void {
    if (this.#state === state) this.#reason = reason;
  }

  /** Whether this is one of the node's connections. */
  owns(connection: NodeConnection): boolean {
    return this.#connections.has(connection);
  }

  /** DDL has taken effect on it. */
  definitionsChanged(): void {
    for (const connection of this.#connections) connection.definitions += 1;
  }

  /** Ends what runs on one of the node's connections; the connection lives on. */
  killQuery(connection: NodeConnection): Promise<void> {
    return this.#kill(`QUERY ${connection.threadId}`);
  }

  /** Ends one of the node's connections with what runs on it, for whose answer nobody waits. */
  kill(connection: NodeConnection): Promise<void> {
    connection.end();
    return this.#kill(`CONNECTION ${connection.threadId}`);
  }

  async #kill(what: string): Promise<void> {
    const control = await this.openControl();
    try {
      await queryRows(control, `KILL ${what}`, { timeoutMs: killTimeoutMs });
    } finally {
      control.end();
    }
  }

  /** A connection of Lockstep's own account, outside the pool; the caller ends it. */
  openControl(schema?: string): Promise<NodeConnection> {
    return this.#open({
      user: this.config.user,
      password: this.config.password,
      deprecateEof: true,
      foundRows: true,
      schema,
    });
  }

  /** A connection of some other account, outside the pool; the caller ends it. */
  openAs(user: string, password: Password): Promise<NodeConnection> {
    return this.#open({ user, password, deprecateEof: true, foundRows: false });
  }

  /** Breaks every connection to the node at once. */
  destroyConnections(reason: Error): void {
    this.pool.destroyAll(reason);
    for (const connection of this.#connections) connection.destroy(reason);
  }

  /** For statements of clients, which must not meet a server whose data was not looked at. */
  async #openPooled(kind: ConnectionKind): Promise<NodeConnection> {
    const connection = await this.#open(kind);
    const share = Math.floor(preparedMaxPerServer / this.#options.limits.connectionsPerNode);
    connection.preparedMax = Math.max(1, Math.min(connection.preparedMax, share));
    if (!this.#restarted) return connection;
    connection.end();
    // Once more, in case that it was not yet up when this was first found.
    this.#options.onRestarted(this);
    throw new NodeConnectionLostError('the server was restarted');
  }

  async #open(login: HandshakeOptions): Promise<NodeConnection> {
    const { health, clock } = this.#options;
    const config = this.#config;
    const beganAnotherRun = this.#runs.connecting();
    try {
      const connection = await NodeConnection.connect({
        host: config.host,
        port: config.port,
        connectTimeoutMs: health.connectTimeoutMs,
        clock,
        tls: this.#tls,
        compression: config.compression,
        ...login,
      });
      this.#connections.add(connection);
      connection.onLost((error) => {
        this.#connections.delete(connection);
        if (connection.endedByUs) return;
        this.#orphans.add(connection.threadId);
        this.#options.onSuspect(this, error.message);
      });
      if (beganAnotherRun(connection.threadId)) {
        this.#restarted = true;
        this.#options.onRestarted(this);
      }
      return connection;
    } catch (error) {
      if (!this.#provesAlive(error, login)) {
        this.#options.onSuspect(this, error instanceof Error ? error.message : String(error));
      }
      throw error;
    }
  }

  /** A server that is full, or refuses a client for what its account is, has answered. */
  #provesAlive(error: unknown, { user }: HandshakeOptions): boolean {
    if (!(error instanceof NodeRefusedError)) return false;
    if (serverFullErrnos.has(error.errno)) return true;
    return user !== this.config.user && accountErrnos.has(error.errno);
  }
}

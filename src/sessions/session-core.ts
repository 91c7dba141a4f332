import type { Duplex } from 'node:stream';
import type { NodeName, Seq } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import { commonVersion } from '../nodes/common-version.ts';
import { isDenied } from '../nodes/client-handshake.ts';
import { type ConnectionKind, type Wanted, wantedKey } from '../nodes/connection-pool.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import type { Node } from '../nodes/node.ts';
import type { ReadPipeline } from '../nodes/read-pipeline.ts';
import type { LoadFile } from '../log/load-file.ts';
import type { Leadership } from '../replication/replicator.ts';
import type { Release } from '../replication/write-gate.ts';
import type { ResultsetMetadata } from '../protocol/metadata-filter.ts';
import { type LexMode, sharedMode } from '../sql/lex-mode.ts';
import { nameCharsetOf } from '../sql/name-charset.ts';
import type { Statement } from '../sql/statement.ts';
import { SessionBroken } from './answer.ts';
import { canCarry, holdsOtherInsertId, inSchemaOf, isInSchema } from './carry-state.ts';
import { ClientFile } from './client-file.ts';
import { Diagnostics } from './diagnostics.ts';
import { EarlySavepoints } from './early-savepoints.ts';
import { Horizon } from './horizon.ts';
import { NamedStatements } from './named-statements.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { packetLimit } from './packet-limit.ts';
import { RunningStatement } from './running-statement.ts';
import type { SessionContext } from './session-context.ts';
import type { SessionLoan } from './session-loan.ts';
import type { SessionRegistry } from './session-registry.ts';
import { SessionTracker } from './session-tracker.ts';
import { StatementWatch } from './statement-watch.ts';
import { type CarriedState, inSchema, SessionState } from './session-state.ts';
import type { ChangesOf, VisibleStatus } from './status-patch.ts';
import type { HeldTableLock } from './table-locks.ts';
import type { Characteristics } from './transaction-characteristics.ts';
import { UserLocks } from './user-locks.ts';

/** The leader's connection that a session keeps because its state cannot be carried. */
export interface PinnedConnection {
  readonly node: Node;
  readonly connection: NodeConnection;
  readonly leadership: Leadership;
  readonly reason: string;
}

/** Which node a statement ran on, and its place in the log if it was logged. */
export interface Route {
  readonly node: NodeName;
  readonly seq?: Seq;
}

export interface SessionSnapshot {
  readonly carried: CarriedState;
  readonly lastInsertId: string;
}

/** Everything a session knows between two statements. */
export class SessionCore {
  /** CONNECTION_ID() as the client sees it: its number with Lockstep, not with a node. */
  readonly id: number;
  readonly context: SessionContext;
  /** Every session, for KILL and SHOW PROCESSLIST. */
  readonly sessions: SessionRegistry;
  /** Another one only at the end of the login, when compression begins. */
  client: Duplex;
  /** Whom the nodes take the session for; COM_CHANGE_USER changes it. */
  account: ConnectionKind;
  /** Where the client comes from. */
  readonly host: string;
  /** What it says it is (`program_name`). */
  readonly program: string | undefined;
  readonly encrypted: boolean;
  readonly state = new SessionState();
  autocommit = true;
  /** Whether results tell of their columns; undefined: always, the client cannot do without. */
  metadata: ResultsetMetadata | undefined;
  transaction: OpenTransaction | undefined;
  #pinned: PinnedConnection | undefined;
  /** FLUSH TABLES WITH READ LOCK is in force: nobody writes. */
  globalReadLock: Release | undefined;
  /** LOCK INSTANCE FOR BACKUP is in force: no other session changes a definition. */
  instanceLock: Release | undefined;
  /** LOCK TABLES is in force: no other session writes. */
  tableLock: HeldTableLock | undefined;
  readonly temporaryTables = new Set<string>();
  readonly userLocks = new UserLocks();
  /** Of the transaction that is open or comes next, where they are not the session's. */
  characteristics: Characteristics = {};
  readonly savepoints = new EarlySavepoints();
  /** LAST_INSERT_ID() as this session must see it. */
  lastInsertId = '0';
  readonly diagnostics = new Diagnostics(() => this.#conditionsMax);
  #named: NamedStatements | undefined;
  readonly horizon = new Horizon();
  /** Undefined for a client that wants to be told nothing. */
  readonly tracker: SessionTracker | undefined;
  /** For the end of an answer; undefined where there is no tracker. */
  readonly changes: ChangesOf | undefined;
  readonly running = new RunningStatement((connection) => this.nodeOf(connection));
  readonly watch = new StatementWatch(this);
  /** Undefined for a session that is never lent to a worker. */
  loan: SessionLoan | undefined;
  /** What the client was asked for by the command under way. */
  clientFile: ClientFile | undefined;
  /** Files that the client has sent, as long as what is open may need them again. */
  readonly loadFiles: LoadFile[] = [];
  route: Route | undefined;
  /** The node whose turn it is, of a strategy that was asked already. */
  chosen: NodeName | undefined;
  /** The latest error that Lockstep answered with, for callers inside the process. */
  lastError: unknown;
  #lastWanted: { readonly carried: CarriedState; readonly wanted: Wanted } | undefined;
  #mode: { readonly stateKey: string; readonly mode: LexMode } | undefined;

  constructor(options: {
    id: number;
    context: SessionContext;
    sessions: SessionRegistry;
    client: Duplex;
    host: string;
    program: string | undefined;
    encrypted: boolean;
    account: ConnectionKind;
    /** The client has SESSION_TRACK. */
    tracks: boolean;
  }) {
    this.id = options.id;
    this.context = options.context;
    this.sessions = options.sessions;
    this.client = options.client;
    this.host = options.host;
    this.program = options.program;
    this.encrypted = options.encrypted;
    this.account = options.account;
    if (!options.tracks) return;
    const tracker = new SessionTracker(this);
    this.tracker = tracker;
    this.changes = () => tracker.take();
  }

  /** Prepared by text. */
  get named(): NamedStatements {
    const { preparedStatementsPerSession } = this.context.config.limits;
    return (this.#named ??= new NamedStatements(preparedStatementsPerSession));
  }

  /** How text is to be read under the session's sql_mode. */
  get lexMode(): LexMode {
    const stateKey = this.state.carried.key;
    if (this.#mode?.stateKey === stateKey) return this.#mode.mode;
    const facts = this.anyFacts();
    const sqlMode =
      this.state.carried.settings.get('sql_mode') ?? facts?.defaults.get('sql_mode') ?? '';
    const serverVersion = commonVersion(this.context.nodes.values());
    const charset = nameCharsetOf(this.state.carried.settings.get('character_set_client'));
    const mode = sharedMode({
      ...(charset !== undefined && { charset }),
      ...(serverVersion !== undefined && { serverVersion }),
      ansiQuotes: /ANSI/.test(sqlMode),
      noBackslashEscapes: sqlMode.includes('NO_BACKSLASH_ESCAPES'),
      flavor: facts?.flavor ?? 'mysql',
    });
    this.#mode = { stateKey, mode };
    return mode;
  }

  /** How many errors and warnings there may be for SHOW WARNINGS; others are only counted. */
  get #conditionsMax(): number {
    return Number(this.state.carried.settings.get('max_error_count') ?? Infinity);
  }

  get pinned(): PinnedConnection | undefined {
    return this.#pinned;
  }

  pin(pinned: PinnedConnection): void {
    this.#pinned = pinned;
    this.context.counters.sessionPinned();
  }

  /** Nothing is held on the connection any more: it serves others again. */
  unpin(): void {
    const pinned = this.#pinned;
    if (!pinned) return;
    this.#pinned = undefined;
    this.context.counters.sessionUnpinned();
    // One that a transaction is open on is given back when that ends.
    if (this.transaction?.lane.connection !== pinned.connection) {
      pinned.node.pool.give(pinned.connection);
    }
  }

  /** What a statement may change of the session itself. */
  get snapshot(): SessionSnapshot {
    return { carried: this.state.carried, lastInsertId: this.lastInsertId };
  }

  restore(snapshot: SessionSnapshot): void {
    this.state.restore(snapshot.carried);
    this.lastInsertId = snapshot.lastInsertId;
  }

  get status(): VisibleStatus {
    return {
      inTransaction: this.transaction !== undefined,
      autocommit: this.autocommit,
      moreResults: false,
    };
  }

  /**
   * Throws SessionBroken when the connection that the session cannot do without is gone, or
   * its node leads no more: what is held there (a temporary table, a lock) has no copy.
   */
  checkPinned(): void {
    const { pinned } = this;
    if (!pinned) return;
    if (!pinned.connection.lost && this.context.replicator.isCurrent(pinned.leadership)) return;
    throw new SessionBroken(`the node that held the session's ${pinned.reason} is gone`);
  }

  analyse(sql: string): Statement {
    return this.context.statements.analyse(sql, this.lexMode);
  }

  node(name: NodeName): Node {
    const node = this.context.nodes.get(name);
    if (!node) throw new LockstepError('no_node', `node ${name} was removed`);
    return node;
  }

  /** The node that a connection belongs to; undefined once that is closed. */
  nodeOf(connection: NodeConnection): Node | undefined {
    for (const node of this.context.nodes.values()) if (node.owns(connection)) return node;
    return undefined;
  }

  anyFacts(): Node['facts'] {
    const leader = this.context.replicator.leadership;
    const known = leader ? this.context.nodes.get(leader.name)?.facts : undefined;
    if (known) return known;
    for (const node of this.context.nodes.values()) if (node.facts) return node.facts;
    return undefined;
  }

  /** Before a transaction begins on the leader, behind the write gate. */
  async ensureMarkerRights(leadership: Leadership): Promise<void> {
    const { markerRights } = this.context;
    if (!markerRights.has(this, leadership)) await markerRights.grant(this, leadership);
  }

  /**
   * A connection to the node that can be brought to this session's state; for a command that goes
   * to `schema`, one in any. Those in none are left to sessions in none, who take no others.
   */
  async takeConnection(node: Node, schema?: string): Promise<NodeConnection> {
    const wanted = this.#wanted(schema);
    const connection =
      (schema !== undefined && node.pool.tryTake({ ...wanted, fits: isInSchema })) ||
      (node.pool.tryTake(wanted) ?? (await this.#openOrWait(node, wanted)));
    void connection.readLeft?.();
    return connection;
  }

  /** One that is idle now and usable as it is. */
  tryTakeConnection(
    node: Node,
    usable: (connection: NodeConnection) => boolean,
  ): NodeConnection | undefined {
    const connection = node.pool.tryTake(this.#wanted(undefined));
    if (!connection) return undefined;
    let taken = false;
    try {
      taken = usable(connection);
    } finally {
      if (!taken) node.pool.give(connection);
    }
    if (!taken) return undefined;
    void connection.readLeft?.();
    return connection;
  }

  /** One that is shared with others, or can be; for a read that may wait behind others. */
  joinPipeline(
    node: Node,
    usable: (connection: NodeConnection) => boolean,
  ): ReadPipeline | undefined {
    return node.pipelines.join(this.#wanted(undefined), usable, () =>
      this.tryTakeConnection(node, usable),
    );
  }

  mayJoinPipeline(node: Node, usable: (connection: NodeConnection) => boolean): boolean {
    return node.pipelines.hasRoom(this.#wanted(undefined), usable);
  }

  /** False where it is not to be shared from now on. */
  keepForPipeline(node: Node, connection: NodeConnection): boolean {
    if (holdsOtherInsertId(connection, '0')) return false;
    return node.pipelines.keep(this.#wanted(undefined), connection);
  }

  #wanted(schema: string | undefined): Wanted {
    const { carried } = this.state;
    const kind = this.account;
    if (schema === undefined) {
      // The same from statement to statement, as long as nothing is set.
      const last = this.#lastWanted;
      if (last?.carried === carried && last.wanted.kind === kind) return last.wanted;
      const wanted: Wanted = {
        kind,
        stateKey: carried.key,
        key: wantedKey(kind, carried.key),
        fits: (one) => canCarry(one, carried),
      };
      this.#lastWanted = { carried, wanted };
      return wanted;
    }
    const stateKey = inSchema(carried, schema).key;
    const key = wantedKey(kind, stateKey);
    return { kind, stateKey, key, fits: (one) => canCarry(one, inSchemaOf(one, carried)) };
  }

  async #openOrWait(node: Node, wanted: Wanted): Promise<NodeConnection> {
    try {
      return await node.pool.take(wanted);
    } catch (error) {
      if (isDenied(error)) this.context.accounts.refused(this.account.user);
      throw error;
    }
  }

  askForFile(name: string, sequenceId: number): ClientFile {
    const { clock } = this.context;
    const timeoutS = Number(this.state.carried.settings.get('net_read_timeout') ?? 30);
    const packetBytesMax = packetLimit(this.context);
    const options = { client: this.client, clock, name, sequenceId, packetBytesMax };
    this.clientFile = new ClientFile({ ...options, timeoutMs: timeoutS * 1000 });
    return this.clientFile;
  }

  /** Of the packet that answers: the next one, or the one behind the file that was asked for. */
  takeSequenceId(next: number): number {
    const file = this.clientFile;
    this.clientFile = undefined;
    return file?.nextSequenceId ?? next;
  }

  /** Those of the transaction that has ended; entries that name them keep theirs. */
  async releaseFiles(): Promise<void> {
    const files = this.transaction ? [] : this.loadFiles.splice(0);
    for (const file of files) await this.context.files.release(file);
  }

  /** Lets go of everything held on nodes: the client is gone or starts afresh. */
  async letGo(): Promise<void> {
    const transaction = this.transaction;
    this.transaction = undefined;
    if (transaction) {
      await transaction.lane.rollback();
      transaction.release();
      if (transaction.lane.connection !== this.pinned?.connection) {
        transaction.node.pool.give(transaction.lane.connection);
      }
    }
    this.#pinned?.connection.end();
    this.unpin();
    this.userLocks.clear();
    this.tableLock?.release();
    this.tableLock = undefined;
    this.globalReadLock?.();
    this.globalReadLock = undefined;
    this.instanceLock?.();
    this.instanceLock = undefined;
    this.temporaryTables.clear();
    this.characteristics = {};
    this.savepoints.clear();
    this.#named?.clear();
    await this.releaseFiles();
  }
}

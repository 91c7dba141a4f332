import { type NodeName, noSeq, type Seq } from '../../base/brands.ts';
import type { Clock } from '../../base/clock.ts';
import { faultPoints } from '../../base/fault-points.ts';
import type { CommandLog } from '../../log/command-log.ts';
import type { Node } from '../../nodes/node.ts';
import type { NodeConnection } from '../../nodes/node-connection.ts';
import { queryRows } from '../../nodes/query-rows.ts';
import { isOracleMode } from '../../sql/lex-mode.ts';
import { readServerFacts } from '../../nodes/server-facts.ts';
import type { Statement } from '../../sql/statement.ts';
import { quoteString } from '../../sql/quote.ts';
import { decodeEntry } from '../entry-codec.ts';
import { decideJoin, type JoinDecision } from '../join-decision.ts';
import { ddlFingerprint } from './ddl-fingerprint.ts';
import type { FirstStart } from './first-start.ts';
import { endConnections } from './end-connections.ts';
import {
  type AnnouncedDdl,
  condemn,
  grantMarkerRights,
  initialiseMarkers,
  type NodeMarkers,
  readMarkers,
  retractDdl,
} from './node-markers.ts';

export interface NodeRecoveryOptions {
  readonly log: CommandLog;
  readonly clusterId: string;
  readonly clock: Clock;
  readonly epoch: () => number;
  /** Accounts of applications, which must be able to write their marker rows. */
  readonly users: () => readonly string[];
  /** `reading` as in text-reading. */
  readonly analyse: (sql: string, reading: string) => Statement;
  /** A DDL statement whose intent ends the log took effect on the node that ran it. */
  readonly confirmIntent: (node: NodeName, seq: Seq) => Promise<boolean>;
  readonly firstStart: FirstStart;
  readonly nodeCount: () => number;
  /** Runs `decide` when no DDL is under way: one that lost its leader may yet be logged. */
  readonly whileNoDdl: (decide: () => Promise<boolean>) => Promise<boolean>;
}

type Refusal = Exclude<JoinDecision, { kind: 'follow' | 'initialise' }>;

export type RecoveredNode =
  | { readonly kind: 'follow'; readonly position: Seq; readonly appliedBeyond: ReadonlySet<Seq> }
  | Refusal;

/**
 * Finds out what a node that has come (back) already has: ends what our broken connections
 * left open on it, then reads its markers. After any crash the truth is the log's entries
 * minus the node's markers.
 */
export class NodeRecovery {
  readonly #options: NodeRecoveryOptions;
  /** Nodes that have been looked at once since this balancer started. */
  readonly #seen = new Set<NodeName>();

  constructor(options: NodeRecoveryOptions) {
    this.#options = options;
  }

  async examine(node: Node, options: { led: boolean }): Promise<RecoveredNode> {
    const { log, clusterId, users, epoch } = this.#options;
    const control = await node.openControl();
    // A balancer before this one may have died before it could tell that a connection had broken.
    const unknown = !this.#seen.has(node.name);
    try {
      if (faultPoints.armed) await faultPoints.reach('recovery.begun', node.name);
      const restarted = await this.#readFacts(node, control);
      const markers = await readMarkers(control);
      const settled = markers && (await this.#settleDdl(node.name, markers, control));
      if (settled === 'diverged') {
        return {
          kind: 'quarantine',
          reason: 'a DDL statement took effect on it that the log does not have',
          member: true,
        };
      }
      const decision = decideJoin(
        settled && {
          clusterId: settled.clusterId,
          position: settled.position,
          appliedBeyond: settled.appliedBeyond,
          mayHaveLostLocks: unknown || (options.led && !restarted),
          sole: this.#options.nodeCount() === 1,
        },
        { clusterId, firstSeq: log.firstSeq, lastSeq: log.lastSeq },
      );
      if (this.#begins(decision)) {
        const admission = await this.#options.firstStart.admit(node.name);
        if (admission.kind === 'refused') {
          return { kind: 'quarantine', reason: admission.reason, member: false };
        }
        await initialiseMarkers(control, { clusterId, epoch: epoch(), position: noSeq });
        await grantMarkerRights(control, users());
        return { kind: 'follow', position: noSeq, appliedBeyond: new Set() };
      }
      if (decision.kind !== 'follow' || !settled) {
        if (decision.kind === 'quarantine' && settled?.clusterId === clusterId) {
          await condemn(control);
        }
        return decision as Refusal;
      }
      await grantMarkerRights(control, users());
      if (faultPoints.armed) await faultPoints.reach('recovery.examined', node.name);
      const { position, appliedBeyond } = settled;
      return { kind: 'follow', position, appliedBeyond };
    } finally {
      control.end();
    }
  }

  /** Its name may come to stand for another server. */
  forget(name: NodeName): void {
    this.#seen.delete(name);
  }

  /** A member's data was found unfit while it followed: it does not return by itself. */
  async condemn(node: Node): Promise<void> {
    const control = await node.openControl();
    try {
      await condemn(control);
    } finally {
      control.end();
    }
  }

  /** The log is empty and the node is no member: it may become one if it holds the right data. */
  #begins(decision: JoinDecision): boolean {
    if (decision.kind === 'initialise') return true;
    const { log, firstStart } = this.#options;
    return decision.kind === 'quarantine' && log.lastSeq === 0 && firstStart.hasSource;
  }

  /** Ends what our broken connections left open on a node that is to be filled anew. */
  async prepare(node: Node): Promise<void> {
    const control = await node.openControl();
    try {
      await this.#readFacts(node, control);
    } finally {
      control.end();
    }
  }

  /** Whether the server was restarted since it was last asked. */
  async #readFacts(node: Node, control: NodeConnection): Promise<boolean> {
    const before = node.facts;
    const facts = await readServerFacts(control);
    if (isOracleMode(facts.defaults.get('sql_mode') ?? '')) {
      throw new Error(
        'its sessions begin in sql_mode ORACLE, which is not understood here: SET GLOBAL ' +
          'sql_mode to one without it, and in the configuration of the server',
      );
    }
    const restarted = node.restarted || facts.startedAtS !== before?.startedAtS;
    if (restarted) node.forgetOrphans();
    await this.#endLeftovers(node, control);
    node.facts = facts;
    // Of a server that was never asked before nothing is known.
    return restarted && before !== undefined;
  }

  /**
   * A connection of ours that broke may have left a live transaction that holds locks. Those
   * of this process are known by id; those of a balancer that died are the open transactions
   * of our accounts, since nobody else writes with them.
   */
  async #endLeftovers(node: Node, control: NodeConnection): Promise<void> {
    let ids = [...node.orphanedThreadIds];
    if (!this.#seen.has(node.name)) {
      // A statement may run on although nobody waits for its answer: DDL would take effect later.
      const accounts = [...new Set([node.config.user, ...this.#options.users()])];
      const rows = await queryRows(
        control,
        'SELECT p.ID AS id FROM information_schema.PROCESSLIST p ' +
          'LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID ' +
          `WHERE (p.USER IN (${accounts.map((name) => quoteString(name)).join(',')}) ` +
          'OR p.USER IN (SELECT g.User FROM mysql.tables_priv g ' +
          "WHERE g.Db = 'lockstep' AND g.Table_name = 'applied')) " +
          "AND (t.trx_id IS NOT NULL OR p.COMMAND IN ('Query', 'Execute', 'Prepare', 'Killed'))",
      );
      const own = new Set(node.threadIds);
      ids = ids.concat(rows.map((row) => Number(row['id'])).filter((id) => !own.has(id)));
    }
    await endConnections(control, ids, this.#options.clock);
    node.forgetOrphans();
    this.#seen.add(node.name);
  }

  /** Whether a DDL statement that was announced took effect, by its fingerprint. */
  async #settleDdl(
    node: NodeName,
    markers: NodeMarkers,
    control: NodeConnection,
  ): Promise<NodeMarkers | 'diverged'> {
    const { ddl } = markers;
    if (!ddl) return markers;
    const statement = this.#options.analyse(ddl.sql, ddl.reading);
    const now = await ddlFingerprint(control, statement, ddl.schema);
    if (now === ddl.fingerprint) {
      await retractDdl(control);
      return { ...markers, ddl: undefined };
    }
    if (!(await this.#options.whileNoDdl(() => this.#becameEntry(node, ddl)))) return 'diverged';
    await queryRows(
      control,
      `BEGIN;INSERT IGNORE INTO lockstep.applied VALUES (${ddl.seq});` +
        'UPDATE lockstep.node SET ddl_seq=0 WHERE id=1;COMMIT',
    );
    const appliedBeyond = new Set(markers.appliedBeyond).add(ddl.seq);
    return { ...markers, ddl: undefined, appliedBeyond };
  }

  async #becameEntry(node: NodeName, ddl: AnnouncedDdl): Promise<boolean> {
    return (await this.#isLogged(ddl)) || this.#options.confirmIntent(node, ddl.seq);
  }

  async #isLogged(ddl: AnnouncedDdl): Promise<boolean> {
    const { log } = this.#options;
    if (ddl.seq < log.firstSeq || ddl.seq > log.lastSeq) return false;
    const [record] = await log.read(ddl.seq, { entriesMax: 1, bytesMax: 1 });
    if (!record) return false;
    const entry = decodeEntry(record.payload);
    return entry.kind === 'ddl' && entry.commands[0]?.sql === ddl.sql;
  }
}

import { type NodeName, noSeq, type Seq } from '../../src/base/brands.ts';
import { LockstepError } from '../../src/base/errors.ts';
import { NodeConnectionLostError } from '../../src/nodes/node-connection.ts';
import type { Command } from '../../src/replication/command.ts';
import type { CommitOutcome, Leadership } from '../../src/replication/replicator.ts';
import type { DdlAnswer } from '../../src/replication/shell/leader-ddl.ts';
import { chooseNode } from '../../src/sessions/read-path.ts';
import type { SessionCore } from '../../src/sessions/session-core.ts';
import type { Statement } from '../../src/sql/statement.ts';
import { Violation } from './oracle.ts';
import type { SimBalancer } from './sim-balancer.ts';
import type { SimConnection } from './sim-connection.ts';
import { SimLane } from './sim-lane.ts';
import { tokensOf } from './sim-sql.ts';
import type { Simulation } from './simulation.ts';

const noNodeTimeoutMs = 1_500;
const gateTimeoutMs = 2_000;
const ddlVerbs = ['CREATE', 'ALTER', 'DROP'];

/** What the client's session knows: it must never see less than this again. */
interface Seen {
  readonly list: string;
  readonly token: string;
}

/**
 * A client and the session that serves it: writes and reads on the same path as the rooms
 * above take, and remembers what it was told.
 */
export class SimClient {
  readonly #world: Simulation;
  readonly #balancer: SimBalancer;
  readonly #number: number;
  readonly #seen: Seen[] = [];
  #minSeq: Seq = noSeq;
  #lastReadNode: NodeName | undefined;
  #lastReadSeq: Seq = noSeq;
  writes = 0;

  constructor(world: Simulation, balancer: SimBalancer, number: number) {
    this.#world = world;
    this.#balancer = balancer;
    this.#number = number;
  }

  async live(): Promise<void> {
    const { random } = this.#world;
    for (;;) {
      await this.#balancer.process.sleep(random.between(0, this.#world.thinkMs));
      await this.act();
    }
  }

  async act(): Promise<void> {
    const { random } = this.#world;
    const choice = random.next();
    if (choice < 0.3) await this.#expectFailures(() => this.#read());
    else if (choice < 0.7) await this.write();
    else if (choice < 0.95) await this.#expectFailures(() => this.#transaction());
    else await this.#expectFailures(() => this.#ddl());
  }

  /** One write of its own; true when it was acknowledged. */
  async write(): Promise<boolean> {
    return this.#expectFailures(() => this.#autocommit(this.#statement()));
  }

  /** Coded errors and lost nodes are answers that a client may get. */
  async #expectFailures(run: () => Promise<void>): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (error) {
      const expected = error instanceof LockstepError ? error.code !== 'internal' : isLost(error);
      if (!expected) this.#world.fault(error);
      return false;
    }
  }

  #statement(): string {
    const { random } = this.#world;
    const token = this.#world.nextToken(this.#number);
    const list = (): string => `l${random.below(4)}`;
    const choice = random.next();
    if (choice < 0.6) return `APPEND ${list()} ${token}`;
    if (choice < 0.75) return `TAKE ${list()} ${list()} ${token}`;
    if (choice < 0.9) return `INSERT r${random.below(3)} ${token}`;
    return `DELETE r${random.below(3)}`;
  }

  async #autocommit(sql: string): Promise<void> {
    const { replicator, nodes, process } = this.#balancer;
    for (;;) {
      const leadership = await replicator.beginTerm(noNodeTimeoutMs);
      const release = await replicator.gate.shared(gateTimeoutMs);
      try {
        if (!replicator.isCurrent(leadership)) continue;
        const node = nodes.get(leadership.name)!;
        const connection = await node.take();
        const lane = new SimLane(connection);
        try {
          const command = await this.#execute(lane, sql);
          if (!command) {
            await lane.rollback();
            return;
          }
          const outcome = await this.#commit(leadership, [command], lane);
          if (this.#settled(outcome, [sql])) return;
        } finally {
          node.give(connection);
        }
      } catch (error) {
        if (!isLost(error)) throw error;
        await process.sleep(20);
      } finally {
        release();
      }
    }
  }

  async #transaction(): Promise<void> {
    const { replicator, nodes, process } = this.#balancer;
    const { random } = this.#world;
    const leadership = await replicator.beginTerm(noNodeTimeoutMs);
    const release = await replicator.gate.shared(gateTimeoutMs);
    let connection: SimConnection | undefined;
    const node = nodes.get(leadership.name)!;
    try {
      if (!replicator.isCurrent(leadership)) return;
      connection = await node.take();
      const lane = new SimLane(connection);
      const commands: Command[] = [];
      for (let left = 1 + random.below(3); left > 0; left--) {
        const command = await this.#execute(lane, this.#statement());
        if (!command) {
          await lane.rollback();
          return;
        }
        commands.push(command);
        await process.sleep(random.between(0, random.chance(0.2) ? 60 : 2));
        if (!replicator.isCurrent(leadership)) {
          await lane.rollback();
          return;
        }
      }
      if (random.chance(0.1)) {
        await lane.rollback();
        return;
      }
      const outcome = await this.#commit(leadership, commands, lane);
      this.#settled(
        outcome,
        commands.map((command) => command.sql),
      );
    } finally {
      release();
      if (connection) node.give(connection);
    }
  }

  async #execute(lane: SimLane, sql: string): Promise<Command | undefined> {
    const answer = await lane.run(sql);
    return answer.kind === 'error' ? undefined : commandOf(sql, answer.affectedRows);
  }

  #commit(leadership: Leadership, commands: Command[], lane: SimLane): Promise<CommitOutcome> {
    const { replicator } = this.#balancer;
    const { lastCommitSent: lastCommitted } = replicator;
    return replicator.commit(leadership, { kind: 'transaction', lastCommitted, commands }, lane);
  }

  /** False when nothing took effect and it may be run again. */
  #settled(outcome: CommitOutcome, statements: readonly string[]): boolean {
    switch (outcome.kind) {
      case 'committed':
        this.#acknowledged(outcome.seq, statements);
        return true;
      case 'aborted':
        return false;
      case 'not_logged':
        throw new LockstepError('log_unavailable', outcome.error.message);
    }
  }

  #acknowledged(seq: Seq, statements: readonly string[]): void {
    this.writes++;
    if (seq > this.#minSeq) this.#minSeq = seq;
    this.#world.acknowledged(seq, statements);
    for (const sql of statements) {
      const [verb, first = '', second = '', third = ''] = sql.split(' ');
      if (verb === 'APPEND') this.#seen.push({ list: first, token: second });
      if (verb === 'TAKE') this.#seen.push({ list: second, token: third });
    }
  }

  async #ddl(): Promise<void> {
    const { replicator, process } = this.#balancer;
    const { random } = this.#world;
    const table = random.chance(0.5) ? 't0' : `t${1 + random.below(2)}`;
    const verb = table === 't0' && random.chance(0.9) ? 'ALTER' : random.pick(ddlVerbs);
    const token = this.#world.nextToken(this.#number);
    const sql = `${verb} TABLE ${table} ${token}`;
    const release = await replicator.gate.exclusive(gateTimeoutMs);
    try {
      for (let attempt = 0; attempt < 20; attempt++) {
        if (await this.#tryDdl(sql, table)) return;
        await process.sleep(20);
      }
    } finally {
      release();
    }
  }

  /** False when the leader was lost, and the next one may run it. */
  async #tryDdl(sql: string, table: string): Promise<boolean> {
    const { replicator, nodes, leaderDdl } = this.#balancer;
    const leadership = await replicator.beginTerm(noNodeTimeoutMs);
    const node = nodes.get(leadership.name)!;
    try {
      const connection = await node.take();
      try {
        const execute = async (): Promise<DdlAnswer> => {
          const answer = (await connection.query(sql)).at(-1);
          return { errno: answer?.kind === 'err' ? answer.error.errno : 0, affectedRows: 0 };
        };
        const executor = { threadId: connection.threadId, execute };
        const run = await leaderDdl.run(leadership, commandOf(sql, 0), tableOf(table), executor);
        if (run.kind === 'committed') this.#acknowledged(run.seq, [sql]);
        return run.kind !== 'lost';
      } finally {
        node.give(connection);
      }
    } catch (error) {
      if (!isLost(error)) throw error;
      return false;
    }
  }

  async #read(): Promise<void> {
    const { process, nodes, replicator } = this.#balancer;
    const { settings, oracle } = this.#world;
    const promised =
      settings.consistency === 'strong' ? this.#world.acknowledgedTokens() : [...this.#seen];
    const deadlineMs = process.nowMs() + noNodeTimeoutMs;
    const chosen = await chooseNode(this.#core(), false, new Set(), deadlineMs);
    const node = nodes.get(chosen.name)!;
    const connection = await node.take();
    const answer = (await connection.query('READ')).at(-1);
    node.give(connection);
    if (answer?.kind !== 'rows') return;
    this.#lastReadNode = node.name;
    const visible = replicator.visible(node.name);
    if (visible > this.#minSeq) this.#minSeq = visible;
    this.#lastReadSeq = this.#minSeq;
    const lists = new Map(answer.rows.map(([key, value]) => [key ?? '', tokensOf(value ?? '')]));
    for (const [list, tokens] of lists) {
      if (!list.startsWith('l')) continue;
      for (const token of tokens) {
        if (oracle.seqOf(token) !== undefined) continue;
        throw new Violation(`${node.name} shows ${token}, which is not in the log`);
      }
    }
    if (settings.consistency === 'eventual') return;
    const missing = promised.find(({ list, token }) => !lists.get(list)?.includes(token));
    if (missing) {
      throw new Violation(
        `a ${settings.consistency} read on ${node.name} does not show ${missing.token} ` +
          `in ${missing.list} (entry ${oracle.seqOf(missing.token)})`,
      );
    }
    for (const [list, tokens] of lists) {
      if (!list.startsWith('l')) continue;
      for (const token of tokens) this.#note(list, token);
    }
  }

  #note(list: string, token: string): void {
    if (!this.#seen.some((seen) => seen.token === token)) this.#seen.push({ list, token });
  }

  /** As much of a session as choosing a node looks at. */
  #core(): SessionCore {
    const { process, nodes, replicator, router } = this.#balancer;
    const { consistency } = this.#world.settings;
    return {
      context: {
        clock: process,
        nodes,
        replicator,
        router,
        config: { consistency, noNodeTimeoutMs },
      },
      minSeq: this.#minSeq,
      lastReadNode: this.#lastReadNode,
      lastReadSeq: this.#lastReadSeq,
      node: (name: NodeName) => nodes.get(name),
    } as unknown as SessionCore;
  }
}

const isLost = (error: unknown): boolean =>
  error instanceof NodeConnectionLostError ||
  (error instanceof Error && /refused|no answer in time|taken out/.test(error.message));

function commandOf(sql: string, affectedRows: number): Command {
  return {
    sql,
    parameters: [],
    parameterOffsets: [],
    context: { schema: 'app', settings: '' },
    pins: {},
    result: { affectedRows, insertId: '0', errno: 0, comparable: 'exact' },
  };
}

const tableOf = (name: string): Statement => ({ tables: [{ name }] }) as unknown as Statement;

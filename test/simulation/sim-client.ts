import type { Seq } from '../../src/base/brands.ts';
import { LockstepError } from '../../src/base/errors.ts';
import { LogUnavailable } from '../../src/log/log-unavailable.ts';
import { NodeConnectionLostError } from '../../src/nodes/node-connection.ts';
import type { Command } from '../../src/replication/command.ts';
import type { CommitOutcome } from '../../src/replication/commit-outcome.ts';
import type { Leadership } from '../../src/replication/replicator.ts';
import type { DdlAnswer } from '../../src/replication/shell/leader-ddl.ts';
import type { Release } from '../../src/replication/write-gate.ts';
import { mayReadOutdated } from '../../src/sessions/may-read-outdated.ts';
import type { Statement } from '../../src/sql/statement.ts';
import type { Seen } from './seen.ts';
import type { SimBalancer } from './sim-balancer.ts';
import type { SimConnection } from './sim-connection.ts';
import { deadlock, type LaneAnswer, SimLane } from './sim-lane.ts';
import { noNodeTimeoutMs, SimReader } from './sim-reader.ts';
import type { Simulation } from './simulation.ts';

const gateTimeoutMs = 2_000;
const ddlVerbs = ['CREATE', 'ALTER', 'DROP'];

/**
 * A client and the session that serves it: writes and reads on the same path as the rooms
 * above take, and remembers what it was told.
 */
export class SimClient {
  readonly #world: Simulation;
  readonly #balancer: SimBalancer;
  readonly #number: number;
  readonly #reader: SimReader;
  writes = 0;

  constructor(world: Simulation, balancer: SimBalancer, number: number) {
    this.#world = world;
    this.#balancer = balancer;
    this.#number = number;
    this.#reader = new SimReader(world, balancer);
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
    if (choice < 0.3) await this.#expectFailures(() => this.#reader.read());
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
      if (error instanceof LockstepError) this.#count(error);
      return false;
    }
  }

  #count({ code }: LockstepError): void {
    const { occurrences } = this.#world;
    if (code === 'no_node') occurrences.add('a client waited in vain for a node');
    if (code === 'not_enough_in_sync') {
      occurrences.add('a write was refused: too few nodes in sync');
    }
    if (code === 'log_unavailable') occurrences.add('a write was refused by the log');
  }

  #statement(): string {
    const { random } = this.#world;
    const token = this.#world.nextToken(this.#number);
    const list = (): string => `l${random.below(4)}`;
    const choice = random.next();
    if (choice < 0.5) return `APPEND ${list()} ${token}`;
    if (choice < 0.62) return `TAKE ${list()} ${list()} ${token}`;
    if (choice < 0.74) return `COPY ${list()} ${list()} ${token}`;
    if (choice < 0.87) return `INSERT r${random.below(3)} ${token}`;
    return `DELETE r${random.below(3)}`;
  }

  async #autocommit(sql: string): Promise<void> {
    const { replicator, nodes, process } = this.#balancer;
    for (;;) {
      const leadership = await replicator.beginTerm(noNodeTimeoutMs);
      const release = await this.#enter(sql);
      try {
        if (!replicator.isCurrent(leadership)) continue;
        const node = nodes.get(leadership.name)!;
        const connection = await node.take();
        const lane = new SimLane(connection, { onCommit: this.#world.onLaneCommit });
        try {
          const answer = await this.#execute(lane, sql);
          if (answer.kind === 'error') {
            this.#reader.told(node.name, answer.message);
            await lane.rollback();
            return;
          }
          const command = commandOf(sql, answer.affectedRows);
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

  /** A function that reads without locks runs alone, or it may read what is outdated. */
  #enter(sql: string): Promise<Release> {
    const { gate } = this.#balancer.replicator;
    if (!readsWithoutLocks(sql)) return gate.shared(gateTimeoutMs);
    this.#world.occurrences.add('a function read without locks, alone');
    return gate.exclusive(gateTimeoutMs);
  }

  async #transaction(): Promise<void> {
    const { replicator, nodes } = this.#balancer;
    const leadership = await replicator.beginTerm(noNodeTimeoutMs);
    const promised = await this.#reader.beforeTransaction(leadership);
    const release = await replicator.gate.shared(gateTimeoutMs);
    let connection: SimConnection | undefined;
    const node = nodes.get(leadership.name)!;
    try {
      if (!replicator.isCurrent(leadership)) return;
      connection = await node.take();
      await this.#inTransaction(leadership, connection, promised);
    } finally {
      release();
      if (connection) node.give(connection);
    }
  }

  async #inTransaction(
    leadership: Leadership,
    connection: SimConnection,
    promised: Seen,
  ): Promise<void> {
    const { random, onLaneCommit } = this.#world;
    const serializable = random.chance(0.15);
    const lane = new SimLane(connection, { serializable, onCommit: onLaneCommit });
    if (random.chance(0.4) && !(await this.#reader.readInside(lane, leadership, promised))) {
      await lane.rollback();
      return;
    }
    const commands: Command[] = [];
    for (let left = random.below(4); left > 0; left--) {
      const command = await this.#inside(leadership, lane, serializable);
      if (!command) {
        await lane.rollback();
        return;
      }
      commands.push(command);
      await this.#pauseInside();
    }
    if (commands.length === 0 || random.chance(0.1)) {
      await lane.rollback();
      return;
    }
    if (!this.#balancer.replicator.isCurrent(leadership)) {
      this.#world.occurrences.add('a leader was lost under an open transaction');
    }
    const outcome = await this.#commit(leadership, commands, lane);
    const statements = commands.map((command) => command.sql);
    if (!this.#settled(outcome, statements)) this.#refused(statements);
  }

  async #inside(
    leadership: Leadership,
    lane: SimLane,
    serializable: boolean,
  ): Promise<Command | undefined> {
    const sql = this.#statement();
    if (readsWithoutLocks(sql) && mayReadOutdated({ serializable })) {
      this.#world.occurrences.add('a function would have read an outdated snapshot');
      return undefined;
    }
    const answer = await this.#execute(lane, sql);
    if (answer.kind === 'error') this.#reader.toldInside(leadership, answer.message);
    else this.#reader.toldInside(leadership);
    return answer.kind === 'error' ? undefined : commandOf(sql, answer.affectedRows);
  }

  /** Also before COMMIT: the leader may be lost meanwhile, and its transaction with it. */
  #pauseInside(): Promise<void> {
    const { random } = this.#world;
    return this.#balancer.process.sleep(random.between(0, random.chance(0.2) ? 60 : 2));
  }

  async #execute(lane: SimLane, sql: string): Promise<LaneAnswer> {
    const answer = await lane.run(sql);
    if (answer.kind === 'error' && answer.errno === deadlock) {
      this.#world.occurrences.add('two transactions met in a deadlock');
    }
    return answer;
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
        if (isSurelyAbsent(outcome.error)) this.#refused(statements);
        throw new LockstepError('log_unavailable', outcome.error.message);
    }
  }

  /** Nothing of it may ever take effect. */
  #refused(statements: readonly string[]): void {
    for (const sql of statements) {
      const token = sql.split(' ').at(-1) ?? '';
      if (/^\d/.test(token)) this.#world.guard(() => this.#world.oracle.refuse(token));
    }
  }

  #acknowledged(seq: Seq, statements: readonly string[]): void {
    this.writes++;
    this.#world.acknowledge(seq, statements);
    this.#reader.acknowledged(seq);
  }

  async #ddl(): Promise<void> {
    const { replicator, process, cache } = this.#balancer;
    const { random } = this.#world;
    const table = random.chance(0.5) ? 't0' : `t${1 + random.below(2)}`;
    const verb = table === 't0' && random.chance(0.9) ? 'ALTER' : random.pick(ddlVerbs);
    const token = this.#world.nextToken(this.#number);
    const sql = `${verb} TABLE ${table} ${token}`;
    const release = await replicator.gate.exclusiveSchema(gateTimeoutMs);
    const reopen = cache.hold();
    try {
      for (let attempt = 0; attempt < 20; attempt++) {
        if (await this.#tryDdl(sql, table)) return;
        await process.sleep(20);
      }
    } finally {
      reopen();
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
}

/** The log says that the entry is not on its disk, and does not come back. */
const isSurelyAbsent = (error: Error): boolean =>
  error instanceof LogUnavailable && error.outcome === 'not_written';

const readsWithoutLocks = (sql: string): boolean => sql.startsWith('COPY');

const isLost = (error: unknown): boolean =>
  error instanceof NodeConnectionLostError ||
  (error instanceof Error && /refused|no answer in time|taken out/.test(error.message));

export function commandOf(sql: string, affectedRows: number): Command {
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

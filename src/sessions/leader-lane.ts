import type { Seq } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import { commandPacket, type NodeConnection } from '../nodes/node-connection.ts';
import type { Infile } from '../nodes/infile.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import { ResponseCollector } from '../nodes/response-collector.ts';
import { CommandByte } from '../protocol/commands.ts';
import { StatusFlag } from '../protocol/status-flags.ts';
import { parseTextResults } from '../protocol/result-set.ts';
import type { LeaderCommit, LeaderTransaction } from '../replication/leader-transaction.ts';
import { markerStatement } from '../replication/shell/node-markers.ts';
import { noteInsertIdOn, PreludeOutcome, sendState, stateRefused } from './carry-state.ts';
import { askConditions } from './ask-conditions.ts';
import type { HeldReply } from './held-reply.ts';
import type { LeaderPins } from './pin-write.ts';
import type { NodeRequest } from './node-request.ts';
import type { CarriedState } from './session-state.ts';

/** What a statement on the leader left behind besides its answer. */
export interface LaneResult {
  /** LAST_INSERT_ID() afterwards, when it was asked for; '0' when nothing was generated. */
  readonly generatedInsertId: string | undefined;
  /** What the statement raised; undefined when nobody has asked for it yet. */
  readonly conditions: ReturnType<typeof askConditions> | undefined;
}

const lastInsertIdQuery = commandPacket(
  CommandByte.QUERY,
  Buffer.from('SELECT LAST_INSERT_ID()', 'latin1'),
);

const commitTimeoutMs = 60_000;
const confirmed: LeaderCommit = { kind: 'confirmed' };

/** BEGIN was refused, and the statement sent with it committed by itself: no log knows of it. */
export class RanAloneError extends LockstepError {
  constructor(reason: string) {
    super('internal', `${reason}; the statement takes no effect`);
  }
}

/**
 * One transaction on one connection to the leader. Its row locks order it against every
 * conflicting transaction, from its first statement until its COMMIT.
 */
export class LeaderLane implements LeaderTransaction {
  readonly connection: NodeConnection;
  #begun: boolean;

  /** `begun`: its transaction was begun there already. */
  constructor(connection: NodeConnection, begun = false) {
    this.connection = connection;
    this.#begun = begun;
  }

  get alive(): boolean {
    return this.connection.lost === undefined;
  }

  /**
   * Runs one statement inside the transaction, beginning it first if need be: session state,
   * BEGIN, pins and the statement leave in one flush. Rejects when the connection is lost,
   * or with LockstepError when the state could not be carried; the caller then rolls back.
   */
  async run(
    request: NodeRequest,
    reply: HeldReply,
    options: {
      state: CarriedState;
      pins: LeaderPins;
      askInsertId: boolean;
      keepConditions: boolean;
      infile: Infile | undefined;
    },
  ): Promise<LaneResult> {
    const { connection } = this;
    if (connection.lost) throw connection.lost;
    const outcomes: PreludeOutcome[] = [];
    const sendPrelude = (): void => {
      const { carried, sql } = this.#prelude(options);
      if (carried) outcomes.push(carried);
      if (sql === '') return;
      const outcome = new PreludeOutcome();
      outcomes.push(outcome);
      const text = Buffer.from(sql, 'latin1');
      connection.send(commandPacket(CommandByte.QUERY, text), 'query', outcome);
    };
    if (request.before) {
      sendPrelude();
      await request.before(connection);
    }
    noteInsertIdOn(connection, '?');
    let insertId: Promise<string> | undefined;
    let conditions: LaneResult['conditions'];
    const askBehind = (): void => {
      if (!options.askInsertId) return;
      // In MySQL asking for the id clears them.
      if (options.keepConditions) conditions = askConditions(connection, true);
      insertId = this.#askInsertId();
    };
    connection.flushTogether(() => {
      if (!request.before) sendPrelude();
      connection.send(request.packetsFor(connection), request.kind, reply, options.infile);
      if (!options.infile) askBehind();
    });
    // If the connection breaks, the reply rejects first and this is never awaited.
    insertId?.catch(() => {});
    await reply.done;
    if (options.infile) connection.flushTogether(askBehind);
    const failed = outcomes.find((outcome) => outcome.error !== undefined);
    if (failed) {
      const refused = stateRefused(connection, outcomes);
      throw reply.outsideTransaction ? new RanAloneError(refused.message) : refused;
    }
    const generatedInsertId = await insertId;
    if (generatedInsertId !== undefined) noteInsertIdOn(connection, generatedInsertId);
    return { generatedInsertId, conditions };
  }

  /**
   * Begins the transaction in this state and with these pins, so that values for the statement
   * to come can be asked of its connection. Rejects as `run` does.
   */
  async prepare(options: { state: CarriedState; pins: LeaderPins }): Promise<void> {
    const { connection } = this;
    if (connection.lost) throw connection.lost;
    const { carried, sql } = this.#prelude(options);
    if (sql !== '') await queryRows(connection, sql, { latin1: true });
    if (carried?.error !== undefined) throw stateRefused(connection, [carried]);
  }

  /** Sends what brings the connection to the state, and gives what is to be sent behind that. */
  #prelude({ state, pins }: { state: CarriedState; pins: LeaderPins }) {
    const { connection } = this;
    if (pins.stopsClock) connection.clockStopped = false;
    const carried = sendState(connection, state);
    connection.clockStopped = pins.stopsClock;
    // BEGIN comes first: were a pin refused, the statement would still not commit by itself.
    const begin = this.#begun ? '' : 'BEGIN';
    this.#begun = true;
    const sql = begin === '' || pins.sql === '' ? begin + pins.sql : `${begin};${pins.sql}`;
    return { carried, sql };
  }

  /** What ends the transaction, and has the clock go on behind it. */
  #ending(sql: string): string {
    const { connection } = this;
    if (!connection.clockStopped) return sql;
    connection.clockStopped = false;
    return `${sql};SET timestamp=DEFAULT`;
  }

  /** Sends BEGIN (or START TRANSACTION …) as the client wrote it, after `before`. */
  async begin(
    request: NodeRequest,
    reply: HeldReply,
    options: { state: CarriedState; characteristics: string },
  ): Promise<void> {
    const { connection } = this;
    const outcome = new PreludeOutcome();
    let carried: PreludeOutcome | undefined;
    if (request.before) {
      carried = sendState(connection, options.state);
      await request.before(connection);
    }
    connection.flushTogether(() => {
      if (!request.before) carried = sendState(connection, options.state);
      if (options.characteristics !== '') {
        const text = Buffer.from(`SET TRANSACTION ${options.characteristics}`, 'latin1');
        connection.send(commandPacket(CommandByte.QUERY, text), 'query', outcome);
      }
      connection.send(request.packetsFor(connection), request.kind, reply);
    });
    this.#begun = true;
    await reply.done;
    if (carried?.error !== undefined) throw stateRefused(connection, [carried]);
    if (outcome.error !== undefined) throw new LockstepError('bad_request', outcome.error);
  }

  /** Whether the server still has the transaction open (some errors end it). */
  async stillOpen(): Promise<boolean> {
    const [answer] = await this.connection.command(
      CommandByte.PING,
      Buffer.alloc(0),
      'simple',
      10_000,
    );
    return answer?.kind === 'ok' && (answer.ok.statusFlags & StatusFlag.IN_TRANS) !== 0;
  }

  async commit(seq: Seq): Promise<LeaderCommit> {
    const { connection } = this;
    const sql = this.#ending(`${markerStatement(seq)};COMMIT`);
    const reason = await connection.run(Buffer.from(sql, 'latin1'), commitTimeoutMs);
    if (reason === undefined) return confirmed;
    connection.destroy(new Error(`COMMIT failed: ${reason}`));
    return { kind: 'unknown', reason };
  }

  /** What the log need not know of is committed on this connection alone. */
  async commitUnlogged(): Promise<void> {
    if (this.#begun && !this.connection.lost)
      await queryRows(this.connection, this.#ending('COMMIT'));
  }

  async rollback(): Promise<void> {
    if (!this.#begun || this.connection.lost) return;
    try {
      await queryRows(this.connection, this.#ending('ROLLBACK'));
    } catch (error) {
      if (error instanceof NodeQueryError) this.connection.destroy(error);
    }
  }

  #askInsertId(): Promise<string> {
    return new Promise((resolve, reject) => {
      const collector = new ResponseCollector((error, bytes) => {
        if (error) return reject(error);
        const [result] = parseTextResults(bytes, this.connection.capabilities);
        resolve((result?.kind === 'rows' ? result.rows[0]?.[0] : undefined) ?? '0');
      });
      this.connection.send(lastInsertIdQuery, 'query', collector);
    });
  }
}

import type { NodeName, Seq } from '../../base/brands.ts';
import { asError } from '../../base/as-error.ts';
import { assert } from '../../base/assert.ts';
import { faultPoints } from '../../base/fault-points.ts';
import type { LoadFile } from '../../log/load-file.ts';
import type { Infile } from '../../nodes/infile.ts';
import { infileDisabled, isInfileDisabled } from '../../nodes/infile-disabled.ts';
import type { NodeConnection } from '../../nodes/node-connection.ts';
import { queryRows } from '../../nodes/query-rows.ts';
import type { StatementOutcome } from '../../nodes/statement-outcomes.ts';
import { CommandByte } from '../../protocol/commands.ts';
import type { Statement } from '../../sql/statement.ts';
import {
  type ApplyBatch,
  renderCommand,
  renderPrelude,
  statementSeparator,
} from '../apply-batch.ts';
import type { FollowerResult } from '../compare-results.ts';
import type { Command, CommandContext } from '../command.ts';
import type { Entry } from '../entry.ts';
import type { BatchOutcome, DdlOutcome, FollowerPort } from '../follower-port.ts';
import { concludeDdlStatement } from '../position-statements.ts';
import { readingOf } from '../text-reading.ts';
import { ddlFingerprint } from './ddl-fingerprint.ts';
import { announceDdl, positionStatements } from './node-markers.ts';

/** Above this a transaction goes statement by statement, so that no packet limit is met. */
const onePacketBytesMax = 4 * 1024 * 1024;

const sessionSettings =
  'SET SESSION wait_timeout=2147483;SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ';

export interface NodeFollowerOptions {
  readonly name: NodeName;
  readonly open: () => Promise<NodeConnection>;
  readonly analyse: (command: Command) => Statement;
  /** What the server takes in one packet is less than this; undefined while it is not known. */
  readonly maxAllowedPacket?: () => number | undefined;
  /** The bytes of a file that an entry loads. */
  readonly readFile: (file: LoadFile) => AsyncIterable<Buffer>;
  /** Told of entries applied, for the counters. */
  readonly onApplied: (entries: number) => void;
  /** Told when the node has run DDL. */
  readonly onDdl: () => void;
}

/** A real node behind the applier: one connection that runs batches as they come. */
export class NodeFollower implements FollowerPort {
  readonly name: NodeName;
  readonly #options: NodeFollowerOptions;
  #connection: NodeConnection | undefined;
  #closed = false;

  constructor(options: NodeFollowerOptions) {
    this.name = options.name;
    this.#options = options;
  }

  async applyBatch(batch: ApplyBatch): Promise<BatchOutcome> {
    const connection = await this.#connected();
    const loads = batch.slots.some((slot) => slot.kind === 'command' && slot.command.file);
    const answering =
      !loads && packetBytes(batch.statements) <= this.#onePacketBytesMax
        ? connection.outcomes(batch.statements.join(statementSeparator))
        : this.#runOneByOne(connection, batch);
    if (faultPoints.armed) await faultPoints.during(answering, 'follower.sent', this.name);
    const results = await answering;
    if (faultPoints.armed) await faultPoints.reach('follower.answered', this.name);
    const answers = statementAnswers(results, batch.statements);
    const failed = answers.at(-1);
    assert(failed, 'a batch has answers');
    if (failed.kind === 'err') {
      const { errno, message } = failed;
      return { kind: 'failed', slot: answers.length - 1, errno, message };
    }
    const followerResults: FollowerResult[] = [];
    batch.slots.forEach((slot, index) => {
      const answer = answers[index];
      if (slot.kind === 'command' && answer) followerResults.push(answer);
    });
    this.#options.onApplied(batch.entries.length);
    return { kind: 'applied', results: followerResults };
  }

  async applyDdl(entry: Entry, context: CommandContext | undefined): Promise<DdlOutcome> {
    const command = entry.commands[0];
    assert(command, 'a DDL entry has one command');
    const connection = await this.#connected();
    const statement = this.#options.analyse(command);
    const { schema } = command.context;
    // What is asked of the node is in UTF-8, whatever the entry before was in.
    const foreign = context !== undefined && readingOf(context) !== '';
    if (foreign) await queryRows(connection, 'SET NAMES utf8mb4');
    const current = foreign ? { ...context, settings: '' } : context;
    const fingerprint = await ddlFingerprint(connection, statement, schema);
    const reading = readingOf(command.context);
    await announceDdl(connection, {
      seq: entry.seq,
      fingerprint,
      sql: command.sql,
      schema,
      reading,
    });
    if (faultPoints.armed) await faultPoints.reach('follower.ddl_announced', this.name);
    for (const sql of renderPrelude(command, current)) {
      await queryRows(connection, sql, { latin1: true });
    }
    // DDL may take as long as it takes on the leader: no deadline.
    const answering = connection.outcomes(renderCommand(command));
    if (faultPoints.armed) await faultPoints.during(answering, 'follower.ddl_sent', this.name);
    const results = await answering;
    if (faultPoints.armed) await faultPoints.reach('follower.ddl_answered', this.name);
    const result = results.at(-1);
    assert(result, 'a statement has an answer');
    this.#options.onDdl();
    if (result.errno === command.result.errno) {
      await queryRows(connection, concludeDdlStatement(entry.seq));
      this.#options.onApplied(1);
    }
    return { kind: 'done', result, message: result.message };
  }

  async movePosition(position: Seq): Promise<void> {
    await queryRows(await this.#connected(), positionStatements(position));
  }

  /** What is folded is confirmed, and a fold that was lost can be repeated. */
  async foldMarkers(position: Seq): Promise<void> {
    if (this.#connection?.lost) this.#connection = undefined;
    try {
      await this.movePosition(position);
    } catch (error) {
      // A fold that is refused leaves its transaction open, and the position locked.
      this.#connection?.destroy(asError(error));
      throw error;
    }
  }

  async reset(): Promise<void> {
    const connection = await this.#connected();
    await connection.command(CommandByte.RESET_CONNECTION, Buffer.alloc(0), 'simple', 10_000);
    await queryRows(connection, sessionSettings);
  }

  close(): void {
    this.#closed = true;
    this.#connection?.destroy(new Error('the applier stopped'));
    this.#connection = undefined;
  }

  async #runOneByOne(
    connection: NodeConnection,
    { statements, slots }: ApplyBatch,
  ): Promise<StatementOutcome[]> {
    const results: StatementOutcome[] = [];
    for (const [index, statement] of statements.entries()) {
      const slot = slots[index];
      const file = slot?.kind === 'command' ? slot.command.file : undefined;
      const infile = file && this.#infileOf(file);
      const answer = (await connection.outcomes(statement, infile)).at(-1);
      assert(answer, 'a statement has an answer');
      if (file && answer.kind === 'err' && isInfileDisabled(answer.errno)) {
        throw infileDisabled(this.name);
      }
      results.push(answer);
      if (answer.kind === 'err') break;
    }
    return results;
  }

  #infileOf(file: LoadFile): Infile {
    return { read: () => this.#options.readFile(file) };
  }

  get #onePacketBytesMax(): number {
    return Math.min(onePacketBytesMax, (this.#options.maxAllowedPacket?.() ?? Infinity) - 1);
  }

  async #connected(): Promise<NodeConnection> {
    if (this.#connection?.lost) throw this.#connection.lost;
    if (!this.#connection) {
      const connection = await this.#options.open();
      if (this.#closed) connection.destroy(new Error('closed while connecting'));
      else this.#connection = connection;
      await queryRows(connection, sessionSettings);
      return connection;
    }
    return this.#connection;
  }
}

/** Of the command that runs them all: its first byte says that it is a query. */
const packetBytes = (statements: readonly string[]): number =>
  statements.reduce((sum, { length }) => sum + length + statementSeparator.length, 1);

/**
 * One answer for each statement, up to the first error. Writes return at most one result set, but
 * for CALL: there an OK, or an error, follows what the procedure selects.
 */
function statementAnswers(
  results: readonly StatementOutcome[],
  statements: readonly string[],
): readonly StatementOutcome[] {
  const answers: StatementOutcome[] = [];
  for (const result of results) {
    const selected = result.kind === 'rows' && /^CALL\b/i.test(statements[answers.length] ?? '');
    if (!selected) answers.push(result);
  }
  assert(
    answers.length === statements.length || answers.at(-1)?.kind === 'err',
    `${answers.length} answers to ${statements.length} statements`,
  );
  return answers;
}

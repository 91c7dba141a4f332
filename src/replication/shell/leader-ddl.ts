import { asError } from '../../base/as-error.ts';
import { type NodeName, nextSeq, type Seq } from '../../base/brands.ts';
import type { Clock } from '../../base/clock.ts';
import { LockstepError } from '../../base/errors.ts';
import { faultPoints } from '../../base/fault-points.ts';
import type { NodeConnection } from '../../nodes/node-connection.ts';
import { queryRows } from '../../nodes/query-rows.ts';
import type { Statement } from '../../sql/statement.ts';
import type { Command, CommandResult } from '../command.ts';
import type { CommitDraft } from '../entry.ts';
import { encodeIntent } from '../intent.ts';
import type { LeaderCommit } from '../leader-transaction.ts';
import { concludeDdlStatement } from '../position-statements.ts';
import type { CommitOutcome } from '../commit-outcome.ts';
import type { Leadership, Replicator } from '../replicator.ts';
import type { Sequencer } from '../sequencer.ts';
import { readingOf } from '../text-reading.ts';
import { ddlFingerprint } from './ddl-fingerprint.ts';
import { endConnections } from './end-connections.ts';
import { announceDdl, retractDdl } from './node-markers.ts';

/** What the leader answered to the statement itself. */
export interface DdlAnswer {
  readonly errno: number;
  readonly affectedRows: number;
}

export type DdlRun =
  /** Logged and on its way to every node. */
  | { readonly kind: 'committed'; readonly seq: Seq }
  /** The server refused it and nothing changed: nothing is logged. */
  | { readonly kind: 'refused' }
  /** The leader was lost meanwhile; on the next leader it may be run again. */
  | { readonly kind: 'lost'; readonly error: Error }
  | { readonly kind: 'not_logged'; readonly error: Error };

/** The client's connection to the leader, on which the statement runs. */
export interface DdlExecutor {
  readonly threadId: number;
  /** Rejects when the connection is lost. */
  execute(): Promise<DdlAnswer>;
}

export interface LeaderDdlOptions {
  readonly replicator: Replicator;
  readonly sequencer: Sequencer;
  readonly clock: Clock;
  /** A connection of Lockstep's own account to the node. */
  readonly openControl: (node: NodeName) => Promise<NodeConnection>;
  /** The statement ran on the leader but could not be logged: the leader's copy differs now. */
  readonly onStranded: (node: NodeName, detail: string) => void;
}

/** What was written down before the statement ran. */
interface Announced {
  readonly leadership: Leadership;
  readonly control: NodeConnection;
  readonly command: Omit<Command, 'result'>;
  readonly seq: Seq;
  readonly before: string;
  readonly fingerprint: () => Promise<string>;
}

/**
 * DDL commits by itself, so its marker cannot be part of it. The caller holds the write gate
 * alone; then: announce on the leader with a fingerprint of what it names, log the intent,
 * execute, log the outcome. After a crash the fingerprint tells whether it took effect.
 */
export class LeaderDdl {
  readonly #options: LeaderDdlOptions;

  constructor(options: LeaderDdlOptions) {
    this.#options = options;
  }

  async run(
    leadership: Leadership,
    command: Omit<Command, 'result'>,
    statement: Statement,
    executor: DdlExecutor,
  ): Promise<DdlRun> {
    let control: NodeConnection;
    try {
      control = await this.#options.openControl(leadership.name);
    } catch (error) {
      return { kind: 'lost', error: asError(error) };
    }
    const { schema } = command.context;
    const fingerprint = (): Promise<string> => ddlFingerprint(control, statement, schema);
    try {
      const before = await fingerprint();
      const seq = nextSeq(this.#options.sequencer.lastAppended);
      const announced = { leadership, control, command, seq, before, fingerprint };
      return await this.#runAnnounced(announced, executor);
    } catch (error) {
      if (error instanceof LockstepError) throw error;
      return { kind: 'lost', error: asError(error) };
    } finally {
      control.end();
    }
  }

  async #runAnnounced(announced: Announced, executor: DdlExecutor): Promise<DdlRun> {
    const { leadership, control, command, seq, before, fingerprint } = announced;
    const { sql, context } = command;
    const place = { schema: context.schema, reading: readingOf(context) };
    await announceDdl(control, { seq, fingerprint: before, sql, ...place });
    if (faultPoints.armed) await faultPoints.reach('ddl.announced', leadership.name);
    const draft = draftOf(command, { affectedRows: 0, errno: 0 });
    try {
      // Nothing runs beside it, so all before it is confirmed.
      const inTerm = { ...draft, epoch: leadership.epoch, confirmed: (seq - 1) as Seq };
      await this.#options.sequencer.intend(inTerm, (entry) =>
        encodeIntent({ leader: leadership.name, fingerprint: before, entry }),
      );
    } catch (error) {
      await retractDdl(control);
      return { kind: 'not_logged', error: asError(error) };
    }
    try {
      if (faultPoints.armed) await faultPoints.reach('ddl.intended', leadership.name);
      const answer = await this.#execute(announced, executor);
      if (faultPoints.armed) await faultPoints.reach('ddl.answered', leadership.name);
      if (answer instanceof Error) {
        await retractDdl(control);
        return { kind: 'lost', error: answer };
      }
      if (answer.errno !== 0 && (await fingerprint()) === before) {
        await retractDdl(control);
        return { kind: 'refused' };
      }
      return await this.#log(announced, answer);
    } catch (error) {
      if (error instanceof LockstepError) throw error;
      // Whether it took effect is found out when the node is examined.
      const lost = asError(error);
      this.#options.replicator.breakLeader(leadership, lost.message);
      return { kind: 'lost', error: lost };
    }
  }

  /**
   * An answer that was lost is made good: once the connection has ended, the objects tell. The
   * error is returned when nothing took effect.
   */
  async #execute(announced: Announced, executor: DdlExecutor): Promise<DdlAnswer | Error> {
    try {
      const executing = executor.execute();
      const { name } = announced.leadership;
      if (faultPoints.armed) await faultPoints.during(executing, 'ddl.sent', name);
      return await executing;
    } catch (error) {
      if (error instanceof LockstepError) throw error;
      const { control, before, fingerprint } = announced;
      await endConnections(control, [executor.threadId], this.#options.clock);
      if ((await fingerprint()) === before) return asError(error);
      return { affectedRows: 0, errno: 0 };
    }
  }

  async #log(announced: Announced, answer: DdlAnswer): Promise<DdlRun> {
    const { leadership, control, command } = announced;
    const { replicator, onStranded } = this.#options;
    const outcome: CommitOutcome = await replicator.commit(leadership, draftOf(command, answer), {
      alive: control.lost === undefined,
      commit: (at) => conclude(control, at),
      // It cannot be undone; what becomes of it is decided below.
      rollback: () => Promise.resolve(),
    });
    switch (outcome.kind) {
      case 'committed':
        return outcome;
      case 'not_logged':
        onStranded(leadership.name, 'a DDL statement ran on it but could not be logged');
        return outcome;
      case 'aborted':
        replicator.breakLeader(leadership, outcome.reason);
        return { kind: 'lost', error: new Error(outcome.reason) };
    }
  }
}

async function conclude(control: NodeConnection, seq: Seq): Promise<LeaderCommit> {
  try {
    await queryRows(control, concludeDdlStatement(seq));
    return { kind: 'confirmed' };
  } catch (error) {
    return { kind: 'unknown', reason: error instanceof Error ? error.message : String(error) };
  }
}

function draftOf(command: Omit<Command, 'result'>, answer: DdlAnswer): CommitDraft {
  const result: CommandResult = {
    affectedRows: answer.affectedRows,
    insertId: '0',
    errno: answer.errno,
    comparable: 'status',
  };
  return { kind: 'ddl', lastCommitted: 0 as Seq, commands: [{ ...command, result }] };
}

import type { NodeName, Seq } from '../../base/brands.ts';
import { LockstepError } from '../../base/errors.ts';
import type { NodeConnection } from '../../nodes/node-connection.ts';
import { queryRows } from '../../nodes/query-rows.ts';
import type { Statement } from '../../sql/statement.ts';
import type { Command, CommandResult } from '../command.ts';
import type { EntryDraft } from '../entry.ts';
import { encodeIntent } from '../intent.ts';
import type { LeaderCommit } from '../leader-transaction.ts';
import { concludeDdlStatement } from '../position-statements.ts';
import type { CommitOutcome, Leadership, Replicator } from '../replicator.ts';
import type { Sequencer } from '../sequencer.ts';
import { ddlFingerprint } from './ddl-fingerprint.ts';
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

export interface LeaderDdlOptions {
  readonly replicator: Replicator;
  readonly sequencer: Sequencer;
  /** A connection of Lockstep's own account to the node. */
  readonly openControl: (node: NodeName) => Promise<NodeConnection>;
  /** The statement ran on the leader but could not be logged: the leader's copy differs now. */
  readonly onStranded: (node: NodeName, detail: string) => void;
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
    execute: () => Promise<DdlAnswer>,
  ): Promise<DdlRun> {
    const { sequencer, openControl } = this.#options;
    const schema = command.context.schema;
    let control: NodeConnection;
    try {
      control = await openControl(leadership.name);
    } catch (error) {
      return { kind: 'lost', error: error instanceof Error ? error : new Error(String(error)) };
    }
    try {
      const before = await ddlFingerprint(control, statement, schema);
      const announced = {
        seq: (sequencer.lastAppended + 1) as Seq,
        fingerprint: before,
        sql: command.sql,
        schema,
      };
      await announceDdl(control, announced);
      const draft = draftOf(command, { affectedRows: 0, errno: 0 });
      try {
        await sequencer.intend({ ...draft, epoch: leadership.epoch }, (entry) =>
          encodeIntent({ leader: leadership.name, fingerprint: before, entry }),
        );
      } catch (error) {
        await retractDdl(control);
        return { kind: 'not_logged', error: error as Error };
      }
      const answer = await execute();
      if (answer.errno !== 0 && (await ddlFingerprint(control, statement, schema)) === before) {
        await retractDdl(control);
        return { kind: 'refused' };
      }
      return await this.#log(leadership, draftOf(command, answer), control);
    } catch (error) {
      if (error instanceof LockstepError) throw error;
      const lost = error instanceof Error ? error : new Error(String(error));
      // It may have taken effect there, so the node must be examined before it leads again.
      this.#options.replicator.breakLeader(leadership, lost.message);
      return { kind: 'lost', error: lost };
    } finally {
      control.end();
    }
  }

  async #log(
    leadership: Leadership,
    draft: Omit<EntryDraft, 'epoch'>,
    control: NodeConnection,
  ): Promise<DdlRun> {
    const { replicator, onStranded } = this.#options;
    const outcome: CommitOutcome = await replicator.commit(leadership, draft, {
      alive: control.lost === undefined,
      commit: (seq) => conclude(control, seq),
      rollback: async () => {
        onStranded(leadership.name, 'a DDL statement ran on it but could not be logged');
      },
    });
    switch (outcome.kind) {
      case 'committed':
        return outcome;
      case 'not_logged':
        return outcome;
      case 'aborted':
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

function draftOf(command: Omit<Command, 'result'>, answer: DdlAnswer): Omit<EntryDraft, 'epoch'> {
  const result: CommandResult = {
    affectedRows: answer.affectedRows,
    insertId: '0',
    errno: answer.errno,
    comparable: 'status',
  };
  return { kind: 'ddl', lastCommitted: 0 as Seq, commands: [{ ...command, result }] };
}

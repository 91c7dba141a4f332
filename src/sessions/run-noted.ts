import { NodeQueryError } from '../nodes/query-rows.ts';
import { type Answer, errnoOf } from './answer.ts';
import { noteFoundByWrite } from './found-rows.ts';
import { getDiagnostics } from './get-diagnostics.ts';
import { inPreparedSchema } from './prepared-schema.ts';
import { tellAttributes } from './query-attributes.ts';
import { settleImplicit } from './implicit-transaction.ts';
import type { SessionCore } from './session-core.ts';
import { showDiagnostics } from './show-diagnostics.ts';
import { type RunOptions, runStatement } from './statement-runner.ts';
import { asksPrevious, tellPrevious } from './tell-previous.ts';
import {
  beforeImplicitCommit,
  inItsAccess,
  spendsCharacteristics,
} from './transaction-characteristics.ts';
import { refuseUnreadable } from './unreadable.ts';
import type { WriteRequest } from './write-request.ts';

/** Runs a client's statement and notes what it leaves behind for the next one to ask about. */
export async function runNoted(
  core: SessionCore,
  write: WriteRequest,
  options: RunOptions,
): Promise<Answer> {
  const { diagnostics } = core;
  const attributed = await tellAttributes(core, write);
  const told = asksPrevious(core, attributed.statement)
    ? await tellPrevious(core, attributed)
    : attributed;
  diagnostics.begin(told.statement, core.lexMode.flavor);
  core.tracker?.begin(told);
  if (told.statement.kind === 'show_session') {
    const shown = (await showDiagnostics(core, told)) ?? (await getDiagnostics(core, told));
    if (shown) return shown;
  }
  if (told.statement.implicitCommit) {
    await refuseUnreadable(core, told);
    beforeImplicitCommit(core, told.statement);
  }
  const answer = await runSettled(core, told, options);
  if (spendsCharacteristics(core, told, answer)) core.characteristics = {};
  if (answer.kind === 'ok') diagnostics.noteOk();
  else if (answer.kind === 'held' && answer.reply.end && !diagnostics.noted) {
    diagnostics.note(answer.reply.end, undefined);
  }
  if (answer.kind === 'held') noteFoundByWrite(core, told.statement, answer.reply);
  return answer;
}

/** Runs it, and leaves open what a server would have open. */
async function runSettled(
  core: SessionCore,
  write: WriteRequest,
  options: RunOptions,
): Promise<Answer> {
  const { statement } = write;
  const before = core.transaction;
  try {
    const answer = await inItsAccess(core, statement, () =>
      inPreparedSchema(core, write, () => runStatement(core, write, options)),
    );
    await settleImplicit(core, write, before, errnoOf(answer));
    return answer;
  } catch (error) {
    // It is over.
    if (before && !core.transaction) core.characteristics = {};
    if (error instanceof NodeQueryError) {
      await settleImplicit(core, write, before, error.errno);
    }
    throw error;
  } finally {
    if (core.loadFiles.length > 0) await core.releaseFiles();
  }
}

import type { OkPacket } from '../protocol/ok-packet.ts';
import { matchedRows } from '../replication/compare-results.ts';
import { withPreviousValues } from '../sql/previous-values.ts';
import type { Statement } from '../sql/statement.ts';
import type { Answer } from './answer.ts';
import { getDiagnostics } from './get-diagnostics.ts';
import { tellAttributes } from './query-attributes.ts';
import type { SessionCore } from './session-core.ts';
import { showDiagnostics } from './show-diagnostics.ts';
import { type RunOptions, runStatement } from './statement-runner.ts';
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
  let answer: Answer;
  try {
    answer = await runStatement(core, told, options);
  } finally {
    if (core.loadFiles.length > 0) await core.releaseFiles();
  }
  if (answer.kind === 'ok') diagnostics.noteOk();
  else if (answer.kind === 'held' && answer.reply.end && !diagnostics.noted) {
    diagnostics.note(answer.reply.end, undefined);
  }
  if (answer.kind === 'held' && answer.reply.ok) noteFound(core, told.statement, answer.reply.ok);
  return answer;
}

/** Some writes count as found what they met (seen on the servers). */
function noteFound(core: SessionCore, { insertSelect, verb }: Statement, ok: OkPacket): void {
  if (insertSelect) core.diagnostics.noteFound(ok.affectedRows);
  else if (verb === 'UPDATE' && core.lexMode.flavor === 'mysql') {
    const { affectedRows, info } = ok;
    core.diagnostics.noteFound(matchedRows({ affectedRows: Number(affectedRows), info }));
  }
}

const previousVariables: ReadonlySet<string> = new Set(['warning_count', 'error_count']);

/** A definition's body asks when it runs, on its node, of what ran there. */
const asksPrevious = (
  { autocommit }: SessionCore,
  { kind, usesFoundRows, systemVariables }: Statement,
): boolean =>
  (usesFoundRows ||
    systemVariables.some((name) =>
      name === 'autocommit' ? !autocommit : previousVariables.has(name),
    )) &&
  (kind === 'read' || kind === 'write' || kind === 'set' || kind === 'call');

async function tellPrevious(core: SessionCore, write: WriteRequest): Promise<WriteRequest> {
  const { diagnostics } = core;
  const conditions = await diagnostics.conditions();
  const sql = withPreviousValues(write.sql, core.lexMode, {
    rowCount: diagnostics.rowCount,
    foundRows: await diagnostics.foundRows(),
    warningCount: Math.max(diagnostics.warningCount, conditions.length),
    autocommit: core.autocommit ? 1 : 0,
    errorCount: conditions.filter(({ level }) => level === 'Error').length,
  });
  return { ...write, sql, statement: core.analyse(sql), request: write.request.withText(sql) };
}

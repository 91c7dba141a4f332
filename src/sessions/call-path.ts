import type { Command } from '../replication/command.ts';
import { callArguments } from '../sql/call-arguments.ts';
import { renderWithParameters } from '../sql/render-parameters.ts';
import type { Answer } from './answer.ts';
import { refuseLocks, refuseUncontrolled } from './called-programs.ts';
import type { SessionCore } from './session-core.ts';
import { effectsOf } from './write-effects.ts';
import type { WriteRequest } from './write-request.ts';

/** What a CALL comes to. */
export type CallPlan =
  /** It writes nothing, so one node answers; it may set these variables. */
  | {
      readonly kind: 'read';
      readonly assigned: readonly string[];
      readonly readsTables: boolean;
      /** None of its statements sets ROW_COUNT(), which MySQL then tells as it was. */
      readonly keepsRowCount: boolean;
    }
  | { readonly kind: 'write'; readonly write: WriteRequest };

/** Looks into the procedure; throws unsafe_statement for what cannot be repeated. */
export async function planCall(core: SessionCore, write: WriteRequest): Promise<CallPlan> {
  const { statement } = write;
  const effects = await effectsOf(core, statement);
  refuseUncontrolled(effects);
  refuseLocks(effects);
  if (!effects.programsWrite && !statement.hasUnknownFunction && !statement.usesSequence) {
    const assigned = [...statement.userVariablesAssigned, ...effects.userVariablesAssigned];
    const readsTables = statement.tables.length > 0 || effects.programsRead;
    const keepsRowCount = core.lexMode.flavor === 'mysql' && !effects.countsRows;
    return { kind: 'read', assigned: [...new Set(assigned)], readsTables, keepsRowCount };
  }
  return { kind: 'write', write: { ...write, outParameters: await outParameters(core, write) } };
}

/** The answer to a CALL that tells how many rows the statement before it has changed. */
export function tellKeptRows(core: SessionCore, answer: Answer, before: number | bigint): Answer {
  const affectedRows = before < 0 ? 0 : before;
  if (answer.kind === 'held' && answer.reply.ok) {
    answer.reply.amend({ affectedRows });
    core.diagnostics.noteRowCount(affectedRows);
  }
  return answer;
}

/** Which `?` stand for OUT and INOUT parameters. */
async function outParameters(core: SessionCore, write: WriteRequest): Promise<ReadonlySet<number>> {
  const found = new Set<number>();
  const { routine } = write.statement;
  if (write.parameters.length === 0 || !routine) return found;
  const schema = routine.schema ?? core.state.schema;
  const procedure = await core.context.catalogue.procedure(schema, routine.name);
  const markers = callArguments(write.sql, core.lexMode)?.parameters ?? [];
  for (const [index, { mode }] of (procedure?.parameters ?? []).entries()) {
    const marker = markers[index];
    if (mode !== 'IN' && marker !== undefined) found.add(marker);
  }
  return found;
}

/**
 * The CALL as it is logged. A follower gets it as text, where OUT parameters must be variables;
 * and it begins with its word, by which its several results are told from those of others.
 */
export function callCommand(core: SessionCore, command: Command, write: WriteRequest): Command {
  const userVariables = [...(command.pins.userVariables ?? [])];
  const literals = command.parameters.map((literal, index) => {
    if (!write.outParameters?.has(index)) return literal;
    const name = `lockstep_out_${index}`;
    userVariables.push([name, literal]);
    return `@${name}`;
  });
  const text = renderWithParameters(command.sql, command.parameterOffsets, literals);
  const start = callArguments(text, core.lexMode)?.start ?? 0;
  const pins = userVariables.length > 0 ? { ...command.pins, userVariables } : command.pins;
  return { ...command, sql: text.slice(start), parameters: [], parameterOffsets: [], pins };
}

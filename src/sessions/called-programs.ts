import { LockstepError } from '../base/errors.ts';
import type { Statement } from '../sql/statement.ts';
import type { SessionCore } from './session-core.ts';
import { effectsOf, type WriteEffects } from './write-effects.ts';

/** What a statement that only reads by its own text does through the functions it calls. */
export interface CalledPrograms {
  readonly write: boolean;
  readonly readTables: boolean;
  /** User variables that they set; lower case, without @. */
  readonly assigned: readonly string[];
  readonly mayChangeInsertId: boolean;
}

const none: CalledPrograms = {
  write: false,
  readTables: false,
  assigned: [],
  mayChangeInsertId: false,
};

/** Throws unsafe_statement for what would stay behind on a connection that others use. */
export async function calledPrograms(
  core: SessionCore,
  statement: Statement,
): Promise<CalledPrograms> {
  if (!statement.hasUnknownFunction) return none;
  const effects = await effectsOf(core, statement);
  refuseLocks(effects);
  return {
    write: effects.programsWrite,
    readTables: effects.programsRead,
    assigned: [...new Set(effects.userVariablesAssigned)],
    mayChangeInsertId: effects.usesLastInsertId,
  };
}

/** A lock keeps the session on its connection, and only the text of a statement tells of one. */
export function refuseLocks({ lockingProgram }: WriteEffects): void {
  if (lockingProgram === undefined) return;
  throw new LockstepError(
    'unsafe_statement',
    `${lockingProgram} uses GET_LOCK or its like, whose locks belong to a connection; ` +
      'SELECT GET_LOCK(…) and RELEASE_LOCK(…) in statements of their own, around the call',
  );
}

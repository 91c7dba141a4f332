import { LockstepError } from '../base/errors.ts';
import type { Statement } from '../sql/statement.ts';
import { isMarkers } from './is-markers.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteEffects } from './write-effects.ts';

/**
 * The schema `lockstep` says which entries a node has: were a client to change it, on every node
 * alike, entries would be skipped or applied twice. Throws LockstepError('unsupported').
 */
export function guardMarkers(
  core: SessionCore,
  statement: Statement,
  effects?: WriteEffects,
): void {
  const { schema } = core.state;
  const names = [
    statement.schema,
    statement.routine?.schema,
    ...statement.writtenTables.map((table) => table.schema ?? schema),
    ...(effects?.targets.map((table) => table.schema) ?? []),
  ];
  if (!effects?.programsWriteMarkers && !names.some(isMarkers)) return;
  throw new LockstepError(
    'unsupported',
    'only Lockstep writes to the schema lockstep, in which each node keeps its position; ' +
      'use another schema',
  );
}

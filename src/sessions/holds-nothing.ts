import { hasAutoIsNull } from './auto-is-null.ts';
import { meetsLocks } from './lock-tables.ts';
import type { SessionCore } from './session-core.ts';
import { trackingOf } from './tracking.ts';
import { isAsSession } from './transaction-characteristics.ts';

/** Whether a read of the session may be run on whichever connection is as the session is. */
export function holdsNothing(core: SessionCore): boolean {
  return (
    core.autocommit &&
    !core.transaction &&
    isAsSession(core.characteristics) &&
    holdsNothingBeside(core)
  );
}

/** The same, of a session that may have a transaction open. */
export function holdsNothingBeside(core: SessionCore): boolean {
  return (
    !core.pinned &&
    core.loadFiles.length === 0 &&
    !core.metadata &&
    !core.context.tracer &&
    !meetsLocks(core) &&
    !hasAutoIsNull(core) &&
    (!core.tracker || trackingOf(core).transaction === 'off')
  );
}

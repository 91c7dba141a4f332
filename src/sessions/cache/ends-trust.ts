import type { LockstepEvent } from '../../telemetry/events.ts';

/**
 * Whether answers that were read before may be those of a node that did not hold what the log
 * says: one that diverged, was found to differ, or led and was lost with commits under way.
 */
export function endsTrust(event: LockstepEvent): boolean {
  switch (event.kind) {
    case 'node_state_changed':
      return event.to === 'QUARANTINED' || event.to === 'RESYNCING';
    case 'leader_changed':
    case 'divergence':
    case 'resync_started':
    case 'resync_finished':
    case 'verify_difference':
    case 'verify_repaired':
      return true;
    default:
      return false;
  }
}

import type { NodeName, Seq } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import type { Leadership } from '../replication/replicator.ts';
import type { SessionCore } from './session-core.ts';

const pollMs = 50;

/** The part of a session that decides where it may read. */
export type Reader = Pick<SessionCore, 'context' | 'horizon'>;

/** What a read that begins now must show whoever wrote it; only `strong` promises that. */
export function acknowledgedBefore({ context }: Reader): Seq | undefined {
  return context.config.consistency === 'strong' ? context.replicator.lastAcknowledged : undefined;
}

/** Whether a read on the node keeps what the configured consistency promises. */
export function showsEnough(
  { context, horizon }: Reader,
  name: NodeName,
  acknowledged: Seq | undefined,
): boolean {
  const { replicator, config } = context;
  if (config.consistency === 'eventual') return true;
  const position = replicator.position(name) ?? -1;
  if (acknowledged !== undefined && position < acknowledged) return false;
  return horizon.isMetBy({ name, position, visible: replicator.visible(name) });
}

/**
 * A follower may show an entry a moment before the leader's own COMMIT of it has ended: a session
 * that has seen it there waits before it reads on the leader. Throws no_node.
 */
export async function untilLeaderShows(reader: Reader, leadership: Leadership): Promise<void> {
  const { replicator, config, clock } = reader.context;
  const deadlineMs = clock.nowMs() + config.noNodeTimeoutMs;
  while (replicator.isCurrent(leadership) && !showsEnough(reader, leadership.name, undefined)) {
    const leftMs = deadlineMs - clock.nowMs();
    if (leftMs <= 0) {
      throw new LockstepError('no_node', `${leadership.name} did not commit what was seen already`);
    }
    await replicator.positionChanged(Math.min(leftMs, pollMs));
  }
}

/** The session was shown what the node has, after `showsEnough` said so. */
export function noteSeen({ context, horizon }: Reader, name: NodeName): void {
  horizon.read(name, context.replicator.visible(name));
}

/** An error, or that no row was met, told the session something of what the node has. */
export function noteTold({ context, horizon }: Reader, name: NodeName): void {
  horizon.told(context.replicator.visible(name));
}

import { faultPoints } from '../base/fault-points.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import { NodeQueryError } from '../nodes/query-rows.ts';
import { HeldReply } from './held-reply.ts';
import { LeaderLane } from './leader-lane.ts';
import { LeaderRetry } from './leader-retry.ts';
import type { TransactionPlace } from './open-transaction.ts';
import { untilLeaderShows } from './read-consistency.ts';
import type { SessionCore } from './session-core.ts';
import type { Beginning } from './transcript.ts';
import { enterGate } from './enter-gate.ts';

export type Begun =
  | { readonly kind: 'begun'; readonly place: TransactionPlace; readonly reply: HeldReply }
  | { readonly kind: 'refused'; readonly reply: HeldReply };

/** Begins a transaction on whichever node leads, in the session's present state. */
export async function beginOnLeader(core: SessionCore, beginning: Beginning): Promise<Begun> {
  const { replicator, config } = core.context;
  const { request, characteristics } = beginning;
  const retry = new LeaderRetry(core);
  for (;;) {
    const leadership = await replicator.beginTerm(config.noNodeTimeoutMs);
    await untilLeaderShows(core, leadership);
    const node = core.node(leadership.name);
    const release = await enterGate(core, false);
    let handedOver = false;
    let connection: NodeConnection | undefined;
    try {
      if (!replicator.isCurrent(leadership)) continue;
      await core.ensureMarkerRights(leadership);
      connection = core.pinned?.connection ?? (await core.takeConnection(node));
      const lane = new LeaderLane(connection);
      const reply = new HeldReply(config.limits.resultBufferBytes);
      await lane.begin(request, reply, { state: core.state.carried, characteristics });
      if (faultPoints.armed) await faultPoints.reach('transaction.begun', node.name);
      if (reply.error) {
        await lane.rollback();
        if (connection !== core.pinned?.connection) node.pool.give(connection);
        return { kind: 'refused', reply };
      }
      handedOver = true;
      return { kind: 'begun', place: { leadership, node, lane, release }, reply };
    } catch (error) {
      // Whether it began is not known, so nobody else may have it.
      if (connection !== core.pinned?.connection) connection?.end();
      if (error instanceof NodeQueryError) throw error;
      core.checkPinned();
      await retry.pause(leadership, error);
    } finally {
      if (!handedOver) release();
    }
  }
}

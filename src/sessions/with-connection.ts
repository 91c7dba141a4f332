import type { NodeName } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import { NodeRefusedError } from '../nodes/client-handshake.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import { NodeQueryError } from '../nodes/query-rows.ts';
import { bringTo, type PreludeOutcome, sendState, stateRefused } from './carry-state.ts';
import { chooseNode } from './read-path.ts';
import type { SessionCore } from './session-core.ts';
import { guard } from './transaction-replay.ts';

/**
 * Runs something that changes nothing on a connection in the session's state: the one it is
 * bound to, else one to any node in sync, and on another node if that one is lost meanwhile.
 */
export async function withConnection<T>(
  core: SessionCore,
  run: (connection: NodeConnection) => Promise<T>,
): Promise<T> {
  const { transaction, pinned } = core;
  if (transaction) {
    const { connection } = transaction.lane;
    return guard(core, transaction, async () => {
      await bringTo(connection, core.state.carried);
      return run(connection);
    });
  }
  if (pinned) {
    try {
      await bringTo(pinned.connection, core.state.carried);
      return await run(pinned.connection);
    } catch (error) {
      core.checkPinned();
      throw error;
    }
  }
  const { clock, config } = core.context;
  const deadlineMs = clock.nowMs() + config.noNodeTimeoutMs;
  const failed = new Set<NodeName>();
  for (;;) {
    const node = await chooseNode(core, false, failed, deadlineMs);
    let connection: NodeConnection | undefined;
    let carried: PreludeOutcome | undefined;
    try {
      connection = await core.takeConnection(node);
      carried = sendState(connection, core.state.carried);
      const result = await run(connection);
      if (carried?.error === undefined) return result;
      // It ran in whatever state the session before had left.
      throw stateRefused(connection, [carried]);
    } catch (error) {
      if (connection && carried?.error !== undefined) throw stateRefused(connection, [carried]);
      if (isAnswer(error)) throw error;
      failed.add(node.name);
    } finally {
      if (connection) node.pool.give(connection);
    }
  }
}

/** The node answered, if only with a refusal: another node would say the same. */
const isAnswer = (error: unknown): boolean =>
  error instanceof LockstepError ||
  error instanceof NodeQueryError ||
  (error instanceof NodeRefusedError && error.errno === 1045);

import { LockstepError } from '../base/errors.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import { atRest } from '../replication/shell/snapshot.ts';
import type { Release, WriteGate } from '../replication/write-gate.ts';
import type { GlobalLockAction } from '../routing/plan.ts';
import { type Answer, okAnswer } from './answer.ts';
import type { SessionCore } from './session-core.ts';
import { commitTransaction } from './transaction-path.ts';
import { withConnection } from './with-connection.ts';

/** No node is asked for anything that takes time. */
const checkMsMax = 10_000;
const pollMs = 20;

/**
 * The locks that a backup takes. They are Lockstep's own, no server's: there the nodes could not
 * apply what they still lack. So a server is only asked whether the account may have them.
 */
export async function runGlobalLock(
  core: SessionCore,
  action: GlobalLockAction,
  sql: string,
): Promise<Answer> {
  switch (action) {
    case 'flush_local':
      await commitTransaction(core);
      await askServer(core, needsRightToFlush);
      return okAnswer;
    case 'read':
      return lockForReading(core);
    case 'instance':
      await askServer(core, needsRightToBackUp(core, sql));
      core.instanceLock ??= await behindDdl(core, (gate) => gate.schema.take());
      return okAnswer;
    case 'unlock_instance':
      await askServer(core, needsRightToBackUp(core, sql));
      core.instanceLock?.();
      core.instanceLock = undefined;
      return okAnswer;
  }
}

/** There is no such table, so that is all it does. */
const needsRightToFlush = 'FLUSH LOCAL TABLES lockstep.nothing';

/** MariaDB does not know these locks, and says so. */
const needsRightToBackUp = ({ lexMode }: SessionCore, sql: string): string =>
  lexMode.flavor === 'mysql' ? 'UNLOCK INSTANCE' : sql;

async function askServer(core: SessionCore, sql: string): Promise<void> {
  await withConnection(core, (connection) =>
    queryRows(connection, sql, { latin1: true, timeoutMs: checkMsMax }),
  );
}

/**
 * FLUSH TABLES WITH READ LOCK: nothing is logged any more, and every node in sync has all that is,
 * so that whatever anybody reads, on whichever node and in whichever transaction that begins now,
 * is of the same moment.
 */
async function lockForReading(core: SessionCore): Promise<Answer> {
  await commitTransaction(core);
  if (core.tableLock) {
    const message =
      "Can't execute the given command because you have active locked tables or an active " +
      'transaction';
    throw new NodeQueryError(1192, 'HY000', message);
  }
  await askServer(core, needsRightToFlush);
  if (core.globalReadLock) return okAnswer;
  const release = await behindDdl(core, (gate) => gate.freeze());
  try {
    // Whoever reads elsewhere is not kept to this moment; by now nobody new does.
    const resume = await core.context.lender?.hold();
    resume?.();
    await untilAtRest(core);
  } catch (error) {
    release();
    throw error;
  }
  core.globalReadLock = release;
  core.horizon.told(core.context.replicator.lastCommitSent);
  return okAnswer;
}

/** Waits for DDL under way to end, unless the session or a lock of others keeps it out already. */
async function behindDdl(core: SessionCore, take: (gate: WriteGate) => Release): Promise<Release> {
  const { replicator, config } = core.context;
  const { gate } = replicator;
  const within = core.transaction ?? core.tableLock ?? core.globalReadLock;
  if (within || core.sessions.tableLocks.heldForRead) return take(gate);
  const leave = await gate.shared(config.ddlWaitTimeoutMs);
  try {
    core.running.check();
    return take(gate);
  } finally {
    leave();
  }
}

async function untilAtRest(core: SessionCore): Promise<void> {
  const { clock, config, nodes, replicator } = core.context;
  const deadlineMs = clock.nowMs() + config.ddlWaitTimeoutMs;
  for (;;) {
    core.running.check();
    const inSync = [...nodes.keys()].filter((name) => replicator.inSync(name));
    if (atRest(core.context, inSync)) return;
    const leftMs = deadlineMs - clock.nowMs();
    if (leftMs <= 0) {
      const message = `the nodes did not come to rest in ${config.ddlWaitTimeoutMs} ms`;
      throw new LockstepError('ddl_wait_timeout', message);
    }
    await replicator.positionChanged(Math.min(leftMs, pollMs));
  }
}

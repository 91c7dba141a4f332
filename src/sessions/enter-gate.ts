import { LockstepError } from '../base/errors.ts';
import type { Release } from '../replication/write-gate.ts';
import type { SessionCore } from './session-core.ts';

/** A session that holds LOCK TABLES has the gate already. */
export function enterGate(core: SessionCore, alone: boolean): Promise<Release> {
  const { replicator, config } = core.context;
  if (core.tableLock) return Promise.resolve(() => {});
  return alone
    ? replicator.gate.exclusive(config.ddlWaitTimeoutMs)
    : replicator.gate.shared(config.ddlWaitTimeoutMs);
}

/** As `enterGate`, for DDL, which also waits for whoever reads the tables as a whole. */
export async function enterSchemaGate(core: SessionCore): Promise<Release> {
  const { replicator, config } = core.context;
  const timeoutMs = config.ddlWaitTimeoutMs;
  const own = core.instanceLock ? 1 : 0;
  if (!core.tableLock) return replicator.gate.exclusiveSchema(timeoutMs, own);
  if (await replicator.gate.schema.free(timeoutMs, own)) return () => {};
  const message = 'a resync, a verification or a backup is under way';
  throw new LockstepError('ddl_wait_timeout', message);
}

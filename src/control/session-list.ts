import { isoTime } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { SessionStatus } from '../http/session-schemas.ts';
import type { SessionCore } from '../sessions/session-core.ts';
import type { SessionHandle, SessionRegistry } from '../sessions/session-registry.ts';
import { asText, shownText } from '../sessions/shown-text.ts';

/** Who is connected, the newest last. */
export const listSessions = (sessions: SessionRegistry): SessionStatus[] =>
  [...sessions.values()].map(statusOf);

/** Ends it, or only what it is at. Throws LockstepError('not_found'). */
export function killSession(sessions: SessionRegistry, id: number, queryOnly: boolean): void {
  const session = sessions.get(id);
  if (!session) throw new LockstepError('not_found', `there is no session ${id}`);
  session.kill({ queryOnly });
}

function statusOf({ core, running, sinceMs }: SessionHandle): SessionStatus {
  const { clock } = core.context;
  const connection = core.running.connection;
  const node = (connection && core.nodeOf(connection)) ?? core.transaction?.node;
  const pinned = pinnedBy(core);
  const { program } = core;
  return {
    id: core.id,
    user: core.account.user,
    host: core.host,
    schema: asText(core, core.state.schema),
    command: running === undefined ? 'Sleep' : 'Query',
    ...(running === undefined ? {} : { sql: shownText(core, core.analyse(running), running) }),
    since: isoTime(clock.wallMs() - (clock.nowMs() - sinceMs)),
    state: stateOf(core, running),
    ...(node ? { node: node.name } : {}),
    ...(pinned === undefined ? {} : { pinned }),
    inTransaction: core.transaction !== undefined,
    tls: core.encrypted,
    ...(program === undefined ? {} : { program }),
  };
}

function stateOf(core: SessionCore, running: string | undefined): string {
  if (running === undefined) return core.transaction ? 'idle in a transaction' : 'idle';
  const { connection } = core.running;
  const node = connection && core.nodeOf(connection);
  return node ? `executing on ${node.name}` : 'waiting';
}

/** Why it keeps a connection for itself, in words; undefined when it shares all of them. */
function pinnedBy({ pinned, transaction, tableLock }: SessionCore): string | undefined {
  const reasons: string[] = [];
  if (pinned) reasons.push(`a ${pinned.reason} on ${pinned.node.name}, which no other node has`);
  if (tableLock) reasons.push('LOCK TABLES, until UNLOCK TABLES');
  if (transaction) {
    const count = transaction.commands.length;
    const writes = count === 0 ? 'no write' : `${count} ${count === 1 ? 'write' : 'writes'}`;
    reasons.push(`an open transaction on ${transaction.node.name}, with ${writes} so far`);
  }
  return reasons.length === 0 ? undefined : reasons.join('; ');
}

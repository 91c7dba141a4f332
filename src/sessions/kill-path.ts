import { LockstepError } from '../base/errors.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import { replaceConnectionId } from '../sql/connection-id.ts';
import { type KillTarget, parseKill } from '../sql/kill-statement.ts';
import { mayAdminister } from './administrator.ts';
import { type Answer, okAnswer } from './answer.ts';
import { interruptedError } from './running-statement.ts';
import type { SessionCore } from './session-core.ts';
import type { SessionHandle } from './session-registry.ts';
import { syntaxError } from './syntax-error.ts';
import { withConnection } from './with-connection.ts';

/** KILL, whose numbers are those of Lockstep's sessions. */
export async function runKill(core: SessionCore, sql: string): Promise<Answer> {
  const kill = parseKill(sql, core.lexMode);
  if (!kill) throw syntaxError(sql, sql.length, core.lexMode.flavor);
  const { target, queryOnly } = kill;
  switch (target.kind) {
    case 'query_id':
      throw new LockstepError(
        'unsupported',
        'KILL QUERY ID is not supported, since statements have no numbers here: KILL QUERY the ' +
          'number of the session (SHOW PROCESSLIST)',
      );
    case 'user':
      return killUser(core, target, queryOnly);
    case 'session':
      return killSession(core, await sessionNumber(core, target.expression), queryOnly);
  }
}

/**
 * A session may end those of its own account; others take CONNECTION_ADMIN (or SUPER) on the
 * nodes, as on a server.
 */
export async function killSession(
  core: SessionCore,
  id: number,
  queryOnly: boolean,
): Promise<Answer> {
  const session = core.sessions.get(id);
  if (!session) throw new NodeQueryError(1094, 'HY000', `Unknown thread id: ${id}`);
  const own = session.core.account.user === core.account.user;
  if (!own && !(await mayAdminister(core, 'kill'))) {
    throw new NodeQueryError(1095, 'HY000', `You are not owner of thread ${id}`);
  }
  end(core, [session], queryOnly);
  if (session.core !== core) return okAnswer;
  throw queryOnly || core.lexMode.flavor === 'mysql' ? interruptedError() : killedError();
}

async function killUser(
  core: SessionCore,
  { user, host }: Extract<KillTarget, { kind: 'user' }>,
  queryOnly: boolean,
): Promise<Answer> {
  if (user !== core.account.user && !(await mayAdminister(core, 'kill'))) {
    throw new NodeQueryError(1095, 'HY000', `You are not owner of the sessions of ${user}`);
  }
  const all = host === undefined || host === '%';
  const sessions = [...core.sessions.values()].filter(
    (session) => session.core.account.user === user && (all || session.core.host === host),
  );
  end(core, sessions, queryOnly);
  return { kind: 'ok', ok: { affectedRows: BigInt(sessions.length) } };
}

/** The session that asks hears the answer, also when it is one of those. */
function end(core: SessionCore, sessions: readonly SessionHandle[], queryOnly: boolean): void {
  for (const session of sessions) session.kill({ queryOnly, byItself: session.core === core });
}

/** As MariaDB tells a session that has ended itself; MySQL has no other words than for a query. */
const killedError = (): NodeQueryError =>
  new NodeQueryError(1927, '70100', 'Connection was killed');

async function sessionNumber(core: SessionCore, expression: string): Promise<number> {
  if (/^\d+$/.test(expression)) return Number(expression);
  const own = replaceConnectionId(expression, core.lexMode, core.id);
  const variables = core.analyse(`SELECT ${own}`);
  if (variables.kind !== 'read' || variables.hasUnknownFunction || variables.tables.length > 0) {
    throw new LockstepError('unsupported', 'KILL takes a number here, or a variable that holds it');
  }
  const [row] = await withConnection(core, (connection) =>
    queryRows(connection, `SELECT CAST((${own}) AS UNSIGNED) AS id LIMIT 1`, { latin1: true }),
  );
  return Number(row?.['id'] ?? 0);
}

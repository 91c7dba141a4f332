import { LockstepError } from '../base/errors.ts';
import { queryRows } from '../nodes/query-rows.ts';
import type { Leadership } from '../replication/replicator.ts';
import { inCharset } from '../sql/name-charset.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import type { TableId } from './check-write.ts';
import { notLogged } from './not-logged.ts';
import type { SessionCore } from './session-core.ts';

/**
 * Sets the AUTO_INCREMENT counters of every node to those of the leader, each by a DDL statement
 * of its own: a node that led before may have counted further. The caller holds the schema gate
 * and runs its write before anybody else. Returns what ended the leader's term, if something did.
 */
export async function reconcileIds(
  core: SessionCore,
  leadership: Leadership,
  tables: readonly TableId[],
): Promise<Error | undefined> {
  for (const { schema, table } of tables) {
    const lost = await reconcile(
      core,
      leadership,
      `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`,
    );
    if (lost) return lost;
  }
  return undefined;
}

async function reconcile(
  core: SessionCore,
  leadership: Leadership,
  name: string,
): Promise<Error | undefined> {
  const node = core.node(leadership.name);
  const { facts } = node;
  if (!facts) throw new LockstepError('internal', `nothing is known of node ${node.name}`);
  // The client's account may not be allowed to ALTER.
  const control = await node.openControl();
  try {
    const [row] = await queryRows(control, `SHOW CREATE TABLE ${name}`, { latin1: true });
    const next = / AUTO_INCREMENT=(\d+)/.exec(Object.values(row ?? {})[1] ?? '')?.[1] ?? '1';
    const change = (table: string): string => `ALTER TABLE ${table} AUTO_INCREMENT=${next}`;
    // Followers run it as what the session's client would have sent.
    const sql = change(inCharset(name, core.lexMode.charset));
    const context = { ...core.state.commandContext(facts), schema: '' };
    const command = { sql, parameters: [], parameterOffsets: [], context, pins: {} };
    const execute = async () => {
      await queryRows(control, change(name), { latin1: true });
      return { errno: 0, affectedRows: 0 };
    };
    const executor = { threadId: control.threadId, execute };
    const run = await core.context.leaderDdl.run(leadership, command, core.analyse(sql), executor);
    if (run.kind === 'not_logged') throw notLogged(run.error);
    return run.kind === 'lost' ? run.error : undefined;
  } finally {
    control.end();
  }
}

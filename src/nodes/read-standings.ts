import type { NodeConnection } from './node-connection.ts';
import { queryRows } from './query-rows.ts';
import type { Standing } from './silence.ts';

/**
 * What the server has under way on these threads. From when it has read a command until it has
 * written the whole answer a thread is never shown as `Sleep`, on either engine: not while it
 * executes, waits for a lock, commits, writes to a slow reader, goes from one statement to the
 * next, or waits for the file of a LOAD DATA LOCAL. While a command arrives it is.
 * Empty if it is not known. Throws NodeQueryError.
 */
export async function readStandings(
  control: NodeConnection,
  threadIds: readonly number[],
  timeoutMs: number,
): Promise<ReadonlyMap<number, Standing>> {
  const ids = [control.threadId, ...threadIds].join(',');
  const rows = await queryRows(
    control,
    'SELECT ID AS id, COMMAND AS command, @@thread_handling AS handling ' +
      `FROM information_schema.PROCESSLIST WHERE ID IN (${ids})`,
    { timeoutMs },
  );
  const commands = new Map(rows.map((row) => [Number(row['id']), row['command']]));
  // Something in between counts ids of its own: they say nothing.
  if (!commands.has(control.threadId)) return new Map();
  const pooled = rows[0]?.['handling'] !== 'one-thread-per-connection';
  const standingOf = (id: number): Standing => {
    const command = commands.get(id);
    if (command === undefined) return 'at_rest';
    if (command !== 'Sleep') return 'busy';
    return pooled ? 'perhaps_queued' : 'at_rest';
  };
  return new Map(threadIds.map((id) => [id, standingOf(id)]));
}

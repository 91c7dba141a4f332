import type { Clock } from '../../base/clock.ts';
import type { NodeConnection } from '../../nodes/node-connection.ts';
import { queryRows } from '../../nodes/query-rows.ts';

const waitAttempts = 100;
const waitMs = 50;
const killTimeoutMs = 10_000;

/**
 * Kills connections by their ids on the server and waits until they are gone: only then is what
 * they held rolled back. Throws when they are still there after five seconds.
 */
export async function endConnections(
  control: NodeConnection,
  ids: readonly number[],
  clock: Clock,
): Promise<void> {
  if (ids.length === 0) return;
  for (const id of ids) await control.query(`KILL ${id}`, { timeoutMs: killTimeoutMs });
  for (let attempt = 0; ; attempt++) {
    const alive = await queryRows(
      control,
      `SELECT ID FROM information_schema.PROCESSLIST WHERE ID IN (${ids.join(',')})`,
    );
    if (alive.length === 0) return;
    if (attempt === waitAttempts) throw new Error(`connections ${ids.join(', ')} do not end`);
    await new Promise<void>((resolve) => {
      clock.after(waitMs, resolve);
    });
  }
}

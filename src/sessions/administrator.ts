import { queryRows } from '../nodes/query-rows.ts';
import type { SessionCore } from './session-core.ts';
import { withConnection } from './with-connection.ts';

/** Rights over the whole server, by either server's name. */
const names = {
  /** To end sessions of other accounts. */
  kill: ['SUPER', 'CONNECTION_ADMIN', 'CONNECTION ADMIN'],
  /** To see them. */
  process: ['SUPER', 'PROCESS'],
} as const;

/** Whether the session's account holds a right on the nodes, roles that are active included. */
export async function mayAdminister(
  core: SessionCore,
  right: keyof typeof names,
): Promise<boolean> {
  const rows = await withConnection(core, (connection) => queryRows(connection, 'SHOW GRANTS'));
  const held = new Set<string>();
  for (const row of rows) {
    const grant = /^GRANT (.+) ON \*\.\* TO /.exec(Object.values(row)[0] ?? '');
    for (const privilege of grant?.[1]?.split(/,\s*/) ?? []) held.add(privilege);
  }
  return held.has('ALL PRIVILEGES') || names[right].some((name) => held.has(name));
}

import { quoteIdentifier } from '../sql/quote.ts';
import { mayAdminister } from './administrator.ts';
import type { SessionCore } from './session-core.ts';
import type { SessionHandle } from './session-registry.ts';
import { asText, nameText } from './shown-text.ts';

const shows = /^\s*SHOW\s+(FULL\s+)?PROCESSLIST\s*$/i;
const columnNames = ['Id', 'User', 'Host', 'db', 'Command', 'Time', 'State', 'Info'];
/** As much of a statement as a server shows without FULL. */
const shortInfo = 100;

/** What `SHOW [FULL] PROCESSLIST` asks for; undefined for any other statement. */
export function asksForProcessList(sql: string): { readonly full: boolean } | undefined {
  const match = shows.exec(sql);
  return match ? { full: match[1] !== undefined } : undefined;
}

/**
 * A query whose rows are Lockstep's sessions, in the columns of SHOW PROCESSLIST: any node makes
 * the result, in whatever protocol the client speaks. Without the right PROCESS one's own only.
 */
export async function processListQuery(core: SessionCore, full: boolean): Promise<string> {
  const all = await mayAdminister(core, 'process');
  const rows: string[] = [];
  for (const session of core.sessions.values()) {
    if (all || session.core.account.user === core.account.user) rows.push(rowOf(session, full));
  }
  const mysql = core.lexMode.flavor === 'mysql';
  const values = rows.map((row) => (mysql ? `ROW(${row})` : `(${row},0.000)`)).join(',');
  const columns = [...columnNames, ...(mysql ? [] : ['Progress'])].map(quoteIdentifier);
  return `WITH sessions (${columns.join(',')}) AS (VALUES ${values}) SELECT * FROM sessions`;
}

function rowOf(session: SessionHandle, full: boolean): string {
  const { core, running, sinceMs } = session;
  const { clock } = core.context;
  const seconds = Math.floor((clock.nowMs() - sinceMs) / 1000);
  const info = running === undefined ? undefined : asText(core, running);
  const node = core.running.connection && core.nodeOf(core.running.connection);
  const state = running === undefined ? '' : node ? `executing on ${node.name}` : 'waiting';
  return [
    core.id,
    text(core.account.user),
    text(core.host),
    core.state.schema === '' ? 'NULL' : text(nameText(core.state.schema)),
    text(running === undefined ? 'Sleep' : 'Query'),
    seconds,
    text(state),
    info === undefined ? 'NULL' : text(full ? info : info.slice(0, shortInfo)),
  ].join(',');
}

const text = (value: string): string =>
  `CONVERT(X'${Buffer.from(value, 'utf8').toString('hex')}' USING utf8mb4)`;

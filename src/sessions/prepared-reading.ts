import type { NodeConnection } from '../nodes/node-connection.ts';
import { queryRows } from '../nodes/query-rows.ts';
import type { Statement } from '../sql/statement.ts';
import { renderCharsets } from './connection-charsets.ts';
import type { SessionCore } from './session-core.ts';

type Settings = ReadonlyMap<string, string>;

/** By which a server reads a text and what is in it: once, when it prepares it. */
const readingSettings = [
  'sql_mode',
  'character_set_client',
  'collation_connection',
  'div_precision_increment',
] as const;

export const areReadAlike = (one: Settings, other: Settings): boolean =>
  one === other || readingSettings.every((name) => one.get(name) === other.get(name));

interface Prepared {
  readonly statement: Statement;
  /** Those of the session when it was prepared. */
  readonly settings: Settings;
}

/**
 * How it was read when it was prepared; '' where it would be now as it was then. What other nodes
 * run too is a text there, so it is read as it would be now on the leader as well.
 */
export function readingOf({ state }: SessionCore, { statement, settings }: Prepared): string {
  const { kind, hasUnknownFunction } = statement;
  const isText = kind !== 'set' && (kind !== 'read' || hasUnknownFunction);
  return isText || areReadAlike(settings, state.carried.settings) ? '' : assignments(settings);
}

const assignments = (settings: Settings): string =>
  readingSettings.map((name) => `${name}=${settings.get(name) ?? 'DEFAULT'}`).join(',');

/** Behind which the connection is as it was. */
const returning = (settings: Settings): string =>
  [assignments(settings), ...renderCharsets(settings)].join(',');

/** Prepares while the settings are those of `reading`, on a connection in the session's state. */
export async function prepareAsRead<T>(
  { state }: SessionCore,
  connection: NodeConnection,
  reading: string,
  prepare: () => Promise<T>,
): Promise<T> {
  if (reading === '') return prepare();
  await queryRows(connection, `SET ${reading}`);
  try {
    return await prepare();
  } finally {
    const now = `SET ${returning(state.carried.settings)}`;
    if (!connection.lost) await queryRows(connection, now);
  }
}

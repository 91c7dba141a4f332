import { NodeQueryError } from '../nodes/query-rows.ts';
import type { ServerFacts } from '../nodes/server-facts.ts';
import { Capability, has } from '../protocol/capabilities.ts';
import { namesOf, namesSetting } from './connection-charsets.ts';
import type { SessionCore } from './session-core.ts';
import { strongIsolation } from './set-transaction.ts';

/** What a client's handshake says of the session it wants. */
export interface ClientWishes {
  /** As agreed with the client. */
  readonly capabilities: number;
  /** Id of the collation that the client asked for. */
  readonly characterSet: number;
}

/** In which no text of a statement can be: their characters have zero bytes. */
const notForClients: ReadonlySet<string | undefined> = new Set([
  'ucs2',
  'utf16',
  'utf16le',
  'utf32',
]);

/** Throws as a server does, before it looks at the user, for what no client can have. */
export function checkCharacterSet(facts: ServerFacts | undefined, characterSet: number): void {
  const charset = facts?.collations.get(characterSet)?.charset;
  if (!notForClients.has(charset)) return;
  const message = `Variable 'character_set_client' can't be set to the value of '${charset}'`;
  throw new NodeQueryError(1231, '42000', message);
}

/**
 * What makes a session begin: a login, COM_CHANGE_USER (also one that was denied, on MariaDB) or
 * COM_RESET_CONNECTION.
 */
export type Beginning = 'login' | 'change_user' | 'denied_user' | 'reset';

/** Session variables as the client wishes them; the servers differ in what survives a reset. */
export function initialSettings(
  core: SessionCore,
  wishes: ClientWishes,
  beginning: Beginning,
): ReadonlyMap<string, string> {
  const facts = core.anyFacts();
  const settings = new Map<string, string>();
  const onMysql = facts?.flavor === 'mysql';
  const known = facts?.collations.get(wishes.characterSet);
  const byServer = beginning === 'denied_user' || (onMysql && beginning === 'reset');
  const collation = byServer ? undefined : known;
  if (collation) {
    settings.set('character_set_client', `'${collation.charset}'`);
    settings.set('character_set_results', `'${collation.charset}'`);
    settings.set('collation_connection', `'${collation.collation}'`);
  } else {
    for (const [name, value] of facts?.characterSets ?? []) settings.set(name, value);
  }
  const charset = settings.get('character_set_client');
  if (charset !== undefined && charset === settings.get('character_set_results')) {
    settings.set(namesSetting, namesOf(charset, settings.get('collation_connection')));
  }
  if (facts && strongIsolation(facts.isolation.level) !== facts.isolation.level) {
    settings.set(facts.isolation.variable, `'${strongIsolation(facts.isolation.level)}'`);
  }
  const sqlMode = facts?.defaults.get('sql_mode');
  const ignoreSpace = has(wishes.capabilities, Capability.IGNORE_SPACE);
  if (sqlMode !== undefined && ignoreSpace && (onMysql || beginning === 'login')) {
    const rest = sqlMode === "''" ? "'" : `,${sqlMode.slice(1)}`;
    settings.set('sql_mode', `'IGNORE_SPACE${rest}`);
  }
  return settings;
}

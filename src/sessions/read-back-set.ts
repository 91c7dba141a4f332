import { LockstepError } from '../base/errors.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import { settingLiteral } from '../nodes/server-facts.ts';
import type { SetAssignment, SetScope } from '../sql/set-statement.ts';
import { assignmentText } from '../sql/set-text.ts';
import { namesOf, namesSetting } from './connection-charsets.ts';
import { refuseOracleOn } from './oracle-mode.ts';
import type { SessionCore } from './session-core.ts';
import { noteInsertIdOn } from './carry-state.ts';
import { strongIsolation } from './set-transaction.ts';

/** A collation that SET NAMES names is that of client and results too. */
const ofCharsets: ReadonlyMap<SetScope, readonly string[]> = new Map([
  [
    'names',
    ['character_set_client', 'character_set_results', 'collation_connection', namesSetting],
  ],
  [
    'charset',
    ['character_set_client', 'character_set_results', namesSetting, 'collation_connection'],
  ],
]);
/**
 * Under which variable each is carried: a collation tells its character set. Their defaults are
 * carried as values, because a node's connection begins with others.
 */
const connectionCharsets: ReadonlyMap<string, string> = new Map([
  ['character_set_client', 'character_set_client'],
  ['character_set_results', 'character_set_results'],
  ['character_set_connection', 'collation_connection'],
  ['collation_connection', 'collation_connection'],
  ['character_set_server', 'collation_server'],
  ['collation_server', 'collation_server'],
]);
const trackedCharsets = [
  'character_set_client',
  'character_set_connection',
  'character_set_results',
] as const;
const insertIdVariables: ReadonlySet<string> = new Set(['last_insert_id', 'identity']);
const isolationVariables: ReadonlySet<string> = new Set(['transaction_isolation', 'tx_isolation']);

/**
 * Asks the connection what was set but user variables, and has the session carry it. Whatever is
 * asked here has a LIMIT, because sql_select_limit may be 0.
 */
export async function readBackSet(
  core: SessionCore,
  connection: NodeConnection,
  sql: string,
  assignments: readonly SetAssignment[],
): Promise<void> {
  await refuseOracleOn(core, connection, assignments);
  const names = new Set<string>();
  // What is set twice stands where it is set last.
  const add = (...added: readonly string[]): void => {
    for (const name of added) names.delete(name);
    for (const name of added) names.add(name);
  };
  for (const assignment of assignments) {
    const { scope, name } = assignment;
    if (scope === 'user_variable') continue;
    const sets = ofCharsets.get(scope);
    if (sets) add(...sets);
    else if (scope !== 'session') await replay(core, connection, scope, sql);
    else if (insertIdVariables.has(name)) await readBackInsertId(core, connection);
    else if (connectionCharsets.has(name)) add(connectionCharsets.get(name) ?? name);
    // They show 0 whatever was set.
    else if (isSeed(assignment)) core.state.setVariables([[name, assignment.literal]]);
    else if (isDefault(assignment) && !alwaysCarried.has(name)) {
      await readBackDefault(core, connection, name);
    } else add(name);
    add(...changedBy(name));
  }
  const named = assignments.findLast(({ scope }) => scope === 'names')?.collation;
  await readBackVariables(core, connection, [...names], {
    collation: named === undefined ? undefined : settingLiteral(named),
    textOf: (name) => {
      const isIt = (one: SetAssignment): boolean => one.scope === 'session' && one.name === name;
      const assigned = assignments.findLast(isIt);
      return assigned && assignmentText(sql, assigned);
    },
  });
  await core.tracker?.setOn(connection, assignments.flatMap(trackedNames));
}

/**
 * The same of one that has failed: MySQL has set by then what stands before a variable that the
 * account may not set to DEFAULT (seen on 9.7).
 */
export async function readBackFailedSet(
  core: SessionCore,
  connection: NodeConnection,
  assignments: readonly SetAssignment[],
  errno: number,
): Promise<void> {
  const names = assignments.flatMap(({ scope, name }) =>
    scope !== 'session' || insertIdVariables.has(name) || setsOnce.test(name)
      ? []
      : [connectionCharsets.get(name) ?? name, ...changedBy(name)],
  );
  await takeChanged(core, connection, [...new Set(names)]);
  // If it was not set, the connection has that of whoever used it last.
  const before = errno === denied ? Math.max(assignments.findLastIndex(isDefault), 0) : 0;
  const assigned = assignments.slice(0, before);
  const id = assigned.findLast(({ name }) => insertIdVariables.has(name))?.literal;
  if (id !== undefined && (await insertIdOf(connection)) === id) core.lastInsertId = id;
}

/** Has the session carry those that are not as it has them, or as the server has. */
async function takeChanged(
  core: SessionCore,
  connection: NodeConnection,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return;
  const columns = names.map((name, at) => `@@session.${name} AS c${at},@@global.${name} AS g${at}`);
  const { settings } = core.state.carried;
  try {
    const [row] = await queryRows(connection, `SELECT ${columns.join(',')} LIMIT 1`);
    for (const [at, name] of names.entries()) {
      const literal = settingLiteral(row?.[`c${at}`] ?? null);
      const before = settings.get(name) ?? settingLiteral(row?.[`g${at}`] ?? null);
      if (literal !== before) core.state.setVariables([[name, literal]]);
    }
  } catch (error) {
    // Where one of them is unknown none was set.
    if (!(error instanceof NodeQueryError)) throw error;
  }
}

/** ER_SPECIFIC_ACCESS_DENIED_ERROR */
const denied = 1227;

/** What a server sets along with a variable. Source: `fix_sql_big_selects` … of both. */
const changedBy = (name: string): readonly string[] =>
  name === 'max_join_size' ? ['sql_big_selects'] : [];

/** A setting that is carried may change sql_big_selects: max_join_size. */
const alwaysCarried: ReadonlySet<string> = new Set([...isolationVariables, 'sql_big_selects']);

/** What shows another value than was set, or none. */
const setsOnce = /^(?:rand_seed[12]|timestamp|autocommit)$/;

/** What a client may be told of that was assigned. */
function trackedNames({ scope, name }: SetAssignment): readonly string[] {
  if (scope === 'names' || scope === 'charset') return trackedCharsets;
  return scope === 'session' ? [name] : [];
}

const isSeed = ({ name, literalKind }: SetAssignment): boolean =>
  literalKind === 'number' && /^rand_seed[12]$/.test(name);

const isDefault = (assignment: SetAssignment): boolean =>
  assignment.literalKind === 'word' && assignment.literal?.toUpperCase() === 'DEFAULT';

/**
 * Is carried only where it is another than that of the server, as foreign_key_checks is on MySQL
 * (9.7): the account may not be permitted to set it to the same value, and the clock goes on.
 */
async function readBackDefault(core: SessionCore, connection: NodeConnection, name: string) {
  const text = `SELECT @@session.${name} AS own,@@global.${name} AS standard LIMIT 1`;
  const [row] = await queryRows(connection, text).catch((error: unknown) => {
    if (error instanceof NodeQueryError) return [];
    throw error;
  });
  const own = row?.['own'] ?? null;
  const isOther = row !== undefined && own !== row['standard'];
  core.state.setVariables([[name, isOther ? settingLiteral(own) : undefined]]);
}

async function insertIdOf(connection: NodeConnection): Promise<string> {
  const [row] = await queryRows(connection, 'SELECT LAST_INSERT_ID() AS id LIMIT 1');
  return row?.['id'] ?? '0';
}

async function readBackInsertId(core: SessionCore, connection: NodeConnection): Promise<void> {
  core.lastInsertId = await insertIdOf(connection);
  noteInsertIdOn(connection, core.lastInsertId);
}

interface AsWritten {
  /** Of SET NAMES, as a literal. */
  readonly collation: string | undefined;
  readonly textOf: (name: string) => string | undefined;
}

/** A variable that shows no value is set again wherever the session goes. */
async function readBackVariables(
  core: SessionCore,
  connection: NodeConnection,
  names: readonly string[],
  { collation, textOf }: AsWritten,
): Promise<void> {
  if (names.length === 0) return;
  const asked = names.filter((name) => name !== namesSetting);
  const columns = asked.map((name, index) => `@@session.${name} AS c${index}`);
  try {
    const [row] = await queryRows(connection, `SELECT ${columns.join(',')} LIMIT 1`);
    const values = asked.map((name, index) => [name, row?.[`c${index}`] ?? null] as const);
    core.state.setVariables(settingsOf(names, new Map(values), collation));
    await strengthen(core, connection, values);
  } catch (error) {
    if (!(error instanceof NodeQueryError)) throw error;
    for (const name of names) {
      const text = textOf(name);
      if (text !== undefined) core.state.replay(name, `SET ${text}`);
    }
  }
}

/** As literals, in this order. */
function settingsOf(
  names: readonly string[],
  values: ReadonlyMap<string, string | null>,
  named: string | undefined,
): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  const literal = (name: string): string => settingLiteral(values.get(name) ?? null);
  for (const name of names) {
    const collation = named ?? settings.get('collation_connection');
    const isNames = name === namesSetting;
    settings.set(
      name,
      isNames ? namesOf(literal('character_set_client'), collation) : literal(name),
    );
  }
  return settings;
}

/** A weaker isolation level is accepted, and what runs is the one above it. */
async function strengthen(
  core: SessionCore,
  connection: NodeConnection,
  values: readonly (readonly [name: string, value: string | null])[],
): Promise<void> {
  for (const [name, value] of values) {
    if (!isolationVariables.has(name) || value === null) continue;
    const level = strongIsolation(value);
    if (level === value) continue;
    await queryRows(connection, `SET SESSION ${name}='${level}'`);
    core.state.setVariables([[name, `'${level}'`]]);
  }
}

/** SET ROLE, and whatever we cannot read: run again on the connections that come next. */
async function replay(
  core: SessionCore,
  connection: NodeConnection,
  scope: string,
  sql: string,
): Promise<void> {
  const [row] = await queryRows(connection, 'SELECT @@session.autocommit AS autocommit LIMIT 1');
  if (row?.['autocommit'] !== '1') {
    connection.destroy(new Error('a SET that could not be read changed autocommit'));
    throw new LockstepError('unsupported', 'SET autocommit must be a statement of its own here');
  }
  core.state.replay(scope === 'unknown' ? sql : scope, sql);
}

import { isOracleMode } from '../sql/lex-mode.ts';
import type { NodeConnection } from './node-connection.ts';
import { queryRows } from './query-rows.ts';
import { readServerStart } from './server-start.ts';

export type Flavor = 'mysql' | 'mariadb';

/** What a server says of itself, read once each time it joins. */
export interface ServerFacts {
  readonly flavor: Flavor;
  readonly version: string;
  /** What it offers to clients, with MariaDB's flags above the common ones. */
  readonly capabilities: number;
  /** Seconds since 1970 at which the server started. */
  readonly startedAtS: number;
  /** Session defaults that a new connection has, as SQL literals. */
  readonly defaults: ReadonlyMap<string, string>;
  /** The variable of the isolation level, and what it is for a new connection. */
  readonly isolation: { readonly variable: string; readonly level: string };
  /** What sessions are told of themselves unless they ask: `schema` of session_track_schema … */
  readonly tracking: ReadonlyMap<string, string>;
  /** Collation id (as in the handshake) to character set and collation name. */
  readonly collations: ReadonlyMap<number, { charset: string; collation: string }>;
  /** Of a client that asks for a collation it does not know, as SQL literals by variable. */
  readonly characterSets: ReadonlyMap<string, string>;
  /** Bytes; no packet to the server may have as many. */
  readonly maxAllowedPacket: number;
  /** Statements that insert side by side share the ids out: none gets its own in a row. */
  readonly interleavesIds: boolean;
  /** Settings that endanger equal copies, with what to do about each. */
  readonly warnings: readonly SettingWarning[];
}

export interface SettingWarning {
  readonly setting: string;
  readonly found: string;
  readonly wanted: string;
  readonly remedy: string;
}

/** Session variables that a write can depend on: fixed for every command that is logged. */
const writeSettings = [
  'sql_mode',
  'time_zone',
  'character_set_client',
  'collation_connection',
  'foreign_key_checks',
  'unique_checks',
  'auto_increment_increment',
  'auto_increment_offset',
  'div_precision_increment',
  'group_concat_max_len',
  'lc_time_names',
  'default_week_format',
  'sql_safe_updates',
  'sql_select_limit',
  'default_storage_engine',
  'collation_server',
  'innodb_strict_mode',
  // MySQL: adds a column by itself.
  'sql_generate_invisible_primary_key',
  // MariaDB
  'check_constraint_checks',
  'sql_if_exists',
  'old_mode',
] as const;

/** What the collation of a client's handshake sets. */
const characterSetVariables = [
  'character_set_client',
  'character_set_results',
  'collation_connection',
] as const;

/** Whether a write can depend on this session variable. */
export const isWriteSetting = (name: string): boolean =>
  (writeSettings as readonly string[]).includes(name);

/** Both servers have them; MariaDB before 11.1 knows only the older names. */
const isolationVariables = ['tx_isolation', 'transaction_isolation'] as const;

const soundLevel = /^'?(?:REPEATABLE-READ|SERIALIZABLE|DEFAULT)'?$/i;
const no = /^'?(?:0|OFF|FALSE|NO_CHAIN|DEFAULT)'?$/i;

/** What sessions begin with and Lockstep depends on, and the values that it can work with. */
const transactionSettings: ReadonlyMap<string, RegExp> = new Map([
  ...isolationVariables.map((name) => [name, soundLevel] as const),
  ['tx_read_only', no],
  ['transaction_read_only', no],
  ['completion_type', no],
  ['autocommit', /^'?(?:1|ON|TRUE|DEFAULT)'?$/i],
]);

/** Whether transactions would not run as they must in sessions that begin with this value. */
export const spoilsTransactions = (name: string, literal: string | undefined): boolean =>
  transactionSettings.get(name)?.test(literal ?? '') === false;

/** Whether a write, or how its transaction runs, can depend on this session variable. */
export const settingMatters = (name: string): boolean =>
  isWriteSetting(name) || transactionSettings.has(name);

export async function readServerFacts(connection: NodeConnection): Promise<ServerFacts> {
  const flavor: Flavor = /mariadb/i.test(connection.serverVersion) ? 'mariadb' : 'mysql';
  // Some exist on one of the two servers only.
  const known = await queryRows(
    connection,
    `SHOW SESSION VARIABLES WHERE Variable_name IN ('${writeSettings.join("','")}')`,
  );
  const names = known.map((row) => row['Variable_name'] ?? '');
  const columns = names.map((name) => `@@session.${name} AS ${name}`).join(', ');
  const [defaults] = await queryRows(connection, `SELECT ${columns}`);
  const [isolation] = await queryRows(
    connection,
    `SHOW SESSION VARIABLES WHERE Variable_name IN ('${isolationVariables.join("','")}')`,
  );
  const [fixed] = await queryRows(
    connection,
    'SELECT @@global.max_allowed_packet AS bytes, @@innodb_autoinc_lock_mode AS lock_mode',
  );
  const globals = characterSetVariables.map((name) => `@@global.${name} AS ${name}`).join(', ');
  const [characterSets] = await queryRows(connection, `SELECT ${globals}`);
  // MariaDB lists the contextual uca1400 collations without a character set of their own.
  const collationRows = await queryRows(
    connection,
    'SELECT ID AS id, CHARACTER_SET_NAME AS charset, COLLATION_NAME AS collation ' +
      'FROM information_schema.COLLATIONS WHERE ID IS NOT NULL AND CHARACTER_SET_NAME IS NOT NULL',
  );
  const collations = new Map<number, { charset: string; collation: string }>();
  for (const row of collationRows) {
    const { id, charset, collation } = row;
    if (id && charset && collation) collations.set(Number(id), { charset, collation });
  }
  return {
    flavor,
    version: connection.serverVersion,
    capabilities: connection.offered,
    startedAtS: await readServerStart(connection),
    defaults: new Map(names.map((name) => [name, settingLiteral(defaults?.[name] ?? null)])),
    isolation: {
      variable: isolation?.['Variable_name'] ?? 'transaction_isolation',
      level: isolation?.['Value'] ?? '',
    },
    tracking: await readTracking(connection),
    collations,
    characterSets: new Map(
      characterSetVariables.map((name) => [name, settingLiteral(characterSets?.[name] ?? null)]),
    ),
    maxAllowedPacket: Number(fixed?.['bytes']),
    interleavesIds: fixed?.['lock_mode'] === '2',
    warnings: await checkSettings(connection),
  };
}

async function readTracking(connection: NodeConnection): Promise<ReadonlyMap<string, string>> {
  const rows = await queryRows(connection, "SHOW GLOBAL VARIABLES LIKE 'session_track_%'");
  return new Map(
    rows.map(({ Variable_name: name, Value: value }) => [
      (name ?? '').replace('session_track_', ''),
      value ?? '',
    ]),
  );
}

/** A variable's value, as the server prints it, as a literal that SET takes. */
export function settingLiteral(value: string | null): string {
  if (value === null) return 'NULL';
  if (/^-?\d+(\.\d+)?$/.test(value)) return value;
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

interface SettingRule {
  readonly setting: string;
  readonly sound: (value: string) => boolean;
  readonly wanted: string;
  readonly remedy: string;
}

const settingRules: readonly SettingRule[] = [
  {
    setting: 'event_scheduler',
    sound: (value) => value !== 'ON' && value !== '1',
    wanted: 'OFF',
    remedy:
      'SET GLOBAL event_scheduler=OFF, and in the server configuration: events would run on every node.',
  },
  {
    setting: 'read_only',
    sound: (value) => value === '0' || value === 'OFF',
    wanted: 'OFF',
    remedy: 'SET GLOBAL read_only=OFF: Lockstep writes on every node.',
  },
  {
    setting: 'autocommit',
    sound: (value) => value === '1' || value === 'ON',
    wanted: 'ON',
    remedy:
      'SET GLOBAL autocommit=ON, and in the server configuration: what Lockstep notes on a node ' +
      'would not be committed.',
  },
  {
    setting: 'sql_mode',
    sound: (value) => !isOracleMode(value),
    wanted: 'one without ORACLE',
    remedy:
      'SET GLOBAL sql_mode without ORACLE, and in the server configuration: a server whose ' +
      'sessions begin in that language takes no part.',
  },
  {
    setting: 'lower_case_table_names',
    sound: () => true,
    wanted: 'the same on every node',
    remedy: 'Initialise the nodes with the same lower_case_table_names.',
  },
];

async function checkSettings(connection: NodeConnection): Promise<SettingWarning[]> {
  const names = settingRules.map((rule) => `@@global.${rule.setting} AS ${rule.setting}`);
  const [row] = await queryRows(connection, `SELECT ${names.join(', ')}`);
  const warnings: SettingWarning[] = [];
  for (const rule of settingRules) {
    const found = row?.[rule.setting] ?? '';
    if (rule.sound(found)) continue;
    warnings.push({ setting: rule.setting, found, wanted: rule.wanted, remedy: rule.remedy });
  }
  return warnings;
}

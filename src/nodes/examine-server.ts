import type { Clock } from '../base/clock.ts';
import type { NodeConnection } from './node-connection.ts';
import { queryRows } from './query-rows.ts';
import { readServerFacts, type ServerFacts } from './server-facts.ts';

/** What an operator would want to know of a server before it is a node, and while it is one. */
export interface ServerExam {
  readonly facts: ServerFacts;
  readonly variables: ReadonlyMap<string, string>;
  /** As `SHOW GRANTS` has them. */
  readonly grants: readonly string[];
  /** `user@host` of the account, as it would stand in a GRANT. */
  readonly account: string;
  /** How far its clock is ahead of ours; less than `clockUncertainMs` says nothing. */
  readonly clockAheadMs: number;
  readonly clockUncertainMs: number;
  /** When the server's certificate runs out; undefined unless it was reached by TLS. */
  readonly certificateUntil: string | undefined;
  readonly isReplica: boolean;
  /** `schema.table (engine)`, the first of them. */
  readonly otherEngines: readonly string[];
  /** `schema.table`, the first of them. */
  readonly withoutKey: readonly string[];
}

/** Global variables that are looked at; not every server has each. */
const variableNames = [
  'character_set_server',
  'collation_server',
  'gtid_mode',
  'innodb_flush_log_at_trx_commit',
  'local_infile',
  'log_bin',
  'lower_case_table_names',
  'max_allowed_packet',
  'max_connections',
  'sql_mode',
  'system_time_zone',
  'time_zone',
] as const;

const listedMax = 20;
const timeoutMs = 10_000;

const systemSchemas =
  "('mysql', 'information_schema', 'performance_schema', 'sys', 'lockstep', 'ndbinfo')";

export async function examineServer(connection: NodeConnection, clock: Clock): Promise<ServerExam> {
  const facts = await readServerFacts(connection);
  const rows = (sql: string): ReturnType<typeof queryRows> =>
    queryRows(connection, sql, { timeoutMs });
  const variables = await rows(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('${variableNames.join("', '")}')`,
  );
  const [account] = await rows('SELECT CURRENT_USER() AS account');
  const grants = await rows('SHOW GRANTS');
  const otherEngines = await rows(
    'SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, ENGINE AS e FROM information_schema.TABLES ' +
      `WHERE TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB' ` +
      `AND TABLE_SCHEMA NOT IN ${systemSchemas} ORDER BY 1, 2 LIMIT ${listedMax}`,
  );
  const withoutKey = await rows(
    'SELECT t.TABLE_SCHEMA AS s, t.TABLE_NAME AS t FROM information_schema.TABLES t ' +
      'LEFT JOIN information_schema.STATISTICS k ON k.TABLE_SCHEMA = t.TABLE_SCHEMA ' +
      'AND k.TABLE_NAME = t.TABLE_NAME AND k.NON_UNIQUE = 0 ' +
      "WHERE t.TABLE_TYPE = 'BASE TABLE' AND k.INDEX_NAME IS NULL " +
      `AND t.TABLE_SCHEMA NOT IN ${systemSchemas} ORDER BY 1, 2 LIMIT ${listedMax}`,
  );
  return {
    facts,
    variables: new Map(variables.map((row) => [row['Variable_name'] ?? '', row['Value'] ?? ''])),
    grants: grants.map((row) => Object.values(row)[0] ?? ''),
    account: account?.['account'] ?? '',
    ...(await readClock(connection, clock)),
    certificateUntil: await certificateUntil(connection),
    isReplica: await isReplica(connection, facts),
    otherEngines: otherEngines.map(({ s, t, e }) => `${s}.${t} (${e})`),
    withoutKey: withoutKey.map(({ s, t }) => `${s}.${t}`),
  };
}

/** As of the middle of the time that the question took. */
async function readClock(connection: NodeConnection, clock: Clock) {
  const sentMs = clock.wallMs();
  const [row] = await queryRows(connection, 'SELECT UNIX_TIMESTAMP(SYSDATE(6)) AS s', {
    timeoutMs,
  });
  const answeredMs = clock.wallMs();
  return {
    clockAheadMs: Math.round(Number(row?.['s']) * 1000 - (sentMs + answeredMs) / 2),
    clockUncertainMs: answeredMs - sentMs,
  };
}

/** As the server shows it: `Nov 26 12:00:00 2026 GMT`. */
async function certificateUntil(connection: NodeConnection): Promise<string | undefined> {
  const rows = await queryRows(
    connection,
    "SHOW SESSION STATUS WHERE Variable_name IN ('Ssl_cipher', 'Ssl_server_not_after')",
    { timeoutMs },
  );
  const values = new Map(rows.map((row) => [row['Variable_name'], row['Value']]));
  const isTls = (values.get('Ssl_cipher') ?? '') !== '';
  return isTls ? values.get('Ssl_server_not_after') || undefined : undefined;
}

/** False also where the account may not ask: that right is one of those that are looked at. */
async function isReplica(connection: NodeConnection, { flavor }: ServerFacts): Promise<boolean> {
  const sql = flavor === 'mariadb' ? 'SHOW ALL SLAVES STATUS' : 'SHOW REPLICA STATUS';
  try {
    return (await queryRows(connection, sql, { timeoutMs })).length > 0;
  } catch {
    return false;
  }
}

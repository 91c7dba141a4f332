import type { EngineName } from '../../../src/demo/engine.ts';

/** An enumeration takes the number of its word. */
const values = ['DEFAULT', '0', '1', "'ON'", '-1', '1.5', "'nonsense'", 'NULL'];

/** What is tried with a variable, one after the other in one session. */
export function inTurn(name: string): string[] {
  const shown = `SELECT @@session.${name} AS value`;
  const sets = [`@@session.${name}`, ...values].map((value) => `SET SESSION ${name} = ${value}`);
  return [shown, ...sets.flatMap((sql) => [sql, shown])];
}

/** They tell of the server, of its connection or of a moment. */
const ofServer = [
  ...['pseudo_thread_id', 'server_id', 'statement_id', 'timestamp', 'rand_seed1', 'rand_seed2'],
  ...['hostname', 'port', 'socket', 'datadir', 'pid_file', 'server_uuid', 'last_gtid'],
];

/** What Lockstep lets no session set, or sets as it needs it: see docs/COMPATIBILITY.md. */
const ofLockstep = [
  ...['completion_type', 'explicit_defaults_for_timestamp', 'gtid_next'],
  ...['transaction_isolation', 'tx_isolation'],
];

export const knownVariables: Readonly<Record<EngineName, ReadonlySet<string>>> = {
  mariadb: new Set([...ofServer, ...ofLockstep]),
  // A number is that of a collation, which no variable tells.
  mysql: new Set([...ofServer, ...ofLockstep, 'character_set_results']),
};

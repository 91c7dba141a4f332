/**
 * The settings that can be changed while Lockstep runs; all others take a restart. A setting
 * belongs here when its value is read anew at each use, or when `followSettings` passes a change
 * on to whoever keeps it.
 */
const changeable: ReadonlySet<string> = new Set([
  'users',
  'strategy',
  'consistency',
  'acks',
  'sync_timeout',
  'min_in_sync',
  'no_node_timeout',
  'auto_resync',
  'queue_when_down',
  'transaction_replay',
  'ddl_wait_timeout',
  'log_level',
  'mysql.proxy_protocol_networks',
  'http.users',
  'http.tokens',
  'http.session_timeout',
  'telemetry.slow_query',
  'telemetry.slow_query_log',
  'log.retention_bytes',
  'log.retention_age',
  'log.keep_bytes',
  'log.free_bytes_min',
]);

/** Groups of which every setting can be changed. */
const changeableGroups: ReadonlySet<string> = new Set([
  'health',
  'apply',
  'cache',
  'verify',
  'limits',
  'tls',
]);

/** Of a node; what says which server it is, `lockstep nodes` changes. */
const nodeIdentity: ReadonlySet<string> = new Set(['name', 'host', 'port']);

/** By the path in the file, such as `health.interval`; of a node `nodes.mysql1.weight`. */
export function changesAtRunTime(path: string): boolean {
  if (changeable.has(path)) return true;
  const [group = '', ...rest] = path.split('.');
  if (group === 'nodes') return !nodeIdentity.has(rest.at(-1) ?? '');
  return rest.length > 0 && changeableGroups.has(group);
}

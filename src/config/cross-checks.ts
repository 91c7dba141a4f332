import type { Config } from './config.ts';
import { httpAccessChecks } from './http-access-checks.ts';
import { networkList } from './network-list.ts';
import { nodeTlsProblems } from './node-tls-mode.ts';
import { repeats } from './repeats.ts';
import { formatSize } from './units.ts';

/**
 * What is wrong between settings that are each allowed, with the path to point at. A setting
 * that is itself wrong has been left out of `config`; it is passed over here.
 */
export function crossChecks(config: Config): { path: string; message: string }[] {
  return [
    ...repeatedNodes(config),
    ...repeatedUsers(config),
    ...minInSyncCheck(config),
    ...initialSourceCheck(config),
    ...portCheck(config),
    ...httpAccessChecks(config),
    ...proxyCheck(config),
    ...tlsCheck(config),
    ...nodeTlsChecks(config),
    ...logCheck(config),
  ];
}

function repeatedNodes({ nodes }: Config) {
  const problems = repeats(
    nodes.map((node) => node.name),
    (index) => `nodes[${index}].name`,
    (name, first) => `"${name}" is already the name of nodes[${first}]; node names are unique`,
  );
  // One server under two names would be written to twice.
  const addresses = repeats(
    nodes.map((node) => node.host && `${node.host.toLowerCase()}:${node.port}`),
    (index) => `nodes[${index}]`,
    (address, first) => `${address} is already nodes[${first}]; each node is a server of its own`,
  );
  return [...problems, ...addresses];
}

function repeatedUsers({ users }: Config) {
  if (typeof users === 'string') return [];
  return repeats(
    users.map((user) => user.name),
    (index) => `users[${index}].name`,
    (name, first) => `"${name}" is already users[${first}]; user names are unique`,
  );
}

function minInSyncCheck({ minInSync, nodes }: Config) {
  if (nodes.length === 0 || !(minInSync > nodes.length)) return [];
  const message = `${minInSync} nodes can never be in sync; there are only ${nodes.length}`;
  return [{ path: 'min_in_sync', message: `min_in_sync: ${message}` }];
}

function initialSourceCheck({ initialSource, nodes }: Config) {
  const known = nodes.some(({ name }) => name === initialSource);
  if (initialSource === undefined || known) return [];
  const message = `initial_source: "${initialSource}" is not the name of a node`;
  return [{ path: 'initial_source', message }];
}

function portCheck({ mysql, http }: Config) {
  const same = mysql.port > 0 && mysql.port === http.port && mysql.host === http.host;
  if (!http.enabled || !same) return [];
  const message = `http.port: ${http.port} is already mysql.port; choose another`;
  return [{ path: 'http.port', message }];
}

function proxyCheck({ mysql }: Config) {
  const { proxyProtocolNetworks: written } = mysql;
  if (written === undefined || networkList(written)) return [];
  const path = 'mysql.proxy_protocol_networks';
  const right = 'addresses and networks with commas between, such as "10.0.0.0/8, ::1"';
  return [{ path, message: `${path}: "${written}" is no list of networks; expected ${right}` }];
}

function tlsCheck({ tls }: Config) {
  if ((tls.keyFile === undefined) === (tls.certFile === undefined)) return [];
  const missing = tls.keyFile === undefined ? 'key_file' : 'cert_file';
  return [{ path: 'tls', message: `tls.${missing}: is required, key and certificate go together` }];
}

function nodeTlsChecks({ nodes }: Config) {
  return nodes.flatMap((node, index) =>
    nodeTlsProblems(node).map((problem) => {
      const path = `nodes[${index}]`;
      return { path, message: `${path}.${problem}` };
    }),
  );
}

function logCheck({ log }: Config) {
  const { segmentBytes, retentionBytes, keepBytes } = log;
  const problems: { path: string; message: string }[] = [];
  // The segment that is written to is never dropped, and one behind it would be dropped too soon.
  if (retentionBytes < 2 * segmentBytes) {
    const message = `must be at least twice log.segment_bytes (${formatSize(segmentBytes)})`;
    problems.push({ path: 'log.retention_bytes', message: `log.retention_bytes: ${message}` });
  }
  if (keepBytes > retentionBytes) {
    const message = `cannot be more than log.retention_bytes (${formatSize(retentionBytes)})`;
    problems.push({ path: 'log.keep_bytes', message: `log.keep_bytes: ${message}` });
  }
  return problems;
}

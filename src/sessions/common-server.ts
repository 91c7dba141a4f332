import { hasZstd } from '../nodes/compression-codec.ts';
import { plainVersion } from '../nodes/plain-version.ts';
import { Capability, combine, MariadbCapability, mariadbFlags } from '../protocol/capabilities.ts';

/** What a server says of itself in its greeting. */
export interface ServerGreeting {
  readonly version: string;
  /** With MariaDB's above them. */
  readonly capabilities: number;
}

/** What Lockstep can do with clients whatever the nodes can. */
const ofLockstep = combine(
  Capability.FOUND_ROWS,
  Capability.LONG_FLAG,
  Capability.LOCAL_FILES,
  Capability.CONNECT_WITH_DB,
  Capability.COMPRESS,
  Capability.IGNORE_SPACE,
  Capability.PROTOCOL_41,
  Capability.INTERACTIVE,
  Capability.TRANSACTIONS,
  Capability.SECURE_CONNECTION,
  Capability.MULTI_STATEMENTS,
  Capability.MULTI_RESULTS,
  Capability.PS_MULTI_RESULTS,
  Capability.PLUGIN_AUTH,
  Capability.CONNECT_ATTRS,
  Capability.PLUGIN_AUTH_LENENC,
  Capability.SESSION_TRACK,
  hasZstd ? Capability.ZSTD : 0,
);
/** What takes a node that can do it too, because results are forwarded as they come. */
const ofNodes = combine(
  Capability.DEPRECATE_EOF,
  Capability.QUERY_ATTRIBUTES,
  Capability.OPTIONAL_RESULTSET_METADATA,
);
const ofMariadbNodes = combine(
  MariadbCapability.EXTENDED_METADATA,
  MariadbCapability.STMT_BULK_OPERATIONS,
);
const unknown: ServerGreeting = {
  version: '8.0.0-lockstep',
  capabilities: Capability.DEPRECATE_EOF,
};

/** The server that clients are offered. */
export interface CommonServer {
  /** The lowest of the nodes'. */
  readonly version: string;
  readonly capabilities: number;
  /** MariaDB's flags; undefined unless every node is MariaDB. */
  readonly mariadbCapabilities: number | undefined;
}

/** What all of the servers can do; of one that nothing is known of yet, nothing is asked. */
export function commonServer(servers: readonly ServerGreeting[]): CommonServer {
  const [first = unknown, ...others] = servers;
  let { version } = first;
  let shared = first.capabilities;
  let extended = mariadbFlags(first.capabilities);
  for (const other of others) {
    if (compareVersions(other.version, version) < 0) ({ version } = other);
    shared &= other.capabilities;
    extended &= mariadbFlags(other.capabilities);
  }
  const isMariadb = servers.length > 0 && servers.every((one) => /mariadb/i.test(one.version));
  const capabilities = combine(ofLockstep, shared & ofNodes);
  // Its absence tells a client to look for MariaDB's flags.
  const mysqlFlag = isMariadb ? 0 : Capability.LONG_PASSWORD;
  return {
    version,
    capabilities: combine(capabilities, mysqlFlag),
    mariadbCapabilities: isMariadb ? extended & ofMariadbNodes : undefined,
  };
}

/** By their numbers. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (const [index, number] of left.entries()) {
    const difference = number - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const numbersOf = (version: string): readonly number[] =>
  (/^[\d.]+/.exec(plainVersion(version))?.[0] ?? '').split('.').map(Number);

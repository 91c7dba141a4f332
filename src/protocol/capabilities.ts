/**
 * Capability flags of the client/server protocol, as bits of one unsigned 32-bit number.
 * Source: MySQL `include/mysql_com.h`, page "Capabilities Flags"
 * (https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html).
 * Bit 31 makes JavaScript's `|` negative; build sets with `combine`.
 */
export const Capability = {
  /** MariaDB reads the absence of this bit in its greeting as "I am MariaDB, see the extended flags". */
  LONG_PASSWORD: 1,
  FOUND_ROWS: 1 << 1,
  LONG_FLAG: 1 << 2,
  CONNECT_WITH_DB: 1 << 3,
  NO_SCHEMA: 1 << 4,
  COMPRESS: 1 << 5,
  ODBC: 1 << 6,
  LOCAL_FILES: 1 << 7,
  IGNORE_SPACE: 1 << 8,
  PROTOCOL_41: 1 << 9,
  INTERACTIVE: 1 << 10,
  SSL: 1 << 11,
  IGNORE_SIGPIPE: 1 << 12,
  TRANSACTIONS: 1 << 13,
  RESERVED: 1 << 14,
  SECURE_CONNECTION: 1 << 15,
  MULTI_STATEMENTS: 1 << 16,
  MULTI_RESULTS: 1 << 17,
  PS_MULTI_RESULTS: 1 << 18,
  PLUGIN_AUTH: 1 << 19,
  CONNECT_ATTRS: 1 << 20,
  PLUGIN_AUTH_LENENC: 1 << 21,
  CAN_HANDLE_EXPIRED_PASSWORDS: 1 << 22,
  SESSION_TRACK: 1 << 23,
  DEPRECATE_EOF: 1 << 24,
  OPTIONAL_RESULTSET_METADATA: 1 << 25,
  ZSTD: 1 << 26,
  QUERY_ATTRIBUTES: 1 << 27,
  MULTI_FACTOR_AUTHENTICATION: 1 << 28,
  CAPABILITY_EXTENSION: 1 << 29,
  SSL_VERIFY_SERVER_CERT: 1 << 30,
  REMEMBER_OPTIONS: 2 ** 31,
} as const;

/**
 * MariaDB's own flags, which are bits 32 to 63 of its capabilities.
 * Source: https://mariadb.com/kb/en/connection/#capabilities
 */
export const MariadbCapability = {
  PROGRESS: 1,
  COM_MULTI: 1 << 1,
  STMT_BULK_OPERATIONS: 1 << 2,
  EXTENDED_METADATA: 1 << 3,
  CACHE_METADATA: 1 << 4,
  BULK_UNIT_RESULTS: 1 << 5,
} as const;

/** The 32 common flags with MariaDB's above them, as one number; `has` looks at the former. */
export const withMariadbFlags = (flags: number, mariadb: number): number =>
  (flags >>> 0) + mariadb * 2 ** 32;

export const mariadbFlags = (flags: number): number => Math.floor(flags / 2 ** 32);

/** True when every bit of `bits` is set in `flags`. */
export function has(flags: number, bits: number): boolean {
  return (flags & bits) >>> 0 === bits >>> 0;
}

/** The union of the given sets, as an unsigned number. */
export function combine(...sets: readonly number[]): number {
  let flags = 0;
  for (const set of sets) flags |= set;
  return flags >>> 0;
}

/** `flags` without the given bits, as an unsigned number. */
export function without(flags: number, bits: number): number {
  return (flags & ~bits) >>> 0;
}

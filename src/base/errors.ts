/**
 * Every error that Lockstep itself raises, in one table: a stable code, the MySQL errno and
 * SQLSTATE a client sees, the HTTP status, and what the operator or developer can do.
 * `docs/ERRORS.md` is made from it. Errors of the servers are passed on and are not here.
 */
export const errorTable = {
  access_denied: {
    errno: 1045,
    sqlState: '28000',
    httpStatus: 401,
    remedy: 'Check the user and password against `users` in the configuration.',
  },
  too_many_denied_logins: {
    errno: 1129,
    sqlState: 'HY000',
    httpStatus: 429,
    remedy:
      'Something at this address tries wrong passwords at speed; stop it, then connect again.',
  },
  login_required: {
    errno: 1045,
    sqlState: '28000',
    httpStatus: 401,
    remedy: 'Log in on the page, or send `Authorization: Bearer` with one of `http.tokens`.',
  },
  login_failed: {
    errno: 1045,
    sqlState: '28000',
    httpStatus: 401,
    remedy: 'Check name and password against `http.users` in the configuration.',
  },
  sql_login_required: {
    errno: 1045,
    sqlState: '28000',
    httpStatus: 403,
    remedy:
      'POST /sql-login with a database user and its password, or send them with the request: ' +
      '`"as": {"user": …, "password": …}`.',
  },
  forbidden: {
    errno: 1227,
    sqlState: '42000',
    httpStatus: 403,
    remedy: 'Use an account whose role in the configuration is `admin`.',
  },
  csrf_failed: {
    errno: 1045,
    sqlState: '28000',
    httpStatus: 403,
    remedy: 'Send the header `X-CSRF-Token` with what GET /me shows under `csrf`.',
  },
  tls_required: {
    errno: 3159,
    sqlState: 'HY000',
    httpStatus: 403,
    remedy: 'Let the client use TLS, or set `tls.mode: preferred`.',
  },
  bad_request: {
    errno: 1064,
    sqlState: '42000',
    httpStatus: 400,
    remedy: 'Correct the request as the message says.',
  },
  unreadable_name: {
    errno: 1300,
    sqlState: 'HY000',
    httpStatus: 400,
    remedy: 'Write names in the character set that the session has (`SET NAMES`).',
  },
  empty_query: {
    errno: 1065,
    sqlState: '42000',
    httpStatus: 400,
    remedy: 'Send a statement; the text held only blanks or comments.',
  },
  idempotency_mismatch: {
    errno: 1105,
    sqlState: 'HY000',
    httpStatus: 422,
    remedy: 'Use a new Idempotency-Key for another statement, and the same only to try again.',
  },
  query_timeout: {
    errno: 3024,
    sqlState: 'HY000',
    httpStatus: 504,
    remedy: 'Give it more time (`timeoutMs`), or let it do less; nothing of it took effect.',
  },
  unknown_schema: {
    errno: 1049,
    sqlState: '42000',
    httpStatus: 400,
    remedy: 'The default schema of the session was dropped: USE another.',
  },
  not_found: {
    errno: 1105,
    sqlState: 'HY000',
    httpStatus: 404,
    remedy: 'Use a name that `lockstep nodes`, or GET /nodes, lists.',
  },
  config_invalid: {
    errno: 1105,
    sqlState: 'HY000',
    httpStatus: 400,
    remedy: 'Correct what the message names; in a file, at the line and column it gives.',
  },
  no_node: {
    errno: 1105,
    sqlState: '08S01',
    httpStatus: 503,
    remedy: 'Start a node, or see `lockstep nodes` for why each is out of rotation.',
  },
  not_enough_in_sync: {
    errno: 1105,
    sqlState: '08S01',
    httpStatus: 503,
    remedy: 'Bring nodes back, or lower `min_in_sync`.',
  },
  no_source: {
    errno: 1105,
    sqlState: 'HY000',
    httpStatus: 409,
    remedy: 'Bring another node in sync first (see `lockstep nodes`), then run it again.',
  },
  node_unreachable: {
    errno: 1105,
    sqlState: '08S01',
    httpStatus: 503,
    remedy: 'Start its server, and check that the account in its URL may log in there.',
  },
  nodes_differ: {
    errno: 1105,
    sqlState: 'HY000',
    httpStatus: 409,
    remedy:
      'Say which node has the right data: `lockstep serve … --source <node>`, or ' +
      '`initial_source: <node>` in the configuration. The others become copies of it; ' +
      'what they hold now is lost.',
  },
  server_holds_data: {
    errno: 1105,
    sqlState: 'HY000',
    httpStatus: 409,
    remedy:
      'Add an empty server, or say `--resync` (HTTP: `"resync": true`): it becomes a copy of ' +
      'the others, and what it holds now is lost.',
  },
  log_unavailable: {
    errno: 1105,
    sqlState: '08S01',
    httpStatus: 503,
    remedy: 'Free space on the disk of the command log or repair it; reads go on meanwhile.',
  },
  log_corrupt: {
    errno: 1105,
    sqlState: 'HY000',
    httpStatus: 500,
    remedy:
      'Restore the named segment file from a copy; do not delete it: it may hold the only copy.',
  },
  log_too_new: {
    errno: 1105,
    sqlState: 'HY000',
    httpStatus: 500,
    remedy: 'Run the version of Lockstep that wrote this log, or a newer one; nothing was changed.',
  },
  log_behind_nodes: {
    errno: 1105,
    sqlState: 'HY000',
    httpStatus: 500,
    remedy:
      'Restore the log folder that belongs to these nodes, or start a new cluster on equal nodes.',
  },
  outcome_unknown: {
    errno: 1105,
    sqlState: '08007',
    httpStatus: 503,
    remedy:
      'Bring a node back: it applies what the log has. Look whether the write is there before ' +
      'it is run again.',
  },
  transaction_lost: {
    errno: 1213,
    sqlState: '40001',
    httpStatus: 409,
    remedy: 'Nothing of the transaction took effect; run it again.',
  },
  session_state_lost: {
    errno: 1105,
    sqlState: '08S01',
    httpStatus: 503,
    remedy:
      'Reconnect: the node that held state of this session (temporary tables, locks) is gone.',
  },
  cursor_lost: {
    errno: 1105,
    sqlState: 'HY000',
    httpStatus: 503,
    remedy: 'Execute the statement again: the node that held the rows of its cursor is gone.',
  },
  unsafe_statement: {
    errno: 1105,
    sqlState: '42000',
    httpStatus: 422,
    remedy: 'Rewrite the statement as the message says, so that every node computes the same.',
  },
  unsupported: {
    errno: 1235,
    sqlState: '42000',
    httpStatus: 422,
    remedy: 'See docs/COMPATIBILITY.md for what is supported and the alternative.',
  },
  unknown_command: {
    errno: 1047,
    sqlState: '08S01',
    httpStatus: 400,
    remedy: 'The client sent a protocol command that is not supported; the connection lives on.',
  },
  too_many_sessions: {
    errno: 1040,
    sqlState: '08004',
    httpStatus: 503,
    remedy: 'Raise `limits.sessions`, or close idle clients.',
  },
  too_many_user_sessions: {
    errno: 1203,
    sqlState: '42000',
    httpStatus: 503,
    remedy: 'Raise `limits.sessions_per_user`, or close idle clients of this user.',
  },
  connection_wait_timeout: {
    errno: 1040,
    sqlState: '08004',
    httpStatus: 503,
    remedy:
      'Raise `limits.connections_per_node` (and `max_connections` of the nodes), or ' +
      '`limits.connection_wait`; look for sessions that keep a connection ' +
      '(`lockstep_sessions_pinned`).',
  },
  idle_timeout: {
    errno: 4031,
    sqlState: 'HY000',
    httpStatus: 503,
    remedy: "Reconnect, or raise `limits.idle_timeout` or the session's `wait_timeout`.",
  },
  queue_full: {
    errno: 1041,
    sqlState: 'HY000',
    httpStatus: 503,
    remedy: 'Wait and retry; raise the limit that the message names if this is the normal load.',
  },
  packet_too_large: {
    errno: 1153,
    sqlState: '08S01',
    httpStatus: 413,
    remedy: 'Send less in one statement, or raise `limits.packet_bytes`.',
  },
  file_too_large: {
    errno: 1153,
    sqlState: '08S01',
    httpStatus: 413,
    remedy: 'Load the file in parts, or raise `limits.load_data_bytes`.',
  },
  local_infile_off: {
    errno: 3948,
    sqlState: '42000',
    httpStatus: 422,
    remedy:
      'LOAD DATA LOCAL takes `local_infile=ON` on every node: set it there, also in the ' +
      'configuration of the servers.',
  },
  ddl_wait_timeout: {
    errno: 1205,
    sqlState: 'HY000',
    httpStatus: 503,
    remedy: 'End the open transactions (see `lockstep status`) and run the statement again.',
  },
  packets_out_of_order: {
    errno: 1156,
    sqlState: '08S01',
    httpStatus: 400,
    remedy: 'The client numbers its packets wrongly; the connection was closed.',
  },
  malformed_packet: {
    errno: 1835,
    sqlState: 'HY000',
    httpStatus: 400,
    remedy: 'The peer broke the MySQL protocol; the connection was closed.',
  },
  conflict: {
    errno: 1105,
    sqlState: 'HY000',
    httpStatus: 409,
    remedy: 'The message says what is in the way; `lockstep nodes` shows how each node is.',
  },
  internal: {
    errno: 1105,
    sqlState: 'HY000',
    httpStatus: 500,
    remedy: 'This is a defect in Lockstep; please report it with the log lines around it.',
  },
} as const satisfies Record<
  string,
  { errno: number; sqlState: string; httpStatus: number; remedy: string }
>;

export type ErrorCode = keyof typeof errorTable;

export interface LockstepErrorOptions {
  readonly cause?: unknown;
  /** Of what was asked: the property that is to be corrected, so that a form can show it there. */
  readonly field?: string;
}

export class LockstepError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, options?: LockstepErrorOptions) {
    super(message, options);
    this.name = 'LockstepError';
    this.code = code;
    this.field = options?.field;
  }

  get errno(): number {
    return errorTable[this.code].errno;
  }

  get sqlState(): string {
    return errorTable[this.code].sqlState;
  }

  get httpStatus(): number {
    return errorTable[this.code].httpStatus;
  }

  get remedy(): string {
    return errorTable[this.code].remedy;
  }
}

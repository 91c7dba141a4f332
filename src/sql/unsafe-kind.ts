interface UnsafeReason {
  /** Completes "this statement is not safe to repeat on every node: it …". */
  readonly reason: string;
  readonly remedy: string;
}

/** Every kind of unsafe place, what to say of it, and the way out. */
export const unsafeKinds = {
  uuid: {
    reason: 'calls UUID(), which differs at every call',
    remedy: 'Generate the UUID in the application, or select it first and insert the value.',
  },
  uuid_short: {
    reason: 'calls UUID_SHORT(), which differs on every server',
    remedy: 'Select the value first and insert it.',
  },
  random_bytes: {
    reason: 'calls a function that returns random bytes',
    remedy: 'Generate the bytes in the application, or select them first and insert the value.',
  },
  sysdate: {
    reason: 'calls SYSDATE(), which ignores the time the statement is pinned to',
    remedy: 'Use NOW().',
  },
  connection_id: {
    reason: 'uses the id of a connection, which differs on every server',
    remedy: 'Select CONNECTION_ID() first and use the value.',
  },
  current_user: {
    reason: 'uses the account that runs it, which differs when the statement is repeated',
    remedy: 'Put the account name into the statement.',
  },
  server_variable: {
    reason: 'reads a setting that may differ between servers',
    remedy: 'Select the setting first and use the value.',
  },
  previous_result: {
    reason: 'uses what the connection remembers of the statement before',
    remedy: 'Select the value first and use it.',
  },
  user_lock: {
    reason: 'takes or asks for a lock of GET_LOCK, which one server alone knows',
    remedy: 'Take the lock in a SELECT of its own.',
  },
  load_file: {
    reason: 'reads a file of one server',
    remedy: 'Send the content from the application.',
  },
  sleep: {
    reason: 'waits, and would make every node wait',
    remedy: 'Wait in the application, or in a SELECT of its own.',
  },
  replication_wait: {
    reason: 'waits for a position of one server',
    remedy: 'Wait in a SELECT of its own.',
  },
  row_number: {
    reason: 'numbers rows in the order in which they happen to be met',
    remedy: 'Use ROW_NUMBER() OVER (ORDER BY a unique key).',
  },
  row_order: {
    reason: 'gives a result that depends on the order in which rows happen to be met',
    remedy: 'Select the value first and use it, or give the function an ORDER BY.',
  },
  full_text: {
    reason: 'searches full text, which does not show what the same transaction wrote',
    remedy: 'Select the keys first and name them.',
  },
  limit_without_order: {
    reason: 'has a LIMIT without an ORDER BY, so that each server may choose other rows',
    remedy: 'Add an ORDER BY over a unique key.',
  },
  limit_in_subquery: {
    reason: 'has a LIMIT in a subquery, so that each server may choose other rows',
    remedy: 'Select the rows first and name their keys.',
  },
  variable_assignment: {
    reason: 'assigns a user variable row by row',
    remedy: 'Use a window function, or SET before the statement.',
  },
  skip_locked: {
    reason: 'skips rows that happen to be locked',
    remedy: 'Select the rows with SKIP LOCKED first and name their keys.',
  },
  delayed: {
    reason: 'is executed at a time that the server chooses',
    remedy: 'Leave out DELAYED.',
  },
  information_schema: {
    reason: "reads a server's own tables, which differ between servers",
    remedy: 'Select the values first and use them.',
  },
} as const satisfies Record<string, UnsafeReason>;

export type UnsafeKind = keyof typeof unsafeKinds;

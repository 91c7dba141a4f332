import type { KnownDifference } from './frame/judge.ts';

/**
 * What passes on a server and cannot pass through Lockstep. Each has its line in
 * docs/COMPATIBILITY.md; whoever makes one pass removes it from both.
 */
export const knownDifferences: readonly KnownDifference[] = [
  ...[
    { suite: 'pymysql', test: 'isolation_levels' },
    { suite: 'mysqlclient', test: 'isolation_levels' },
    { suite: 'sqlalchemy-mysqldb', test: 'read_committed' },
    { suite: 'sqlalchemy-pymysql', test: 'read_committed' },
    { suite: 'go-sql-driver', test: 'TestContextBeginIsolationLevel' },
  ].map((one) => ({
    ...one,
    reason: 'READ COMMITTED and READ UNCOMMITTED run at REPEATABLE READ, and say so',
  })),
  ...['pymysql', 'mysqlclient'].map((suite) => ({
    suite,
    test: 'named_locks',
    reason: "IS_USED_LOCK() gives the number of a node's connection",
  })),
  {
    suite: 'go-sql-driver',
    test: /^TestContextCancel(?:Stmt)?(?:Exec|Query)$/,
    sometimes: true,
    reason:
      'the statement of a client that vanishes is ended; a server ends a write and then notices',
  },
];

import type { KnownDifference } from './frame/judge.ts';

/**
 * What passes on a server and cannot pass through Lockstep. Each has its line in
 * docs/COMPATIBILITY.md; whoever makes one pass removes it from both.
 */
export const knownDifferences: readonly KnownDifference[] = [
  ...because('READ COMMITTED and READ UNCOMMITTED run at REPEATABLE READ, and say so', [
    ['pymysql', 'isolation_levels'],
    ['mysqlclient', 'isolation_levels'],
    ['sqlalchemy-mysqldb', 'read_committed'],
    ['sqlalchemy-pymysql', 'read_committed'],
    ['go-sql-driver', 'TestContextBeginIsolationLevel'],
  ]),
  {
    suite: 'mysqlclient',
    test: 'change_user',
    engine: 'mysql',
    reason: "MariaDB's library is not asked for a password that nobody knows yet without TLS",
  },
  {
    suite: 'go-sql-driver',
    test: /^TestContextCancel(?:Stmt)?(?:Exec|Query)$/,
    sometimes: true,
    reason:
      'the statement of a client that vanishes is ended; a server ends a write and then notices',
  },
  ...because('engines that cannot roll back are refused', [
    ['mariadb-client-test', /^test_(?:bug10760|bug14845|bug1500|progress_reporting)$/],
  ]),
  ...because('SET GLOBAL of what sessions begin with and a write depends on is refused', [
    ['mariadb-client-test', 'test_connect_autocommit'],
  ]),
  ...because('a procedure that prepares statements is refused', [
    ['mariadb-client-test', 'test_bug44495'],
  ]),
  ...because('a cursor has a connection to its node for itself, and those are limited', [
    ['mariadb-client-test', 'test_bug21206'],
  ]),
  ...because('DELETE FROM mysql.user is refused: accounts are changed by statements for them', [
    ['mariadb-client-test', 'test_bug31669'],
  ]),
  ...because('a bound date or time that is out of range is taken for the same, but not warned of', [
    ['mariadb-client-test', /^test_datetime_ranges(?:_mdev15289)?$/],
  ]),
  {
    suite: 'mydumper',
    test: /^dumps (?:one moment|and loads) behind locks of tables$/,
    sometimes: true,
    reason: 'LOCK TABLES keeps others from beginning transactions, which it then does beside it',
  },
  {
    suite: 'mariadb-client-test',
    test: /^test_(?:frm_bug|cache_metadata)$/,
    sometimes: true,
    reason: 'it looks into the data folder, or at the counters, of one node',
  },
];

function because(
  reason: string,
  tests: readonly (readonly [suite: string, test: string | RegExp])[],
): KnownDifference[] {
  return tests.map(([suite, test]) => ({ suite, test, reason }));
}

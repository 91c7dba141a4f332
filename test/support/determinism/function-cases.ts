import type { DeterminismCase } from './lab.ts';

const table = 'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(200), n DOUBLE, b VARBINARY(64))';
const filled = [table, "INSERT INTO t VALUES (1,'a',1,''),(2,'b',2,''),(3,'c',3,'')"];

/** `INSERT … VALUES` of one expression: evaluated once, so a literal can stand in its place. */
const inserted = (name: string, expression: string, column = 'v'): DeterminismCase => ({
  name: `${name} in VALUES`,
  setup: [table],
  run: [`INSERT INTO t (id, ${column}) VALUES (1, ${expression})`],
  expect: 'equal',
  shows: ['SELECT COUNT(*) FROM t', 1],
});

/** Functions and variables that differ from node to node, wherever a write can have them. */
export const functionCases: readonly DeterminismCase[] = [
  inserted('UUID()', 'UUID()'),
  inserted('UUID_SHORT()', 'UUID_SHORT()'),
  inserted('RANDOM_BYTES()', 'RANDOM_BYTES(16)', 'b'),
  inserted('CONNECTION_ID()', 'CONNECTION_ID()'),
  inserted('CURRENT_USER', 'CURRENT_USER'),
  inserted('USER()', 'USER()'),
  inserted('VERSION()', 'VERSION()'),
  inserted('DATABASE()', 'DATABASE()'),
  inserted('@@hostname', '@@hostname'),
  inserted('@@server_id', '@@server_id'),
  inserted('@@port', '@@port'),
  inserted('NOW(6)', 'NOW(6)'),
  inserted('SYSDATE(6)', 'SYSDATE(6)'),
  inserted('UTC_TIMESTAMP(6)', 'UTC_TIMESTAMP(6)'),
  inserted('UNIX_TIMESTAMP()', 'UNIX_TIMESTAMP(NOW(6))'),
  inserted('RAND()', 'RAND()', 'n'),
  inserted('RAND(seed)', 'RAND(17)', 'n'),
  inserted('ROW_COUNT()', 'ROW_COUNT()', 'n'),
  inserted('UUID() inside a function', "CONCAT('x-', REPLACE(UUID(), '-', ''))"),
  inserted('a scalar subquery with LIMIT', '(SELECT 5 FROM DUAL LIMIT 1)', 'n'),
  inserted('INTO the same', "CONCAT(UUID(), '/', RAND(), '/', NOW(6), '/', CONNECTION_ID())"),
  {
    name: 'UUID() differs from row to row of VALUES',
    setup: [table],
    run: ['INSERT INTO t (id, v) VALUES (1, UUID()), (2, UUID())'],
    expect: 'equal',
    shows: ['SELECT COUNT(DISTINCT v) FROM t', 2],
  },
  {
    name: 'UUID() in REPLACE and INSERT … SET',
    setup: [table],
    run: ['REPLACE INTO t (id, v) VALUES (1, UUID())', 'INSERT INTO t SET id = 2, v = UUID()'],
    expect: 'equal',
    shows: ['SELECT COUNT(*) FROM t WHERE LENGTH(v) = 36', 2],
  },
  {
    name: 'UUID() in ON DUPLICATE KEY UPDATE of one row',
    setup: filled,
    run: ["INSERT INTO t (id, v) VALUES (1, 'x') ON DUPLICATE KEY UPDATE v = UUID()"],
    expect: 'equal',
    shows: ['SELECT COUNT(*) FROM t WHERE LENGTH(v) = 36', 1],
  },
  {
    name: 'UUID() in ON DUPLICATE KEY UPDATE of several rows',
    setup: filled,
    run: ["INSERT INTO t (id, v) VALUES (1, 'x'), (2, 'y') ON DUPLICATE KEY UPDATE v = UUID()"],
    expect: 'refused',
  },
  {
    name: 'UUID() for every row of an UPDATE',
    setup: filled,
    run: ['UPDATE t SET v = UUID(), n = n + 1'],
    expect: 'equal',
    shows: ['SELECT COUNT(DISTINCT v) FROM t WHERE LENGTH(v) = 36', 3],
  },
  {
    name: 'RAND() for every row of an UPDATE',
    setup: filled,
    run: ['UPDATE t SET n = RAND()'],
    expect: 'equal',
    shows: ['SELECT COUNT(DISTINCT n) FROM t', 3],
  },
  {
    name: 'RAND() choosing the rows of a DELETE',
    setup: filled,
    run: ['DELETE FROM t WHERE RAND() < 0.5'],
    expect: 'equal',
  },
  {
    name: 'ORDER BY RAND() LIMIT in a DELETE',
    setup: filled,
    run: ['DELETE FROM t ORDER BY RAND() LIMIT 1'],
    expect: 'equal',
    shows: ['SELECT COUNT(*) FROM t', 2],
  },
  {
    name: 'CONNECTION_ID() in an UPDATE and its condition',
    setup: filled,
    run: ['UPDATE t SET n = CONNECTION_ID() WHERE id < CONNECTION_ID()'],
    expect: 'equal',
    shows: ['SELECT COUNT(*) FROM t WHERE n > 3', 3],
  },
  {
    name: 'user variables read in a write',
    setup: filled,
    run: [
      "SET @a = 7, @b = 'häß', @c = 1.50, @d = 1e3, @e = NULL, @f = X'00FF', @g = NOW(6)",
      'INSERT INTO t VALUES (@a, @b, @c, @f)',
      'INSERT INTO t VALUES (@a + 1, @g, @d, @e)',
      'SELECT v INTO @h FROM t WHERE id = 2',
      'UPDATE t SET v = CONCAT(@h, @never_set) WHERE id = 1',
      'UPDATE t SET v = CONCAT(@h, @a) WHERE id = 3',
    ],
    expect: 'equal',
    shows: ['SELECT v FROM t WHERE id = 3', 'b7'],
  },
  {
    name: 'user variables that were never set',
    setup: [...filled, 'CREATE TABLE texts (id INT PRIMARY KEY, v VARCHAR(50))'],
    run: [
      'INSERT INTO texts VALUES (1, HEX(COALESCE(@nosuch, 0) + 0.5))',
      'INSERT INTO texts SELECT 2, HEX(COALESCE(@Another, 0) + 0.5)',
      'UPDATE texts SET v = CONCAT(v, HEX(COALESCE(@third, 0) + 0.5)) WHERE id = 1',
      'CREATE TABLE made AS SELECT HEX(COALESCE(@fourth, 0) + 0.5) AS v',
    ],
    expect: 'equal',
  },
  {
    name: 'user variables assigned in an UPDATE',
    setup: filled,
    run: ['SET @n = 0', 'UPDATE t SET n = (@n := @n + 1) ORDER BY id'],
    expect: 'refused',
  },
  {
    name: 'LAST_INSERT_ID() in a write',
    setup: [
      'CREATE TABLE p (id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
      'CREATE TABLE c (id INT AUTO_INCREMENT PRIMARY KEY, p INT)',
    ],
    run: [
      'INSERT INTO p (v) VALUES (1), (2)',
      'INSERT INTO c (p) VALUES (LAST_INSERT_ID())',
      'INSERT INTO c (p) VALUES (LAST_INSERT_ID() + 10)',
      'UPDATE p SET v = LAST_INSERT_ID(v + 40) WHERE id = 2',
      'INSERT INTO c (p) VALUES (LAST_INSERT_ID())',
    ],
    expect: 'equal',
    shows: ['SELECT GROUP_CONCAT(p ORDER BY id) FROM c', '1,11,42'],
  },
  {
    name: 'GET_LOCK in a write',
    setup: filled,
    run: ['UPDATE t SET n = GET_LOCK(v, 0)'],
    expect: 'refused',
  },
  {
    name: 'LOAD_FILE in a write',
    setup: filled,
    run: ["UPDATE t SET v = LOAD_FILE(CONCAT('/etc/', v))"],
    expect: 'refused',
  },
  {
    name: 'SLEEP in a write',
    setup: filled,
    run: ['UPDATE t SET n = SLEEP(0.01)'],
    expect: 'refused',
  },
  {
    name: 'information_schema in an INSERT … SELECT',
    setup: [table],
    run: [
      'INSERT INTO t (id, v) ' +
        'SELECT 1, MAX(VARIABLE_VALUE) FROM performance_schema.session_variables',
    ],
    expect: 'equal',
    only: 'mysql',
  },
  {
    name: 'information_schema in a subquery of an UPDATE',
    setup: filled,
    run: ['UPDATE t SET n = (SELECT COUNT(*) FROM information_schema.PROCESSLIST)'],
    expect: 'equal',
  },
  {
    name: 'column default UUID()',
    setup: [
      'CREATE TABLE d (id INT AUTO_INCREMENT PRIMARY KEY, u VARCHAR(36) DEFAULT (UUID()), v INT)',
    ],
    run: [
      'INSERT INTO d (v) VALUES (1), (2)',
      'INSERT INTO d SET v = 3',
      'INSERT INTO d (u, v) VALUES (DEFAULT, 4)',
      'INSERT INTO d VALUES (NULL, DEFAULT, 5)',
      'INSERT INTO d () VALUES ()',
      'INSERT INTO d (v) SELECT v + 10 FROM d ORDER BY id',
    ],
    expect: 'equal',
    shows: ['SELECT COUNT(DISTINCT u) FROM d', 12],
  },
  {
    name: 'column default RAND()',
    setup: ['CREATE TABLE d (id INT PRIMARY KEY, r DOUBLE DEFAULT (RAND()))'],
    run: ['INSERT INTO d (id) VALUES (1), (2)', 'INSERT INTO d (id) SELECT id + 10 FROM d'],
    expect: 'equal',
    shows: ['SELECT COUNT(DISTINCT r) FROM d', 4],
  },
  {
    name: 'column default and ON UPDATE of the time',
    setup: [
      'CREATE TABLE d (id INT PRIMARY KEY, v INT, c DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6), ' +
        'u TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6))',
    ],
    run: [
      'INSERT INTO d (id, v) VALUES (1, 1), (2, 2)',
      'UPDATE d SET v = v + 1',
      'INSERT INTO d (id, v) VALUES (1, 9) ON DUPLICATE KEY UPDATE v = 9',
      'REPLACE INTO d (id, v) VALUES (2, 9)',
    ],
    expect: 'equal',
    shows: ['SELECT SUM(v) FROM d', 18],
  },
  {
    name: 'a view that calls UUID()',
    setup: [table, 'CREATE VIEW w AS SELECT UUID() AS u'],
    run: ['INSERT INTO t (id, v) SELECT 1, u FROM w'],
    expect: 'equal',
    shows: ['SELECT COUNT(*) FROM t', 1],
  },
  {
    name: 'prepared UUID() beside parameters',
    setup: [table],
    run: [
      ['INSERT INTO t (id, v) VALUES (?, CONCAT(?, UUID()))', [1, "it's"]],
      ['UPDATE t SET v = CONCAT(?, UUID()) WHERE id = ?', ['x', 1]],
    ],
    expect: 'equal',
    shows: ['SELECT LENGTH(v) FROM t', 37],
  },
];

import type { DeterminismCase } from './lab.ts';

const filled = [
  'CREATE TABLE t (id INT PRIMARY KEY, v INT)',
  'INSERT INTO t VALUES (1, 10), (2, 20), (3, 30)',
  'CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(40))',
];
const procedure = (body: string, parameters = ''): string =>
  `CREATE PROCEDURE p(${parameters}) ${body}`;

/** A CALL whose procedure holds this is refused, and nothing of it has run. */
const refused = (name: string, body: string): DeterminismCase => ({
  name: `CALL of ${name}`,
  setup: [...filled, procedure(`BEGIN UPDATE t SET v = 0 WHERE id = 1; ${body}; END`)],
  run: ['CALL p()'],
  expect: 'refused',
  shows: ['SELECT v FROM t WHERE id = 1', 10],
});

/** Procedures, and ids that programs generate. */
export const callCases: readonly DeterminismCase[] = [
  {
    name: 'CALL of a procedure that writes and selects',
    setup: [
      ...filled,
      procedure(
        'BEGIN UPDATE t SET v = v + by_how_much; SELECT * FROM t; DELETE FROM t WHERE id = 3; ' +
          'INSERT INTO t VALUES (9, (SELECT COUNT(*) FROM log)); SELECT COUNT(*) AS n FROM t; END',
        'by_how_much INT',
      ),
    ],
    run: [
      'CALL p(5)',
      ['CALL p(?)', [7]],
      'SET autocommit = 0',
      'UPDATE t SET v = 100 WHERE id = 1',
      'ROLLBACK',
    ],
    expect: 'equal',
    errors: [1062],
    shows: ['SELECT GROUP_CONCAT(v ORDER BY id) FROM t', '15,25,0'],
  },
  {
    name: 'CALL with OUT and INOUT parameters',
    setup: [
      ...filled,
      procedure(
        'BEGIN UPDATE t SET v = v + a WHERE id = 1; SET b = a * 2, c = c + 1; ' +
          'SET @seen = CONCAT(a, c); END',
        'a INT, OUT b INT, INOUT c INT',
      ),
    ],
    run: [
      'SET @c = 4',
      'CALL p(1, @b, @c)',
      'INSERT INTO t VALUES (10, @b), (11, @c), (12, @seen)',
      ['CALL p(?, ?, ?)', [2, 0, 40]],
      'BEGIN',
      'CALL p(3, @b, @c)',
      'INSERT INTO t VALUES (20, @b), (21, @c), (22, @seen)',
      'COMMIT',
    ],
    expect: 'equal',
    shows: ['SELECT GROUP_CONCAT(v ORDER BY id) FROM t', '16,20,30,2,5,15,6,6,36'],
  },
  {
    name: 'CALL that fails half-way, alone and in a transaction',
    setup: [
      ...filled,
      procedure(
        'BEGIN UPDATE t SET v = v + 1; SET @half = 5; INSERT INTO t VALUES (2, 2); ' +
          'UPDATE t SET v = 0; END',
      ),
    ],
    run: [
      'CALL p()',
      'BEGIN',
      'UPDATE t SET v = v * 2 WHERE id = 3',
      'CALL p()',
      'INSERT INTO t VALUES (4, COALESCE(@half, 7))',
      'COMMIT',
    ],
    expect: 'equal',
    errors: [1062],
    shows: ['SELECT GROUP_CONCAT(v ORDER BY id) FROM t', '10,20,60,7'],
  },
  {
    name: 'CALL of procedures that call each other, functions, loops and cursors',
    setup: [
      ...filled,
      'CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC NO SQL RETURN x * 2',
      'CREATE PROCEDURE q(x INT) UPDATE t SET v = v + twice(x)',
      procedure(
        'BEGIN DECLARE done, k INT DEFAULT 0; ' +
          'DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id; ' +
          'DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = 1; ' +
          'OPEN c; walk: LOOP FETCH c INTO k; IF done THEN LEAVE walk; END IF; ' +
          'CALL q(k); END LOOP; CLOSE c; ' +
          'WHILE k < 5 DO SET k = k + 1; UPDATE t SET v = v + 1 WHERE id = k; END WHILE; END',
      ),
    ],
    run: ['CALL p()'],
    expect: 'equal',
    shows: ['SELECT GROUP_CONCAT(v ORDER BY id) FROM t', '22,32,42'],
  },
  {
    name: 'CALL that only reads, of anything',
    setup: [
      ...filled,
      procedure(
        'BEGIN SELECT UUID(), RAND(), v FROM t LIMIT 1; SELECT COUNT(*) INTO n FROM t; END',
        'OUT n INT',
      ),
    ],
    run: ['CALL p(@n)', 'INSERT INTO t VALUES (4, @n)', 'CALL missing()'],
    expect: 'equal',
    errors: [1305],
    shows: ['SELECT v FROM t WHERE id = 4', 3],
  },
  {
    name: 'CALL with arguments that differ on every node',
    setup: [...filled, procedure('UPDATE t SET v = LENGTH(x), id = id + 100', 'x VARCHAR(80)')],
    run: ['CALL p(UUID())', 'CALL p(CONCAT(UUID(), UUID()))'],
    expect: 'equal',
    shows: ['SELECT MIN(v) FROM t', 72],
  },
  {
    name: 'CALL of a procedure that generates ids',
    setup: [
      ...filled,
      procedure(
        "BEGIN INSERT INTO log (what) VALUES ('a'), ('b'); " +
          'UPDATE t SET v = LAST_INSERT_ID() WHERE id = 1; ' +
          "INSERT INTO log (what) VALUES ('c'); END",
      ),
    ],
    run: [
      'CALL p()',
      'BEGIN',
      "INSERT INTO log (what) VALUES ('lost')",
      'ROLLBACK',
      'CALL p()',
      'INSERT INTO log (what) VALUES (LAST_INSERT_ID())',
    ],
    expect: 'equal',
    shows: ['SELECT v FROM t WHERE id = 1', 5],
  },
  {
    name: 'CALL in a transaction of a procedure that generates ids',
    setup: [...filled, procedure("INSERT INTO log (what) VALUES ('a')")],
    run: ['BEGIN', 'CALL p()', 'COMMIT'],
    expect: 'refused',
    shows: ['SELECT COUNT(*) FROM log', 0],
  },
  {
    name: 'triggers that generate ids, outside a transaction',
    setup: [
      ...filled,
      'CREATE TRIGGER au AFTER UPDATE ON t FOR EACH ROW INSERT INTO log (what) VALUES (NEW.v)',
      "CREATE TRIGGER ai AFTER INSERT ON t FOR EACH ROW INSERT INTO log (what) VALUES ('new')",
      'CREATE TABLE own (id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
      'CREATE TRIGGER bi BEFORE INSERT ON own FOR EACH ROW INSERT INTO log (what) VALUES (NEW.v)',
    ],
    run: [
      'UPDATE t SET v = v + 1',
      'INSERT INTO t VALUES (7, 7), (8, 8)',
      'INSERT INTO t SELECT id + 50, v FROM t',
      'INSERT INTO t VALUES (7, 70) ON DUPLICATE KEY UPDATE v = 71',
      'INSERT INTO t VALUES (100, 1), (1, 1)',
      'UPDATE t SET v = v + 1 WHERE id < 3',
      'INSERT INTO own (v) VALUES (1), (2)',
      'INSERT INTO own (v) VALUES (LAST_INSERT_ID())',
    ],
    expect: 'equal',
    errors: [1062],
    shows: ['SELECT COUNT(*) FROM log', 16],
  },
  {
    name: 'a function that generates ids',
    setup: [
      ...filled,
      'CREATE FUNCTION numbered(x INT) RETURNS INT MODIFIES SQL DATA ' +
        'BEGIN INSERT INTO log (what) VALUES (x); RETURN LAST_INSERT_ID(); END',
    ],
    run: ['SELECT numbered(1)', 'DO numbered(2)', 'INSERT INTO t VALUES (50, 1)'],
    expect: 'equal',
    shows: ['SELECT GROUP_CONCAT(id ORDER BY id) FROM log', '1,2'],
  },
  {
    name: 'a function that generates ids for rows in no order',
    setup: [
      ...filled,
      'CREATE FUNCTION counted(x INT) RETURNS INT MODIFIES SQL DATA ' +
        'BEGIN INSERT INTO log (what) VALUES (x); RETURN 1; END',
    ],
    run: ['SELECT counted(v) FROM t'],
    expect: 'refused',
    shows: ['SELECT COUNT(*) FROM log', 0],
  },
  {
    name: 'a trigger that goes on after errors, in a transaction',
    setup: [
      ...filled,
      'CREATE TRIGGER au AFTER UPDATE ON t FOR EACH ROW BEGIN ' +
        'DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END; ' +
        'DELETE FROM log WHERE id = NEW.v; END',
    ],
    run: ['UPDATE t SET v = 6', 'BEGIN', 'UPDATE t SET v = 5', 'COMMIT'],
    expect: 'refused',
    shows: ['SELECT MAX(v) FROM t', 6],
  },
  refused('COMMIT', 'COMMIT'),
  refused('START TRANSACTION', 'START TRANSACTION'),
  refused('a savepoint', 'SAVEPOINT x'),
  refused('DDL', 'CREATE TABLE x (i INT)'),
  refused('TRUNCATE', 'TRUNCATE log'),
  refused('a temporary table', 'CREATE TEMPORARY TABLE x (i INT)'),
  refused('a session setting', "SET sql_mode = ''"),
  refused('a setting in full', 'SET @@session.foreign_key_checks = 0'),
  refused('dynamic SQL', "PREPARE s FROM 'DELETE FROM t'; EXECUTE s"),
  refused('UUID() in a write', 'INSERT INTO log (what) VALUES (UUID())'),
  refused('RAND() in a write', 'UPDATE t SET v = RAND() * 100'),
  refused('LIMIT', 'DELETE FROM t LIMIT 1'),
  refused('ROW_COUNT()', 'INSERT INTO t VALUES (50, ROW_COUNT())'),
  refused('INSERT … SELECT that numbers rows', 'INSERT INTO log (what) SELECT v FROM t'),
  refused('a variable assigned row by row', 'SELECT @n := v FROM t'),
  refused('GET_LOCK', "DO GET_LOCK('x', 0)"),
  refused(
    'the servers’ own tables',
    'INSERT INTO t SELECT 60, COUNT(*) FROM information_schema.PROCESSLIST',
  ),
  {
    name: 'a block outside a procedure',
    only: 'mariadb',
    setup: filled,
    run: ['BEGIN NOT ATOMIC UPDATE t SET v = 0; END'],
    expect: 'refused',
    shows: ['SELECT MIN(v) FROM t', 10],
  },
];

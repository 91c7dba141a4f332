import type { DeterminismCase } from './lab.ts';

const text = [
  'CREATE TABLE d (id INT PRIMARY KEY, body TEXT, score DOUBLE, FULLTEXT (body))',
  "INSERT INTO d VALUES (1, 'apple pear', 0), (2, 'apple apple', 0), (3, 'plum', 0)",
];
const versioned = 'CREATE TABLE v (id INT PRIMARY KEY, x INT) WITH SYSTEM VERSIONING';

/** What only some tables have: full text, places, history, sequences. */
export const engineCases: readonly DeterminismCase[] = [
  {
    name: 'what is refused is refused behind SET STATEMENT',
    run: ['SET STATEMENT max_statement_time=9 FOR DELETE FROM lockstep.applied WHERE seq = 0'],
    expect: 'refused',
    only: 'mariadb',
  },
  {
    name: 'ids that are given behind SET STATEMENT, in a transaction',
    setup: ['CREATE TABLE g (id INT AUTO_INCREMENT PRIMARY KEY, v INT)'],
    run: [
      'BEGIN',
      'SET STATEMENT max_statement_time=9 FOR INSERT INTO g (id, v) VALUES (5, 1), (7, 2)',
      'COMMIT',
    ],
    expect: 'equal',
    only: 'mariadb',
    shows: ['SELECT SUM(id) FROM g', 12],
  },
  {
    name: 'full-text search in writes',
    setup: text,
    run: [
      "UPDATE d SET score = MATCH (body) AGAINST ('apple')",
      "INSERT INTO d VALUES (4, 'apple tree', 0)",
      "UPDATE d SET score = 9 WHERE MATCH (body) AGAINST ('tree')",
      "DELETE FROM d WHERE MATCH (body) AGAINST ('+plum' IN BOOLEAN MODE)",
      'CREATE TABLE c (id INT PRIMARY KEY, score DOUBLE)',
      "INSERT INTO c SELECT id, MATCH (body) AGAINST ('pear apple') FROM d",
      "INSERT INTO c VALUES (99, (SELECT COUNT(*) FROM d WHERE MATCH (body) AGAINST ('apple')))",
    ],
    expect: 'equal',
    shows: ['SELECT score FROM d WHERE id = 4', 9],
  },
  {
    name: 'a trigger and a function that search full text',
    setup: [
      ...text,
      'CREATE TABLE c (n INT)',
      'CREATE FUNCTION f() RETURNS INT MODIFIES SQL DATA BEGIN ' +
        "UPDATE d SET score = 5 WHERE MATCH (body) AGAINST ('apple'); RETURN 1; END",
    ],
    run: [
      'CREATE TRIGGER g AFTER INSERT ON c FOR EACH ROW ' +
        "UPDATE d SET score = 5 WHERE MATCH (body) AGAINST ('apple')",
      'INSERT INTO c VALUES (f())',
    ],
    expect: 'refused',
    shows: ['SELECT COUNT(*) FROM c', 0],
  },
  {
    name: 'places',
    setup: ['CREATE TABLE g (id INT PRIMARY KEY, p POINT NOT NULL, SPATIAL INDEX (p))'],
    run: [
      "INSERT INTO g VALUES (1, ST_GeomFromText('POINT(1 2)')), (2, POINT(0.1, 0.3))",
      "UPDATE g SET p = ST_GeomFromText('POINT(3 4)') WHERE ST_X(p) = 1",
      'INSERT INTO g SELECT id + 10, p FROM g LIMIT 5',
      'DELETE FROM g WHERE ST_Y(p) > 3 LIMIT 1',
    ],
    expect: 'equal',
    shows: ['SELECT COUNT(*) FROM g', 3],
  },
  {
    name: 'MariaDB: tables that keep their history',
    only: 'mariadb',
    setup: [versioned],
    run: [
      'INSERT INTO v VALUES (1, 1), (2, 2)',
      'UPDATE v SET x = x + 1',
      'BEGIN',
      'UPDATE v SET x = 7 WHERE id = 1',
      'UPDATE v SET x = 8 WHERE id = 1',
      'COMMIT',
      'DELETE FROM v WHERE id = 2',
      'REPLACE INTO v VALUES (1, 9)',
      'INSERT INTO v VALUES (1, 10) ON DUPLICATE KEY UPDATE x = VALUES(x)',
      'CREATE TABLE h AS SELECT id, x, ROW_START AS s, ROW_END AS e FROM v FOR SYSTEM_TIME ALL',
      'DELETE HISTORY FROM v BEFORE SYSTEM_TIME NOW(6)',
      'CREATE TABLE i AS SELECT id, x, ROW_START AS s, ROW_END AS e FROM v FOR SYSTEM_TIME ALL',
      'ALTER TABLE v DROP SYSTEM VERSIONING',
      'ALTER TABLE v ADD SYSTEM VERSIONING',
      'CREATE TABLE j AS SELECT id, x, ROW_START AS s, ROW_END AS e FROM v FOR SYSTEM_TIME ALL',
    ],
    expect: 'equal',
    errors: [4119],
    shows: ['SELECT COUNT(*) > 5 FROM h', 1],
  },
  {
    name: 'MariaDB: history by transaction number',
    only: 'mariadb',
    setup: [
      'CREATE TABLE v (id INT PRIMARY KEY, s BIGINT UNSIGNED GENERATED ALWAYS AS ROW START, ' +
        'e BIGINT UNSIGNED GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) ' +
        'WITH SYSTEM VERSIONING',
    ],
    run: ['INSERT INTO v (id) VALUES (1)'],
    expect: 'refused',
    shows: ['SELECT COUNT(*) FROM v', 0],
  },
  {
    name: 'MariaDB: a table of periods',
    only: 'mariadb',
    setup: [
      'CREATE TABLE q (id INT, a DATE, b DATE, PERIOD FOR p (a, b), ' +
        'UNIQUE (id, p WITHOUT OVERLAPS))',
      "INSERT INTO q VALUES (1, '2020-01-01', '2020-12-31'), (2, '2020-01-01', '2020-12-31')",
    ],
    run: [
      "UPDATE q FOR PORTION OF p FROM '2020-03-01' TO '2020-04-01' SET id = id + 10",
      "DELETE FROM q FOR PORTION OF p FROM '2020-06-01' TO '2020-07-01'",
    ],
    expect: 'equal',
    shows: ['SELECT COUNT(*) FROM q', 8],
  },
  {
    name: 'MariaDB: a table of periods whose new rows get generated ids',
    only: 'mariadb',
    setup: [
      'CREATE TABLE q (n INT AUTO_INCREMENT PRIMARY KEY, a DATE, b DATE, PERIOD FOR p (a, b))',
      "INSERT INTO q (a, b) VALUES ('2020-01-01', '2020-12-31'), ('2020-01-01', '2020-12-31')",
    ],
    run: ["DELETE FROM q FOR PORTION OF p FROM '2020-06-01' TO '2020-07-01'"],
    expect: 'refused',
    shows: ['SELECT COUNT(*) FROM q', 2],
  },
  {
    name: 'MariaDB: sequences in UPDATE, ON DUPLICATE KEY, transactions and by name',
    only: 'mariadb',
    setup: [
      'CREATE SEQUENCE s START WITH 10 INCREMENT BY 5 CACHE 3',
      'CREATE SEQUENCE c MINVALUE 1 MAXVALUE 4 CYCLE NOCACHE',
      'CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT)',
      'INSERT INTO t VALUES (1, 0), (2, 0), (3, 0)',
    ],
    run: [
      'UPDATE t SET v = NEXTVAL(s)',
      'UPDATE t SET v = NEXT VALUE FOR s WHERE id = 2',
      'INSERT INTO t VALUES (1, 0) ON DUPLICATE KEY UPDATE v = NEXTVAL(s)',
      'BEGIN',
      'SELECT NEXTVAL(s), NEXTVAL(c)',
      'INSERT INTO t VALUES (NEXTVAL(s), 7)',
      'SAVEPOINT a',
      'SELECT NEXTVAL(s)',
      'ROLLBACK TO a',
      'COMMIT',
      'DO NEXTVAL(c)',
      'SELECT NEXTVAL(c), NEXTVAL(c), NEXTVAL(c)',
      'DO SETVAL(s, 1000, 0)',
      'DELETE FROM t WHERE v < NEXTVAL(s) LIMIT 1',
      'REPLACE INTO t SELECT NEXTVAL(s), v FROM t',
      'ALTER SEQUENCE s RESTART 5000 INCREMENT BY 2',
      'INSERT INTO t VALUES (NEXTVAL(s), 5)',
      'DROP SEQUENCE c',
    ],
    expect: 'equal',
    shows: ['SELECT MAX(id) FROM t', 5000],
  },
  {
    name: 'MariaDB: SET and SELECT INTO that take from a sequence',
    only: 'mariadb',
    setup: ['CREATE SEQUENCE s', 'CREATE TABLE t (id BIGINT PRIMARY KEY)'],
    run: ['SET @x = NEXTVAL(s)', 'SELECT NEXTVAL(s) INTO @y', 'INSERT INTO t VALUES (@x)'],
    expect: 'refused',
    errors: [1048],
    shows: ['SELECT COUNT(*) FROM t', 0],
  },
  {
    name: 'MariaDB: LASTVAL in a write',
    only: 'mariadb',
    setup: ['CREATE SEQUENCE s', 'CREATE TABLE t (id BIGINT PRIMARY KEY)'],
    run: ['SELECT NEXTVAL(s)', 'INSERT INTO t VALUES (LASTVAL(s))'],
    expect: 'refused',
    shows: ['SELECT COUNT(*) FROM t', 0],
  },
  {
    name: 'MariaDB: RETURNING of everything',
    only: 'mariadb',
    setup: [
      'CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(40), n DOUBLE)',
      "INSERT INTO t (v) VALUES ('a'), ('b'), ('c')",
    ],
    run: [
      "INSERT INTO t (v) VALUES (UUID()), ('d') RETURNING id, v, UUID()",
      "REPLACE INTO t SELECT id, 'e', RAND() FROM t LIMIT 2 RETURNING *",
      "INSERT INTO t VALUES (1, 'z', 1) ON DUPLICATE KEY UPDATE v = 'y' RETURNING id, v",
      'DELETE FROM t WHERE id < 3 RETURNING id, CONCAT(v, UUID())',
      'DELETE FROM t LIMIT 1 RETURNING *',
    ],
    expect: 'equal',
    shows: ['SELECT COUNT(*) FROM t', 2],
  },
  {
    name: 'MySQL: INSERT … AS new, VALUES ROW, TABLE, JSON_TABLE',
    only: 'mysql',
    setup: [
      'CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, k INT UNIQUE, v VARCHAR(40))',
      "INSERT INTO t (k, v) VALUES (1, 'a'), (2, 'b')",
      'CREATE TABLE u (a INT AUTO_INCREMENT PRIMARY KEY, b INT UNIQUE, c VARCHAR(40))',
    ],
    run: [
      "INSERT INTO t (k, v) VALUES (1, 'x'), (3, 'c') AS new ON DUPLICATE KEY UPDATE v = new.v",
      'INSERT INTO t (k, v) VALUES (1, UUID()) AS n (a, b) ON DUPLICATE KEY UPDATE v = n.b',
      "INSERT INTO t (k, v) SET k = 2, v = 'q' AS n ON DUPLICATE KEY UPDATE v = n.v",
      "INSERT INTO t SET k = 2, v = 'q' AS n ON DUPLICATE KEY UPDATE v = CONCAT(n.v, t.v)",
      "INSERT INTO t (k, v) VALUES ROW(7, 'r'), ROW(8, UUID())",
      'INSERT INTO u TABLE t',
      'REPLACE INTO u TABLE t ORDER BY id LIMIT 1',
      'INSERT INTO u (b) SELECT j.x + 50 FROM ' +
        `JSON_TABLE('[1,2,3]', '$[*]' COLUMNS (x INT PATH '$')) AS j`,
      'INSERT INTO u (b, c) SELECT * FROM (VALUES ROW(80, UUID()), ROW(81, UUID())) AS w',
    ],
    expect: 'equal',
    errors: [1064],
    shows: ['SELECT COUNT(*) FROM u', 10],
  },
  {
    name: 'MySQL: WITH before UPDATE and DELETE',
    only: 'mysql',
    setup: [
      'CREATE TABLE t (id INT PRIMARY KEY, v INT)',
      'INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)',
    ],
    run: [
      'WITH x AS (SELECT MAX(v) AS m FROM t) UPDATE t SET v = (SELECT m FROM x) WHERE id = 1',
      'WITH x AS (SELECT 2 AS i) DELETE FROM t WHERE id IN (SELECT i FROM x)',
    ],
    expect: 'equal',
    shows: ['SELECT SUM(v) FROM t', 6],
  },
  {
    name: 'MySQL: WITH … LIMIT before UPDATE and DELETE',
    only: 'mysql',
    setup: [
      'CREATE TABLE t (id INT PRIMARY KEY, v INT)',
      'INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)',
    ],
    run: ['WITH x AS (SELECT id FROM t LIMIT 1) DELETE FROM t WHERE id IN (SELECT id FROM x)'],
    expect: 'refused',
    shows: ['SELECT COUNT(*) FROM t', 3],
  },
];

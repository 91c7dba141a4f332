import type { DeterminismCase } from './lab.ts';

const filled = [
  'CREATE TABLE t (id INT PRIMARY KEY, v INT)',
  'INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)',
];
const partitioned =
  'CREATE TABLE p (id INT PRIMARY KEY, v INT) PARTITION BY RANGE (id) ' +
  '(PARTITION a VALUES LESS THAN (10), PARTITION b VALUES LESS THAN (20))';

/** DDL of every kind. */
export const definitionCases: readonly DeterminismCase[] = [
  {
    name: 'CREATE … LIKE and IF NOT EXISTS',
    setup: filled,
    run: [
      'CREATE TABLE u LIKE t',
      'CREATE TABLE IF NOT EXISTS u (x INT)',
      'CREATE TABLE IF NOT EXISTS u AS SELECT 9 AS id, 9 AS v',
      'CREATE TABLE u LIKE t',
      'DROP TABLE IF EXISTS missing',
      'CREATE TABLE n (d DATETIME(6) DEFAULT NOW(6), i INT DEFAULT 5 COMMENT "é")',
      'INSERT INTO n () VALUES ()',
    ],
    expect: 'equal',
    errors: [1050],
    shows: ['SELECT COUNT(*) FROM n', 1],
  },
  {
    name: 'MariaDB: OR REPLACE, IF EXISTS and IF NOT EXISTS in every place',
    only: 'mariadb',
    setup: filled,
    run: [
      'CREATE OR REPLACE TABLE u (id INT PRIMARY KEY, v INT DEFAULT 4)',
      'CREATE OR REPLACE TABLE u AS SELECT id, v FROM t ORDER BY id',
      'CREATE OR REPLACE VIEW w AS SELECT id FROM t',
      'CREATE OR REPLACE FUNCTION f() RETURNS INT RETURN 1',
      'CREATE OR REPLACE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 8',
      'CREATE OR REPLACE SEQUENCE s START WITH 5',
      'ALTER TABLE t ADD COLUMN IF NOT EXISTS v INT, ADD INDEX IF NOT EXISTS i (v)',
      'ALTER TABLE IF EXISTS missing ADD COLUMN x INT',
      'ALTER TABLE t DROP COLUMN IF EXISTS nothing, DROP INDEX IF EXISTS nothing',
      'CREATE INDEX IF NOT EXISTS i ON t (v)',
      'DROP INDEX IF EXISTS i ON t',
      'RENAME TABLE IF EXISTS missing TO found',
      'INSERT INTO t VALUES (9, 0)',
      'DROP TABLE IF EXISTS u',
    ],
    expect: 'equal',
    shows: ['SELECT v FROM t WHERE id = 9', 8],
  },
  {
    name: 'partitions',
    setup: [partitioned, 'INSERT INTO p VALUES (1, 1), (2, 2), (11, 3)', ...filled],
    run: [
      'ALTER TABLE p ADD PARTITION (PARTITION c VALUES LESS THAN (30))',
      'INSERT INTO p PARTITION (c) VALUES (21, 4)',
      'ALTER TABLE p TRUNCATE PARTITION b',
      'ALTER TABLE p REORGANIZE PARTITION a, b INTO (PARTITION d VALUES LESS THAN (20))',
      'ALTER TABLE p DROP PARTITION c',
      'ALTER TABLE p EXCHANGE PARTITION d WITH TABLE t',
      'DELETE FROM p PARTITION (d) LIMIT 1',
      'ALTER TABLE p COALESCE PARTITION 1',
      'ALTER TABLE p REMOVE PARTITIONING',
      'UPDATE p SET v = v + 1 LIMIT 1',
    ],
    expect: 'equal',
    errors: [1509],
    shows: ['SELECT COUNT(*) FROM p', 2],
  },
  {
    name: 'ALTER of a table with many rows',
    setup: [
      'CREATE TABLE b (id INT PRIMARY KEY, v VARCHAR(100))',
      'INSERT INTO b WITH RECURSIVE n (i) AS ' +
        '(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) ' +
        "SELECT i, REPEAT('x', 90) FROM n",
      'INSERT INTO b SELECT x.id * 1000 + y.id, x.v FROM b AS x JOIN b AS y ON y.id < 20 ' +
        'WHERE x.id > 20',
    ],
    run: [
      'ALTER TABLE b ADD COLUMN n INT NOT NULL DEFAULT 7, ADD KEY (v), ALGORITHM=COPY',
      'ALTER TABLE b ADD COLUMN at DATETIME(6) DEFAULT NOW(6)',
      'ALTER TABLE b ADD COLUMN seen TIMESTAMP(6) NULL DEFAULT CURRENT_TIMESTAMP(6) ' +
        'ON UPDATE CURRENT_TIMESTAMP(6)',
      'OPTIMIZE TABLE b',
      'ANALYZE TABLE b',
    ],
    expect: 'equal',
    shows: ['SELECT COUNT(DISTINCT at, seen, n) FROM b', 1],
  },
  {
    name: 'ALTER that numbers rows in no order',
    setup: ['CREATE TABLE k (v INT)', 'INSERT INTO k VALUES (3), (1), (2)'],
    run: ['ALTER TABLE k ADD COLUMN id INT AUTO_INCREMENT PRIMARY KEY'],
    expect: 'refused',
    shows: ['SELECT COUNT(*) FROM k', 3],
  },
  {
    name: 'ALTER that numbers at most one row needs no order',
    setup: ['CREATE TABLE k (v INT)', 'CREATE TABLE o (v INT)', 'INSERT INTO o VALUES (3)'],
    run: [
      'ALTER TABLE k ADD COLUMN id INT AUTO_INCREMENT PRIMARY KEY',
      'INSERT INTO k (v) VALUES (1), (2)',
      'ALTER TABLE o ADD COLUMN id INT AUTO_INCREMENT PRIMARY KEY FIRST',
      'INSERT INTO o (v) SELECT v FROM k ORDER BY id',
    ],
    expect: 'equal',
    shows: ['SELECT GROUP_CONCAT(id ORDER BY id) FROM o', '1,2,3'],
  },
  {
    name: 'ALTER that numbers rows that have a primary key',
    setup: ['CREATE TABLE k (v INT PRIMARY KEY)', 'INSERT INTO k VALUES (3), (1), (2)'],
    run: ['ALTER TABLE k ADD COLUMN id INT AUTO_INCREMENT UNIQUE'],
    expect: 'equal',
    shows: ['SELECT GROUP_CONCAT(id ORDER BY v) FROM k', '1,2,3'],
  },
  {
    name: 'ALTER IGNORE and ALTER ORDER BY',
    only: 'mariadb',
    setup: ['CREATE TABLE k (v INT, w INT)', 'INSERT INTO k VALUES (3, 1), (1, 2), (3, 3)'],
    run: ['ALTER IGNORE TABLE k ADD UNIQUE (v)'],
    expect: 'refused',
    shows: ['SELECT COUNT(*) FROM k', 3],
  },
  {
    name: 'generated columns and functional keys',
    setup: filled,
    run: [
      'ALTER TABLE t ADD COLUMN g VARCHAR(20) AS (CONCAT(v, "-")) STORED, ADD KEY (g)',
      'ALTER TABLE t ADD COLUMN h INT AS (v + 1) VIRTUAL',
      'UPDATE t SET v = v * 10',
      'ALTER TABLE t ADD COLUMN u VARCHAR(40) AS (UUID()) STORED',
    ],
    expect: 'refused',
    errors: [1901, 3763],
    shows: ['SELECT MAX(h) FROM t', 31],
  },
  {
    name: 'MySQL: functional keys, invisible columns, expression defaults and CHECK',
    only: 'mysql',
    setup: [
      'CREATE TABLE f (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20), ' +
        'n INT INVISIBLE DEFAULT 3, d DATE DEFAULT (CURDATE() + INTERVAL 1 DAY), ' +
        'x INT DEFAULT (n + 1), KEY ((LOWER(v))), CHECK (n < 100))',
    ],
    run: [
      "INSERT INTO f (v) VALUES ('A'), ('b')",
      "UPDATE f SET n = 9 WHERE LOWER(v) = 'a' LIMIT 1",
      'INSERT INTO f (v, n) VALUES ("c", 500)',
      'INSERT INTO f (v) SELECT v FROM f',
      'ALTER TABLE f ALTER COLUMN n SET DEFAULT 6, ALTER INDEX functional_index INVISIBLE',
      'DELETE FROM f LIMIT 1',
    ],
    expect: 'equal',
    errors: [3819],
    shows: ['SELECT COUNT(*) FROM f', 3],
  },
  {
    name: 'MariaDB: invisible and compressed columns, CHECK, a default of other columns',
    only: 'mariadb',
    setup: [
      'CREATE TABLE f (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(200) COMPRESSED, ' +
        'n INT INVISIBLE DEFAULT 3, d DATE DEFAULT (CURDATE() + INTERVAL 1 DAY), ' +
        'x INT DEFAULT (n + 1), CHECK (n < 100))',
    ],
    run: [
      "INSERT INTO f (v) VALUES ('A'), ('b')",
      'UPDATE f SET n = 9 LIMIT 1',
      'INSERT INTO f (v, n) VALUES ("c", 500)',
      'INSERT INTO f (v) SELECT v FROM f',
      'DELETE FROM f LIMIT 1 RETURNING id',
    ],
    expect: 'equal',
    errors: [4025],
    shows: ['SELECT COUNT(*) FROM f', 3],
  },
  {
    name: 'databases with what is in them',
    run: [
      'CREATE DATABASE d1 CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
      'CREATE DATABASE IF NOT EXISTS d1',
      'CREATE TABLE d1.a (v VARCHAR(10))',
      'CREATE VIEW d1.b AS SELECT * FROM d1.a',
      'CREATE TABLE c AS SELECT * FROM d1.b',
      'ALTER DATABASE d1 COLLATE utf8mb4_general_ci',
      'CREATE TABLE d1.e (v VARCHAR(10))',
      "INSERT INTO d1.e VALUES ('a')",
      'CREATE TABLE r AS SELECT v FROM d1.e',
      'DROP DATABASE d1',
      'DROP DATABASE IF EXISTS d1',
    ],
    expect: 'equal',
    shows: ["SELECT COUNT(*) FROM r WHERE v = 'A'", 1],
  },
  {
    name: 'definitions of an account that is not Lockstep’s own',
    asWriter: true,
    setup: filled,
    run: [
      'CREATE VIEW w AS SELECT * FROM t',
      'CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW x AS SELECT id FROM t',
      'ALTER VIEW x AS SELECT v FROM t',
      'CREATE FUNCTION f(a INT) RETURNS INT DETERMINISTIC NO SQL RETURN a + 1',
      'CREATE PROCEDURE q() SELECT 1',
      'CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.v = NEW.v + 1',
      'CREATE EVENT e ON SCHEDULE EVERY 1 HOUR DO SET @x = 1',
      'ALTER EVENT e ON SCHEDULE EVERY 2 HOUR',
      'INSERT INTO t VALUES (7, f(7))',
      "CREATE DEFINER = 'root'@'localhost' VIEW y AS SELECT 1 AS one",
    ],
    expect: 'equal',
    shows: ['SELECT v FROM t WHERE id = 7', 9],
  },
  {
    name: 'routines and triggers, changed and dropped',
    setup: filled,
    run: [
      'CREATE FUNCTION f() RETURNS INT DETERMINISTIC NO SQL RETURN 4',
      "ALTER FUNCTION f COMMENT 'four' SQL SECURITY INVOKER",
      'CREATE TRIGGER a BEFORE UPDATE ON t FOR EACH ROW SET NEW.v = NEW.v + f()',
      'CREATE TRIGGER b BEFORE UPDATE ON t FOR EACH ROW PRECEDES a SET NEW.v = NEW.v * 2',
      'UPDATE t SET v = v',
      'DROP TRIGGER a',
      'DROP FUNCTION f',
      'UPDATE t SET v = v + 1',
      'DROP PROCEDURE IF EXISTS missing',
    ],
    expect: 'equal',
    shows: ['SELECT SUM(v) FROM t', 54],
  },
  {
    name: 'events, and a scheduler that would run them on every node',
    setup: filled,
    run: [
      'CREATE EVENT e ON SCHEDULE AT NOW() + INTERVAL 1 HOUR DO DELETE FROM t',
      'ALTER EVENT e DISABLE',
      'DROP EVENT e',
      'SET GLOBAL event_scheduler = ON',
    ],
    expect: 'refused',
    shows: ['SELECT @@global.event_scheduler', 'OFF'],
  },
];

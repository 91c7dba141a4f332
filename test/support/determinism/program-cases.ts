import type { DeterminismCase } from './lab.ts';

const table = 'CREATE TABLE t (id INT PRIMARY KEY, v INT, w VARCHAR(100))';
const filled = [table, "INSERT INTO t VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c')"];
const audit = 'CREATE TABLE audit (t INT, at DATETIME(6), what VARCHAR(100), PRIMARY KEY (t, at))';

/** Triggers, functions, views, events: what a write does beyond its own text. */
export const programCases: readonly DeterminismCase[] = [
  {
    name: 'triggers that compute from the row and the time',
    setup: [
      ...filled,
      audit,
      'CREATE TRIGGER bi BEFORE INSERT ON t FOR EACH ROW SET NEW.w = UPPER(NEW.w)',
      'CREATE TRIGGER au AFTER UPDATE ON t FOR EACH ROW ' +
        "INSERT INTO audit VALUES (NEW.id, NOW(6), CONCAT(OLD.v, '>', NEW.v))",
      'CREATE TRIGGER ad AFTER DELETE ON t FOR EACH ROW ' +
        'INSERT INTO audit VALUES (OLD.id, NOW(6), CURRENT_USER())',
    ],
    run: [
      "INSERT INTO t VALUES (4, 40, 'd')",
      'UPDATE t SET v = v + 1',
      'DELETE FROM t WHERE id > 2',
      "INSERT INTO t VALUES (1, 5, 'e') ON DUPLICATE KEY UPDATE v = VALUES(v)",
      "REPLACE INTO t VALUES (2, 7, 'f')",
    ],
    expect: 'equal',
    shows: ['SELECT COUNT(*) FROM audit', 8],
  },
  {
    name: 'a trigger that calls UUID()',
    setup: filled,
    run: [
      'CREATE TRIGGER bi BEFORE INSERT ON t FOR EACH ROW SET NEW.w = UUID()',
      'INSERT INTO t VALUES (5, 1, NULL)',
    ],
    expect: 'refused',
    shows: ['SELECT COUNT(*) FROM t', 4],
  },
  {
    name: 'a trigger that uses the login of whoever writes',
    setup: filled,
    run: ['CREATE TRIGGER bi BEFORE INSERT ON t FOR EACH ROW SET NEW.w = USER()'],
    expect: 'refused',
  },
  {
    name: 'a trigger that assigns a user variable',
    setup: [...filled, 'CREATE TRIGGER bu BEFORE UPDATE ON t FOR EACH ROW SET @n = OLD.v'],
    run: ['UPDATE t SET v = 1'],
    expect: 'refused',
    shows: ['SELECT COUNT(*) FROM t WHERE v = 1', 0],
  },
  {
    name: 'a trigger that reads a user variable',
    setup: [
      ...filled,
      'CREATE TRIGGER bu BEFORE UPDATE ON t FOR EACH ROW SET NEW.w = @who',
      "SET @who = 'me'",
    ],
    run: ['UPDATE t SET v = 1'],
    expect: 'equal',
    shows: ["SELECT COUNT(*) FROM t WHERE w = 'me'", 3],
  },
  {
    name: 'a trigger that inserts into a table with AUTO_INCREMENT',
    setup: [
      ...filled,
      'CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, what INT)',
      'CREATE TRIGGER au AFTER UPDATE ON t FOR EACH ROW INSERT INTO log (what) VALUES (NEW.v)',
    ],
    run: [
      'UPDATE t SET v = v + 1',
      'BEGIN',
      'UPDATE t SET v = v + 1',
      'ROLLBACK',
      'UPDATE t SET v = v + 1',
    ],
    expect: 'refused',
  },
  {
    name: 'a trigger that selects',
    setup: [
      ...filled,
      'CREATE TABLE total (n INT)',
      'INSERT INTO total VALUES (0)',
      'CREATE TRIGGER au AFTER UPDATE ON t FOR EACH ROW ' +
        'UPDATE total SET n = (SELECT SUM(v) FROM t)',
    ],
    run: ['UPDATE t SET v = v + 1'],
    expect: 'equal',
    shows: ['SELECT n FROM total', 63],
  },
  {
    name: 'a trigger that selects, inside a transaction',
    setup: [
      ...filled,
      'CREATE TABLE total (n INT)',
      'INSERT INTO total VALUES (0)',
      'CREATE TRIGGER au AFTER UPDATE ON t FOR EACH ROW ' +
        'BEGIN DECLARE s INT; SELECT SUM(v) INTO s FROM t; UPDATE total SET n = s; END',
    ],
    run: ['BEGIN', 'UPDATE t SET v = v + 1', 'COMMIT'],
    expect: 'refused',
    shows: ['SELECT n FROM total', 0],
  },
  {
    name: 'a trigger that selects, inside a transaction at SERIALIZABLE',
    setup: [
      ...filled,
      'CREATE TABLE total (n INT)',
      'INSERT INTO total VALUES (0)',
      'CREATE TRIGGER au AFTER UPDATE ON t FOR EACH ROW ' +
        'BEGIN DECLARE s INT; SELECT SUM(v) INTO s FROM t; UPDATE total SET n = s; END',
    ],
    run: [
      'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
      'BEGIN',
      'UPDATE t SET v = v + 1',
      'COMMIT',
    ],
    expect: 'equal',
    shows: ['SELECT n FROM total', 63],
  },
  {
    name: 'functions that compute from their arguments',
    setup: [
      ...filled,
      'CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC NO SQL RETURN x * 2',
    ],
    run: [
      'UPDATE t SET v = twice(v)',
      "INSERT INTO t VALUES (twice(2), twice(4), 'x')",
      'BEGIN',
      'DELETE FROM t WHERE id = twice(1)',
      'COMMIT',
      'SELECT twice(4)',
    ],
    expect: 'equal',
    shows: ['SELECT SUM(v) FROM t', 88],
  },
  {
    name: 'a function that selects, and one that writes',
    setup: [
      ...filled,
      'CREATE FUNCTION top() RETURNS INT READS SQL DATA RETURN (SELECT MAX(v) FROM t)',
      'CREATE FUNCTION changed(x INT) RETURNS INT MODIFIES SQL DATA ' +
        'BEGIN UPDATE t SET v = v + x; RETURN ROW_COUNT(); END',
    ],
    run: ["INSERT INTO t VALUES (9, top(), 'z')", 'SELECT top()', 'SELECT changed(5)'],
    expect: 'refused',
    shows: ['SELECT MAX(v) FROM t', 30],
  },
  {
    name: 'a function that writes',
    setup: [
      ...filled,
      'CREATE FUNCTION bump(x INT) RETURNS INT MODIFIES SQL DATA ' +
        'BEGIN UPDATE t SET v = v + x; RETURN x; END',
    ],
    run: ['SELECT bump(5)', 'DO bump(1)', 'SELECT bump(id + 15) FROM (SELECT 1 AS id) AS x'],
    expect: 'equal',
    shows: ['SELECT MAX(v) FROM t', 52],
  },
  {
    name: 'a function that writes, called where only variables are set',
    setup: [
      ...filled,
      'CREATE FUNCTION bump(x INT) RETURNS INT MODIFIES SQL DATA ' +
        'BEGIN UPDATE t SET v = v + x; RETURN x; END',
    ],
    run: ['SET @x = bump(2)', 'SELECT bump(3) INTO @x'],
    expect: 'refused',
    shows: ['SELECT MAX(v) FROM t', 30],
  },
  {
    name: 'a function that calls UUID()',
    setup: [...filled, 'CREATE FUNCTION u() RETURNS CHAR(36) NO SQL RETURN UUID()'],
    run: ['INSERT INTO t VALUES (9, 9, u())'],
    expect: 'refused',
  },
  {
    name: 'views that are written through',
    setup: [
      'CREATE TABLE a (id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
      'CREATE VIEW w AS SELECT id, v FROM a WHERE v < 100 WITH CHECK OPTION',
    ],
    run: [
      'INSERT INTO w (v) VALUES (1), (2)',
      'BEGIN',
      'INSERT INTO w (v) VALUES (3)',
      'ROLLBACK',
      'INSERT INTO w (v) VALUES (4)',
      'INSERT INTO w (v) VALUES (400)',
      'UPDATE w SET v = v + 10',
      'DELETE FROM w WHERE v = 11',
    ],
    expect: 'equal',
    errors: [1369],
    shows: ['SELECT MAX(id) FROM a', 4],
  },
  {
    name: 'foreign keys with cascades',
    setup: [
      'CREATE TABLE p (id INT PRIMARY KEY)',
      'CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id) ' +
        'ON DELETE CASCADE ON UPDATE CASCADE)',
      'CREATE TABLE d (id INT PRIMARY KEY, c INT, FOREIGN KEY (c) REFERENCES c (id) ' +
        'ON DELETE SET NULL)',
      'INSERT INTO p VALUES (1), (2), (3)',
      'INSERT INTO c VALUES (1, 1), (2, 1), (3, 2)',
      'INSERT INTO d VALUES (1, 1), (2, 2), (3, 3)',
    ],
    run: [
      'UPDATE p SET id = id + 100 WHERE id = 2',
      'DELETE FROM p WHERE id = 1',
      'INSERT INTO c VALUES (9, 77)',
      'SET foreign_key_checks = 0',
      'INSERT INTO c VALUES (9, 77)',
      'SET foreign_key_checks = 1',
    ],
    expect: 'equal',
    errors: [1452],
    shows: ['SELECT COUNT(*) FROM d WHERE c IS NULL', 2],
  },
  {
    name: 'generated columns',
    setup: [
      'CREATE TABLE g (a INT, b INT AS (a * 2) STORED, c INT AS (a + 1) VIRTUAL, UNIQUE (c))',
    ],
    run: [
      'INSERT INTO g (a) VALUES (1), (2)',
      'UPDATE g SET a = a + 10',
      'REPLACE INTO g (a) VALUES (11)',
    ],
    expect: 'equal',
    shows: ['SELECT SUM(b) FROM g', 46],
  },
  {
    name: 'an event is kept, and runs on no node',
    setup: filled,
    run: ['CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO UPDATE t SET v = v + 1'],
    expect: 'equal',
  },
  {
    name: 'MyISAM and MEMORY',
    setup: ['CREATE TABLE m (id INT) ENGINE=MyISAM', 'CREATE TABLE n (id INT) ENGINE=MEMORY'],
    run: ['INSERT INTO m VALUES (1)', 'INSERT INTO n VALUES (1)'],
    expect: 'refused',
    shows: ['SELECT COUNT(*) FROM m', 0],
  },
  {
    name: 'a trigger that writes into MyISAM',
    setup: [
      ...filled,
      'CREATE TABLE m (id INT) ENGINE=MyISAM',
      'CREATE TRIGGER au AFTER UPDATE ON t FOR EACH ROW INSERT INTO m VALUES (NEW.id)',
    ],
    run: ['UPDATE t SET v = 1'],
    expect: 'refused',
    shows: ['SELECT COUNT(*) FROM m', 0],
  },
];

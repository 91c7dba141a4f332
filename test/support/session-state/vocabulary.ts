/**
 * Of the variable that nothing is bound from or computed of. What is bound to a write is a literal
 * to the nodes, and in a message MySQL has the bytes of the one as they are, and the characters of
 * the other; and a message that MariaDB keeps behind SET NAMES is told in the character set before.
 */
export const notAscii = "_latin1 X'e9'";

/** Values that user variables are set to. */
export const values = [
  '1',
  '-7',
  '1.50',
  '2e3',
  'NULL',
  "'text'",
  notAscii,
  "X'00ff'",
  '18446744073709551615',
  "CONCAT(@a, 'x')",
  '@b + 1',
  '@@sql_mode',
  'COALESCE(@b, 0) + 0.5',
  'ROW_COUNT()',
  'FOUND_ROWS()',
  'LAST_INSERT_ID()',
  '@@warning_count',
] as const;

const modes = [
  'DEFAULT',
  "''",
  "'ANSI_QUOTES'",
  "'NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'",
  "CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')",
  "'nosuch_mode'",
];

/** Session variables, and what they are set to. */
export const settings: readonly (readonly [name: string, values: readonly string[]])[] = [
  ['sql_mode', modes],
  ['time_zone', ["'+05:30'", "'-03:00'", "'SYSTEM'", 'DEFAULT', "'nowhere'"]],
  ['sql_select_limit', ['5', '100', 'DEFAULT']],
  ['group_concat_max_len', ['8', '4096', 'DEFAULT']],
  // More than MySQL ever thinks that SHOW TABLES takes.
  ['max_join_size', ['5000', '7000', 'DEFAULT']],
  ['sql_big_selects', ['0', '1', 'DEFAULT']],
  ['lc_time_names', ["'de_DE'", "'fr_FR'", 'DEFAULT']],
  ['default_week_format', ['0', '3', 'DEFAULT']],
  ['div_precision_increment', ['2', '9', 'DEFAULT']],
  ['foreign_key_checks', ['0', 'ON', 'DEFAULT']],
  ['unique_checks', ['0', '1']],
  ['sql_safe_updates', ['0', '1', 'DEFAULT']],
  ['sql_notes', ['0', '1', 'DEFAULT']],
  ['sql_warnings', ['0', '1']],
  ['max_error_count', ['0', '1', '64', 'DEFAULT']],
  ['auto_increment_increment', ['1', '3', 'DEFAULT']],
  ['innodb_lock_wait_timeout', ['3', '60', 'DEFAULT']],
  ['character_set_connection', ['latin1', 'utf8mb4', 'ascii']],
  ['collation_connection', ['latin1_bin', 'utf8mb4_bin', 'utf8mb4_unicode_ci']],
  ['character_set_results', ['utf8mb4', 'NULL', 'latin1']],
  ['timestamp', ['1000000000.5', '1700000000', 'DEFAULT']],
  ['last_insert_id', ['5', '0']],
  ['autocommit', ['0', '1', 'ON', 'DEFAULT']],
  // Each is known to one of the two servers only.
  ['max_statement_time', ['7', '0']],
  ['max_execution_time', ['7000', '0']],
  ['nosuch_variable', ['1']],
];

/** What shows the state of a session; `{own}` is its own table. */
export const shown: readonly string[] = [
  ...['@a', '@b', '@c', 'HEX(@a)', 'HEX(@c)', 'DATABASE()'],
  ...["IF(@a IS NULL, '', CHARSET(@a))", "IF(@c IS NULL, '', CHARSET(@c))"],
  ...['LAST_INSERT_ID()', '@@autocommit', '@@character_set_client', '@@character_set_database'],
  ...['sql_mode', 'time_zone', 'sql_select_limit', 'group_concat_max_len', 'max_join_size'].map(
    (name) => `@@${name}`,
  ),
  ...['sql_big_selects', 'lc_time_names', 'default_week_format', 'div_precision_increment'].map(
    (name) => `@@${name}`,
  ),
  ...['foreign_key_checks', 'unique_checks', 'sql_safe_updates', 'innodb_lock_wait_timeout'].map(
    (name) => `@@${name}`,
  ),
  ...['character_set_connection', 'collation_connection', 'character_set_results'].map(
    (name) => `@@${name}`,
  ),
  ...['sql_notes', 'max_error_count', 'auto_increment_increment'].map((name) => `@@${name}`),
  'NOW() < 20200101',
].map((expression, index) => `${expression} AS c${index}`);

/** What asks for what the statement before has left behind. */
export const asked = [
  'SHOW WARNINGS',
  'SHOW ERRORS',
  'SHOW COUNT(*) WARNINGS',
  'SHOW COUNT(*) ERRORS',
  'SHOW WARNINGS LIMIT 1',
  'SELECT ROW_COUNT(), LAST_INSERT_ID()',
  'SELECT FOUND_ROWS(), @@last_insert_id, @@identity',
  'SELECT @@warning_count, @@error_count',
  'SELECT @@session.warning_count + 1 AS n, ROW_COUNT() AS r',
  'GET DIAGNOSTICS @a = NUMBER, @b = ROW_COUNT',
  'GET DIAGNOSTICS CONDITION 1 @a = MYSQL_ERRNO, @b = RETURNED_SQLSTATE, @c = MESSAGE_TEXT',
  'GET DIAGNOSTICS CONDITION 2 @c = MYSQL_ERRNO',
] as const;

export const transactional = [
  'BEGIN',
  'START TRANSACTION',
  'START TRANSACTION READ ONLY',
  'START TRANSACTION WITH CONSISTENT SNAPSHOT',
  'COMMIT',
  'COMMIT AND CHAIN',
  'ROLLBACK',
  'ROLLBACK AND CHAIN',
  'SAVEPOINT one',
  'SAVEPOINT two',
  'ROLLBACK TO one',
  'ROLLBACK TO SAVEPOINT two',
  'RELEASE SAVEPOINT one',
  'SET autocommit = 0',
  'SET autocommit = 1',
  'SET TRANSACTION READ ONLY',
  'SET TRANSACTION READ WRITE',
  'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
  'SET SESSION TRANSACTION READ ONLY',
  'SET SESSION TRANSACTION READ WRITE',
  'SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE',
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
] as const;

/** Of the session's own table (id INT AUTO_INCREMENT PRIMARY KEY, n TINYINT, w VARCHAR(4)). */
export const ofOwnTable = [
  'INSERT INTO {own} (n) VALUES (1)',
  "INSERT INTO {own} (n, w) VALUES (2, 'b'), (3, 'c')",
  "INSERT INTO {own} (n, w) VALUES (1000, 'too long')",
  "INSERT IGNORE INTO {own} (n, w) VALUES (1000, 'too long')",
  'INSERT INTO {own} (id, n) VALUES (1, 1)',
  'INSERT IGNORE INTO {own} (id, n) VALUES (1, 1), (2, 2)',
  'INSERT INTO {own} (id, n) VALUES (1, 1) ON DUPLICATE KEY UPDATE n = n + 1',
  "REPLACE INTO {own} (id, w) VALUES (2, 'r')",
  'INSERT INTO {own} (n) VALUES (LAST_INSERT_ID())',
  'INSERT INTO {own} (n) VALUES (ROW_COUNT())',
  // Set before, and to a text: see docs/COMPATIBILITY.md on writes that read a user variable.
  'SET @a = CONVERT(@a USING latin1); INSERT INTO {own} (w) VALUES (@a)',
  'INSERT INTO {own} (nosuch) VALUES (1)',
  'UPDATE {own} SET n = n + 1',
  'UPDATE {own} SET n = n + 200 WHERE id = 1',
  'UPDATE {own} SET n = 1 WHERE id = -1',
  'UPDATE {own} SET n = LAST_INSERT_ID(id) WHERE id = 2',
  'DELETE FROM {own} WHERE id = 2',
  'DELETE FROM {own}',
  'DELETE FROM {own} WHERE w = 1',
  'SELECT * FROM {own} ORDER BY id',
  'SELECT COUNT(*), SUM(id) FROM {own}',
  'SELECT id FROM {own} WHERE n = 1 FOR UPDATE',
  'SELECT SQL_CALC_FOUND_ROWS id FROM {own} ORDER BY id LIMIT 1',
  'SELECT id FROM {own} ORDER BY id LIMIT 2',
  'SELECT COUNT(*) FROM shared',
  // No MAX(id), on MariaDB: see FOUND_ROWS() in docs/COMPATIBILITY.md.
  'SELECT COUNT(*) FROM {own} INTO @b',
] as const;

export const ofTemporaryTables = [
  'CREATE TEMPORARY TABLE app.own (a INT)',
  'CREATE TEMPORARY TABLE IF NOT EXISTS app.own (a INT)',
  'CREATE TEMPORARY TABLE app.own (id INT AUTO_INCREMENT PRIMARY KEY, a INT)',
  'INSERT INTO app.own (a) VALUES (1), (2)',
  "INSERT INTO app.own (a) VALUES ('x')",
  'UPDATE app.own SET a = a + 1',
  'DELETE FROM app.own WHERE a = 1',
  'SELECT COUNT(*) FROM app.own',
  'SELECT a FROM own',
  'ALTER TABLE app.own ADD COLUMN b INT',
  'TRUNCATE TABLE app.own',
  'DROP TEMPORARY TABLE app.own',
  'DROP TEMPORARY TABLE IF EXISTS app.own',
  'DROP TABLE IF EXISTS own',
  'CREATE TEMPORARY TABLE {own} (id INT, n INT)',
  'DROP TEMPORARY TABLE IF EXISTS {own}',
] as const;

export const prepared = [
  // No user variable beside it, nor a result whose type the first value decides, on MySQL: see
  // docs/COMPATIBILITY.md.
  "PREPARE p FROM 'SELECT CHAR_LENGTH(?) + 1'",
  "PREPARE p FROM 'INSERT INTO {own} (n) VALUES (?)'",
  "PREPARE p FROM 'SET @a = ?'",
  "PREPARE p FROM 'SELECT missing_column, ?'",
  "PREPARE p FROM 'SELECT ROW_COUNT(), @@warning_count, ?'",
  'EXECUTE p USING @b',
  'EXECUTE p USING @a',
  'EXECUTE p',
  'DEALLOCATE PREPARE p',
] as const;

/** Of the binary protocol; of each value as many as it takes are bound. */
export const bound = [
  'SELECT ? AS x, DATABASE()',
  'SELECT ROW_COUNT(), FOUND_ROWS(), LAST_INSERT_ID()',
  'SELECT CAST(? AS SIGNED)',
  'INSERT INTO {own} (n, w) VALUES (?, ?)',
  // A text that is no number: see docs/COMPATIBILITY.md, and what it says of a WHERE that never
  // holds, on MySQL, and FOUND_ROWS().
  'UPDATE {own} SET n = ? WHERE id = COALESCE(CAST(? AS SIGNED), 0)',
  'SELECT id, w FROM {own} WHERE id > ? ORDER BY id',
  'INSERT INTO app.own (a) VALUES (?)',
  'SELECT * FROM app.own',
  // On MySQL a text of its own character set: see docs/COMPATIBILITY.md.
  'SET @a = CONVERT(? USING utf8mb4), @b = ?',
  'SET time_zone = ?',
  'SELECT missing_column, ?',
  'SHOW WARNINGS',
  'BEGIN',
  'COMMIT',
  // A wrong argument is of the row, on MariaDB, at which the statement before has ended.
  'CALL app.two(CHAR_LENGTH(?))',
] as const;

export const failing = [
  'SELECT missing_column',
  'SELECT * FROM nosuch_table',
  'SELECT missing_function()',
  'SELECT 1 +',
  'SELECT 1 / 0',
  "SELECT CAST('x' AS SIGNED)",
  "DO CAST('y' AS SIGNED)",
  "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'stop'",
  "SIGNAL SQLSTATE '01000' SET MESSAGE_TEXT = 'mind'",
  'USE nosuch_schema',
  'DROP TEMPORARY TABLE nosuch_table',
  'RELEASE SAVEPOINT nosuch',
  'SET nosuch_variable = 1',
  'UNKNOWN STATEMENT',
] as const;

/** No server can parse them. */
export const unreadable = /^(?:SELECT 1 \+|UNKNOWN STATEMENT)/;

/** They act on the whole server, so others must have nothing open. */
export const definitions = [
  'DROP TABLE IF EXISTS nosuch_table',
  'CREATE TABLE IF NOT EXISTS app.shared (id INT)',
  'CREATE TABLE app.shared (id INT)',
  'DROP TABLE nosuch_table',
  'TRUNCATE TABLE {own}',
  'DROP PROCEDURE IF EXISTS nosuch_procedure',
] as const;

export const others = [
  'SET NAMES latin1',
  'SET NAMES utf8mb4 COLLATE utf8mb4_bin',
  'SET NAMES utf8mb4',
  'SET CHARACTER SET latin1',
  'USE app',
  'USE information_schema',
  'SELECT 1',
  'DO 1',
  'SELECT 1 INTO @a',
  'SELECT @b := 5, @c := CONCAT(@a, 1)',
  'SELECT LAST_INSERT_ID(77)',
  'CALL app.two(1)',
  "CALL app.warns('x')",
  'CALL app.sets(@a)',
  'SELECT app.raises(@a)',
  "SHOW TABLES LIKE 'nosuch'",
  "SHOW VARIABLES LIKE 'autocommit'",
  'SHOW CREATE TABLE app.shared',
  'EXPLAIN SELECT 1',
  'DESCRIBE app.shared',
] as const;

export const ofLocks = [
  "SELECT GET_LOCK(CONCAT('lock', @@lc_time_names), 0) IS NOT NULL",
  "SELECT GET_LOCK('common', 0)",
  "SELECT IS_FREE_LOCK('common')",
  "SELECT RELEASE_LOCK('common')",
  "DO GET_LOCK('{own}', 0)",
  "SET @c = GET_LOCK('{own}', 0)",
  'SELECT RELEASE_ALL_LOCKS()',
  'DO RELEASE_ALL_LOCKS()',
] as const;

/** Each ends when the session says UNLOCK TABLES. */
export const tableLocks = [
  'LOCK TABLES {own} READ',
  'LOCK TABLES {own} WRITE',
  'LOCK TABLES {own} AS x WRITE',
  'LOCK TABLES {own} WRITE, {own} AS x READ, shared READ',
  'LOCK TABLES shared READ',
  'LOCK TABLES nosuch_table READ',
] as const;

export const underLocks = [
  'SELECT COUNT(*) FROM {own}',
  'SELECT COUNT(*) FROM {own} AS x',
  'SELECT COUNT(*) FROM {own} x, {own}',
  'SELECT COUNT(*) FROM shared',
  'INSERT INTO {own} (n) VALUES (1)',
  'UPDATE {own} AS x SET x.n = 1',
  'DELETE FROM shared',
  'SELECT 1',
  'SHOW WARNINGS',
  'COMMIT',
  'SELECT ROW_COUNT()',
  'SELECT * FROM nosuch_table',
  // With its schema: MySQL has either of two errors for what is not in information_schema.
  'SHOW CREATE TABLE app.shared',
] as const;

/** What there is before the sessions begin. */
export const setUp = [
  'CREATE TABLE shared (id INT PRIMARY KEY)',
  'INSERT INTO shared VALUES (1), (2), (3)',
  'CREATE PROCEDURE two(n INT) BEGIN SELECT n AS first; SELECT n + 1 AS second, 2 AS b; END',
  'CREATE PROCEDURE warns(t TEXT) NO SQL BEGIN SET @b = CAST(t AS SIGNED); END',
  'CREATE PROCEDURE sets(OUT n INT) NO SQL BEGIN SET n = 5; END',
  "CREATE FUNCTION raises(n TEXT) RETURNS INT NO SQL BEGIN IF n = 'text' THEN " +
    "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'raised'; END IF; RETURN 1; END",
] as const;

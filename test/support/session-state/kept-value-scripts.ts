import { each, noted, shown } from './script-parts.ts';

/** Of values: what is bound, counted, kept in variables and computed ahead of a write. */
export const keptValueScripts: Readonly<Record<string, readonly string[]>> = {
  'a prepared statement runs in the schema that it was prepared in': [
    "0: PREPARE p FROM 'SELECT DATABASE(), COUNT(*) FROM t0'",
    '0: prepare 0: SELECT DATABASE(), COUNT(*) FROM t0',
    '0: prepare 1: INSERT INTO t0 (n, w) VALUES (?, ?)',
    ...each(['USE information_schema', 'BEGIN', 'COM_INIT_DB app'], (sql) => [
      `0: ${sql}`,
      '0: EXECUTE p',
      '0: execute 1: 1, NULL',
      '0: execute 0: 1',
      '0: SELECT DATABASE()',
    ]),
    '0: COMMIT',
  ],
  'what is bound is read by its own type, whoever executed the same text before': [
    ...each(['0', '1'], (who) => [
      `${who}: prepare 0: SELECT ? AS x, COALESCE(?, 1) AS y`,
      `${who}: prepare 1: SET time_zone = ?`,
      `${who}: PREPARE p FROM 'SELECT ?'`,
      `${who}: SET @value = ${who === '0' ? "'x'" : '1'}`,
    ]),
    ...each(['1', '1', '1', '1', '0', '0', '0', '0'], (who) => [
      `${who}: execute 0: ${who === '0' ? "'x', 'x'" : '1, 1'}`,
      `${who}: execute 1: ${who === '0' ? "'+02:00'" : '1'}`,
      `${who}: EXECUTE p USING @value`,
    ]),
  ],
  'a NULL that is bound keeps the type of the variable': [
    ...each(["'x'", "_latin1 'x'", '1', "X'00ff'"], (value) => [
      '0: COM_RESET_CONNECTION',
      '0: prepare 0: SET @a = ?, @b = ?',
      `0: SET @b = ${value}`,
      '0: execute 0: 1, NULL',
      '0: SELECT @a, @b',
      '0: prepare 1: SET @b = ?',
      '0: SELECT @b',
    ]),
  ],
  'FOUND_ROWS() outlives a session that starts afresh': each(
    ['COM_RESET_CONNECTION', 'COM_CHANGE_USER app'],
    (command) => ['0: SELECT 1 UNION SELECT 2', `0: ${command}`, '0: SELECT FOUND_ROWS()'],
  ),
  'errors are counted where none is kept': [
    '0: SET max_error_count = 0',
    ...each(['SELECT missing_column', 'EXECUTE nosuch', 'COM_INIT_DB nosuch'], (sql) => [
      `0: ${sql}`,
      '0: SHOW COUNT(*) ERRORS',
      '0: SELECT @@error_count, @@warning_count',
    ]),
  ],
  'COM_INIT_DB tells what the statement before has raised': each(
    ["SELECT CAST('x' AS SIGNED)", 'SELECT missing_column', 'COM_INIT_DB nosuch'],
    (sql) =>
      each(
        [
          'SHOW WARNINGS',
          'SHOW COUNT(*) ERRORS',
          'GET DIAGNOSTICS @a = NUMBER',
          'GET DIAGNOSTICS CONDITION 7 @a = MYSQL_ERRNO',
          'COM_INIT_DB nosuch',
        ],
        (asked) => [`0: ${sql}`, `0: ${asked}`, '0: COM_INIT_DB app', '0: SHOW WARNINGS'],
      ),
  ),
  'what a statement that asks for the counts raises itself': [
    ...each(['SELECT 1', 'SELECT missing_column'], (sql) => [
      `0: ${sql}`,
      '0: SELECT @@warning_count, FOUND_ROWS(), @@error_count, FOUND_ROWS()',
      `0: ${sql}`,
      '0: SET @a = FOUND_ROWS(), @b = @@warning_count',
      '0: SELECT @a, @b',
      noted,
      '0: SELECT @@warning_count, COUNT(*) FROM t0',
    ]),
    '0: prepare 0: SELECT FOUND_ROWS(), @@warning_count',
    noted,
    '0: execute 0: 1',
  ],
  'an error outlives the transaction that it ends': each(
    ['ROLLBACK TO one', 'RELEASE SAVEPOINT one', 'SELECT * FROM nosuch_table'],
    (sql) => ['0: SET autocommit = 0', `0: ${sql}`, ...shown],
  ),
  'a procedure whose statements count no rows keeps the count': each(
    ['CALL sets(@a)', "CALL warns('x')", 'CALL two(1)', 'SELECT raises(1)', 'DO 1'],
    (sql) => [
      '0: INSERT INTO t0 (n) VALUES (1), (2)',
      `0: ${sql}`,
      '0: SELECT ROW_COUNT()',
      '0: CALL sets(@a)',
      '0: SELECT 1',
      '0: CALL sets(@a)',
    ],
  ),
  'the id that a temporary table generates': [
    '0: CREATE TEMPORARY TABLE own (id INT AUTO_INCREMENT PRIMARY KEY, a INT)',
    '0: SET NAMES latin1',
    '0: INSERT INTO own (a) VALUES (1), (2)',
    '0: SELECT LAST_INSERT_ID(), @@identity',
    '0: INSERT INTO own (id, a) VALUES (70, 1)',
    '0: SELECT LAST_INSERT_ID()',
    '0: REPLACE INTO own SET a = 5',
    '0: SELECT LAST_INSERT_ID()',
    '0: DROP TEMPORARY TABLE own',
    '0: SELECT LAST_INSERT_ID()',
  ],
  'a SET that fails may have set what stands before': each(
    [
      '@@max_error_count = DEFAULT',
      "time_zone = 'nowhere'",
      'nosuch_variable = 1',
      '@b = @@nosuch',
    ],
    (last) => [
      `0: SET sql_mode = '', sql_select_limit = 5, @a = 7, ${last}`,
      '0: SELECT @@sql_mode, @@sql_select_limit, @a',
      '0: COM_RESET_CONNECTION',
    ],
  ),
  'a NULL without sign': [
    '0: SET @a = 18446744073709551615, @b = 18446744073709551615',
    '0: SET @a = NULL, sql_select_limit = 7',
    '0: SELECT @a, @b',
    '1: SELECT @a',
    '0: SET NAMES latin1',
    '0: SELECT @a, COLLATION(@a)',
    "0: PREPARE p FROM 'SET @b = ?'",
    '0: GET DIAGNOSTICS @a = NUMBER',
    '0: EXECUTE p USING @a',
    '0: SELECT @a, @b',
  ],
  'a condition that is not there, where none is kept': [
    '0: SET max_error_count = 0',
    '0: GET DIAGNOSTICS CONDITION 1 @a = MYSQL_ERRNO',
    ...shown,
    '0: SET max_error_count = 1',
    '0: SELECT missing_column',
    '0: GET DIAGNOSTICS CONDITION 2 @a = MYSQL_ERRNO',
    ...shown,
    "0: SIGNAL SQLSTATE '01000' SET MESSAGE_TEXT = 'mind'",
    '0: SET @b = 1',
    '0: GET DIAGNOSTICS CONDITION 1 @a = RETURNED_SQLSTATE',
    '0: SELECT @a',
  ],
  'what is raised by a text in the character set of the server': [
    '0: SET @a = @@sql_mode',
    "0: PREPARE p FROM 'INSERT INTO t0 (n) VALUES (?)'",
    '0: EXECUTE p USING @a',
    ...shown,
  ],
  'what a write refuses of what a query warns of': [
    ...each(['DEFAULT', "''"], (mode) => [
      `0: SET sql_mode = ${mode}`,
      "0: INSERT INTO t0 (n, w) VALUES (1, 'a')",
      ...each(
        [
          "INSERT INTO keyed SELECT 1, 'x1' + LENGTH(UUID())",
          "INSERT IGNORE INTO keyed SELECT 1, 'x1' + LENGTH(UUID())",
          "REPLACE INTO keyed SELECT 1, 'x1' + LENGTH(UUID())",
          "INSERT INTO keyed SELECT 1, 'x1' + LENGTH(UUID()) UNION ALL SELECT 2, 3",
          'INSERT INTO keyed SELECT 1, 1 / 0 + LENGTH(UUID())',
          'INSERT INTO keyed SELECT id, LENGTH(UUID()) FROM shared WHERE LOG(-1) IS NULL',
          "INSERT INTO keyed VALUES (1, (SELECT 'x1' + LENGTH(UUID())))",
          'UPDATE t0 SET n = 2 WHERE w = 0 LIMIT 1',
          'DELETE FROM t0 WHERE w = 0 LIMIT 1',
        ],
        (sql) => [`0: ${sql}`, '0: SHOW WARNINGS', '0: DELETE FROM keyed'],
      ),
    ]),
  ],
  'names that are ambiguous beside the query whose rows are inserted': [
    '0: INSERT INTO t0 (n) VALUES (1)',
    ...each(['t0.n + 1', 'n + 1', 'nosuch'], (value) => [
      '0: INSERT INTO t0 (id, n) SELECT id, LENGTH(UUID()) FROM t0 ' +
        `ON DUPLICATE KEY UPDATE n = ${value}`,
    ]),
    '0: INSERT INTO t0 (id, n) SELECT id, LENGTH(UUID()) FROM shared ' +
      'ON DUPLICATE KEY UPDATE n = id',
  ],
};

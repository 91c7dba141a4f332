const noted = "0: DO CAST('y' AS SIGNED)";
const shown = ['0: SELECT @@warning_count, ROW_COUNT()', '0: SHOW WARNINGS'];

/** For each of the statements, what it stands among. */
const each = (sqls: readonly string[], lines: (sql: string) => readonly string[]): string[] =>
  sqls.flatMap(lines);

/** What random sessions were told otherwise than by a server, made small: never again. */
export const keptScripts: Readonly<Record<string, readonly string[]>> = {
  'what preparing as text leaves of the warnings before, and raises itself': [
    ...each(
      [
        "PREPARE p FROM 'INSERT INTO app.t0 (n) VALUES (?)'",
        "PREPARE p FROM 'CREATE TEMPORARY TABLE app.own (a INT)'",
        "PREPARE p FROM 'SHOW TABLES'",
        "PREPARE p FROM 'CALL app.two(1)'",
        "PREPARE p FROM 'SELECT FOUND_ROWS()'",
        "PREPARE p FROM 'SELECT 1'",
        'EXECUTE p',
        'DEALLOCATE PREPARE p',
        "PREPARE p FROM 'SELECT n FROM app.t0'",
        "PREPARE p FROM 'SELECT nosuch'",
      ],
      (sql) => [noted, `0: ${sql}`, ...shown],
    ),
    "0: PREPARE p FROM 'SELECT n FROM app.t0'",
    noted,
    '0: EXECUTE p',
    ...shown,
  ],
  'the same of preparing by the protocol': each(
    ['SELECT 1', 'SELECT * FROM app.t0', 'DO @b := 5', 'SELECT FOUND_ROWS()'],
    (sql) => [noted, `0: prepare 0: ${sql}`, ...shown, noted, '0: execute 0: 1', ...shown],
  ),
  'a user variable that was never set is known once its assignment is prepared': each(
    [
      'PREPARE p FROM "SET @a = ?"',
      'PREPARE p FROM "SET @a = 5"',
      'PREPARE p FROM "SET @a = @b"',
      'PREPARE p FROM "SET @a = NULL"',
      'PREPARE p FROM "SELECT @a := 5"',
      'PREPARE p FROM "SELECT 1 INTO @a"',
      'PREPARE p FROM "SET @a = 5, @@nosuch = 1"',
      'prepare 0: SET @a = ?',
      'prepare 0: SET @a = 1.5',
      'prepare 0: SELECT 1 INTO @a',
      'prepare 0: SELECT @a',
      'SET @a = NULL',
    ],
    (sql) => [
      '0: COM_RESET_CONNECTION',
      ...(sql.includes('?') ? ['0: SET NAMES latin1'] : []),
      `0: ${sql}`,
      '0: SELECT @a, COALESCE(@a, 1)',
      '1: SELECT @a, COALESCE(@a, 1)',
    ],
  ),
  'GET DIAGNOSTICS of a condition that is there, and of one that is not': [
    ...each(['EXECUTE nosuch', 'INSERT INTO t0 (n) VALUES (1)', 'SELECT 1'], (sql) => [
      `0: ${sql}`,
      '0: GET DIAGNOSTICS CONDITION 1 @a = MYSQL_ERRNO, @b = RETURNED_SQLSTATE',
      '0: SELECT @@warning_count, ROW_COUNT(), @a, @b',
      `0: ${sql}`,
      '0: GET DIAGNOSTICS CONDITION 2 @c = MYSQL_ERRNO; SELECT 5',
      '0: GET DIAGNOSTICS @c = NUMBER, @d = ROW_COUNT',
      '0: SELECT @@warning_count, ROW_COUNT(), @c, @d',
    ]),
    '0: SET max_error_count = 0',
    '0: EXECUTE nosuch',
    '0: GET DIAGNOSTICS CONDITION 1 @a = MYSQL_ERRNO',
    '0: SET max_error_count = DEFAULT',
    ...each(['SET collation_connection = utf8mb4_bin', 'SET NAMES latin1'], (sql) => [
      `0: ${sql}`,
      '0: DROP TEMPORARY TABLE nosuch_table',
      '0: GET DIAGNOSTICS CONDITION 1 @a = RETURNED_SQLSTATE, @b = MESSAGE_TEXT',
      '0: SELECT @a, @b, @@warning_count',
      '0: SELECT COLLATION(@a), COLLATION(@b)',
    ]),
  ],
  'COM_INIT_DB keeps the conditions of the statement before': each(
    [
      noted,
      'SELECT missing_column',
      'INSERT INTO t0 (n) VALUES (1), (2)',
      "INSERT IGNORE INTO app.t0 (n, w) VALUES (1000, 'too long')",
      'SELECT id FROM app.t0 ORDER BY id LIMIT 2',
    ],
    (sql) =>
      each(['COM_INIT_DB app', 'COM_INIT_DB nosuch', 'USE app'], (use) => [
        `0: ${sql.replace('0: ', '')}`,
        `0: ${use}`,
        ...shown,
      ]),
  ),
  'without autocommit a transaction begins with what meets a table': each(
    [
      'INSERT INTO app.own (a) VALUES (1)',
      'INSERT INTO app.t0 (nosuch) VALUES (1)',
      'UPDATE app.t0 SET n = n + 200 WHERE id = 1',
      'SELECT nosuch FROM app.t0',
      'SELECT app.nosuch(n) FROM app.t0',
      'SET @a = (SELECT MAX(nosuch) FROM app.t0)',
      'SET @a = (SELECT COUNT(*) FROM app.t0)',
      'EXPLAIN SELECT * FROM nosuch_table',
      'SHOW CREATE TABLE app.shared',
      'SHOW TABLES',
      'SHOW COLUMNS FROM app.t0',
      'SAVEPOINT one; ROLLBACK TO one',
      'ROLLBACK TO nosuch',
      'DROP TEMPORARY TABLE nosuch_table',
      'LOCK TABLES app.t0 READ',
      'SET SESSION TRANSACTION READ ONLY; DELETE FROM app.t0',
    ],
    (sql) => [
      '0: COM_RESET_CONNECTION',
      '0: SET autocommit = 0',
      `0: ${sql}`,
      '0: SELECT 1',
      '0: COMMIT; UNLOCK TABLES',
    ],
  ),
  'SET TRANSACTION goes before what the session has': each(
    [
      'SELECT COUNT(*) FROM app.own',
      'INSERT INTO app.own (a) VALUES (1)',
      'INSERT INTO app.t0 (n) VALUES (1)',
      'INSERT INTO app.t0 (nosuch) VALUES (1)',
      'SELECT id FROM shared FOR UPDATE',
      'CREATE TEMPORARY TABLE app.own (a INT)',
      'CREATE TEMPORARY TABLE app.another (a INT)',
      'DROP TEMPORARY TABLE app.own',
      'DROP TEMPORARY TABLE nosuch_table',
      'LOCK TABLES app.t0 WRITE; UNLOCK TABLES',
      'prepare 0: UPDATE app.t0 SET n = ? WHERE id = 1',
      'PREPARE p FROM "DELETE FROM app.t0"',
    ],
    (sql) => [
      ...each(['READ ONLY', 'READ WRITE'], (access) => [
        '0: COM_RESET_CONNECTION',
        '0: CREATE TEMPORARY TABLE app.own (a INT)',
        ...(access === 'READ WRITE' ? ['0: SET SESSION TRANSACTION READ ONLY'] : []),
        `0: SET TRANSACTION ${access}`,
        `0: ${sql}`,
        '0: SELECT @@warning_count',
        '0: DELETE FROM app.t1',
        '0: SELECT COUNT(*) FROM app.own',
      ]),
    ],
  ),
  'LOCK TABLES where only reading is permitted': [
    '0: SET SESSION TRANSACTION READ ONLY',
    '0: LOCK TABLES nosuch_table WRITE',
    '0: LOCK TABLES app.t0 READ',
    '0: INSERT INTO app.t1 (n) VALUES (1)',
    '0: SELECT COUNT(*) FROM app.t1',
    '0: UNLOCK TABLES',
  ],
  'SET of autocommit beside what there is to mind': [
    '0: SET @@autocommit = 0, @a = FOUND_ROWS()',
    "0: SET @@autocommit = 1, @a = CAST('x' AS SIGNED)",
    ...shown,
  ],
};

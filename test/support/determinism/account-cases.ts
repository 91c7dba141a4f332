import type { DeterminismCase } from './lab.ts';

/** Users, roles, passwords and rights. */
export const accountCases: readonly DeterminismCase[] = [
  {
    name: 'passwords in every form',
    run: [
      "CREATE USER 'a1'@'%' IDENTIFIED BY 'first', 'a2'@'localhost' IDENTIFIED BY 'it''s \\\\ ü'",
      "CREATE USER IF NOT EXISTS 'a1'@'%' IDENTIFIED BY 'other'",
      "CREATE USER 'a3'@'%'",
      "ALTER USER 'a1'@'%' IDENTIFIED BY 'second' PASSWORD EXPIRE INTERVAL 90 DAY",
      "ALTER USER IF EXISTS 'a2'@'localhost' IDENTIFIED BY 'third', 'a3'@'%' ACCOUNT LOCK",
      "ALTER USER 'a3'@'%' IDENTIFIED BY ''",
      "CREATE USER 'a4'@'%' IDENTIFIED BY 'longer than the digest of it, which has 32 bytes'",
    ],
    expect: 'equal',
    shows: ["SELECT COUNT(*) FROM mysql.user WHERE User IN ('a1', 'a2', 'a3', 'a4')", 4],
  },
  {
    name: 'MySQL: a password with its plugin, and one for all time',
    only: 'mysql',
    run: [
      "CREATE USER 'b1'@'%' IDENTIFIED WITH caching_sha2_password BY 'first' PASSWORD EXPIRE NEVER",
      "CREATE USER 'b2'@'%' IDENTIFIED WITH 'caching_sha2_password'",
      "SET PASSWORD FOR 'b1'@'%' = 'second'",
      "CREATE USER 'b3'@'%' IDENTIFIED BY 'x' REQUIRE NONE WITH MAX_USER_CONNECTIONS 5 COMMENT 'c'",
      "ALTER USER 'b3'@'%' FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME 2",
    ],
    expect: 'equal',
    shows: ["SELECT COUNT(*) FROM mysql.user WHERE User LIKE 'b_'", 3],
  },
  {
    name: 'MariaDB: SET PASSWORD, IDENTIFIED BY in GRANT, two plugins',
    only: 'mariadb',
    run: [
      "CREATE USER 'b1'@'%' IDENTIFIED BY 'first'",
      "SET PASSWORD FOR 'b1'@'%' = PASSWORD('second')",
      "GRANT SELECT ON *.* TO 'b2'@'%' IDENTIFIED BY 'granted'",
      "CREATE OR REPLACE USER 'b1'@'%' IDENTIFIED VIA unix_socket OR mysql_native_password " +
        "USING PASSWORD('x')",
    ],
    expect: 'equal',
    shows: ["SELECT COUNT(*) FROM mysql.user WHERE User LIKE 'b_'", 2],
  },
  {
    name: 'rights, roles, new names and DROP',
    run: [
      "CREATE USER 'c1'@'%' IDENTIFIED BY 'x', 'c2'@'%' IDENTIFIED BY 'x'",
      'CREATE TABLE t (id INT, v INT)',
      'CREATE FUNCTION f() RETURNS INT DETERMINISTIC NO SQL RETURN 4',
      "GRANT SELECT (id), INSERT (id, v) ON t TO 'c1'@'%'",
      "GRANT EXECUTE ON FUNCTION f TO 'c1'@'%' WITH GRANT OPTION",
      "GRANT ALL ON nowhere.* TO 'c2'@'%'",
      "REVOKE INSERT (v) ON t FROM 'c1'@'%'",
      'CREATE ROLE r1',
      "GRANT r1 TO 'c1'@'%'",
      'GRANT SELECT ON *.* TO r1',
      "SET DEFAULT ROLE r1 TO 'c1'@'%'",
      "RENAME USER 'c2'@'%' TO 'c3'@'localhost'",
      "REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'c3'@'localhost'",
      "DROP USER IF EXISTS 'c2'@'%'",
      "DROP USER 'c3'@'localhost', 'c9'@'%'",
      'FLUSH PRIVILEGES',
    ],
    expect: 'equal',
    errors: [1396, 1064],
    shows: ["SELECT COUNT(*) FROM mysql.user WHERE User = 'c1'", 1],
  },
  {
    name: 'a password that the server would choose',
    only: 'mysql',
    run: ["CREATE USER 'd1'@'%' IDENTIFIED BY RANDOM PASSWORD"],
    expect: 'refused',
    shows: ["SELECT COUNT(*) FROM mysql.user WHERE User = 'd1'", 0],
  },
  {
    name: 'a second password',
    only: 'mysql',
    run: [
      "CREATE USER 'e1'@'%' IDENTIFIED BY 'x'",
      "ALTER USER 'e1'@'%' IDENTIFIED BY 'y' RETAIN CURRENT PASSWORD",
    ],
    expect: 'refused',
    shows: ["SELECT User_attributes IS NULL FROM mysql.user WHERE User = 'e1'", 1],
  },
  {
    name: 'rights and password of whoever is logged in',
    asWriter: true,
    run: [
      'GRANT SELECT ON nothing.* TO CURRENT_USER()',
      'ALTER USER CURRENT_USER ACCOUNT UNLOCK',
      "ALTER USER USER() IDENTIFIED BY 'writer'",
      "SET PASSWORD = 'writer'",
      "SET PASSWORD = PASSWORD('writer')",
    ],
    expect: 'equal',
    // Either engine refuses the forms of the other.
    errors: [1064, 1372],
    shows: ["SELECT User FROM mysql.db WHERE Db = 'nothing'", 'writer'],
  },
];

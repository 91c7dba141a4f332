import type { Connection } from 'mysql2/promise';
import type { EngineName } from '../../src/demo/engine.ts';

/** One column of every kind, and everything that is no table; made as `root` on one server. */
export async function createRichSchema(root: Connection, engine: EngineName): Promise<void> {
  for (const sql of engine === 'mariadb' ? [...common, ...mariadb] : [...common, ...mysql]) {
    await root.query(sql);
  }
  await fill(root, engine);
}

const common = [
  'CREATE DATABASE IF NOT EXISTS app',
  'USE app',
  'CREATE DATABASE `odd ``name` CHARACTER SET latin1',
  `CREATE TABLE app.kinds (
     id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
     tiny TINYINT, big BIGINT UNSIGNED, filled INT(8) UNSIGNED ZEROFILL, dec_ DECIMAL(40, 20),
     f FLOAT, d DOUBLE, fd DOUBLE(10, 3), b1 BIT(1), b64 BIT(64),
     c CHAR(20), v VARCHAR(200), l1 VARCHAR(100) CHARACTER SET latin1,
     u16 VARCHAR(50) CHARACTER SET utf16, sj VARCHAR(50) CHARACTER SET sjis,
     t TEXT, lt LONGTEXT, bin BINARY(8), vb VARBINARY(300), bl BLOB, lb LONGBLOB,
     e ENUM('one', 'two', ''), s SET('a', 'b', 'c'),
     da DATE, ti TIME(6), dt DATETIME(6), ts TIMESTAMP(6) NULL, y YEAR,
     j JSON, g GEOMETRY, p POINT,
     twice INT AS (tiny * 2) VIRTUAL, kept VARCHAR(220) AS (CONCAT(v, '!')) STORED,
     KEY (v), KEY (kept))`,
  'CREATE TABLE app.nokey (n INT, t VARCHAR(20))',
  'CREATE TABLE app.empty_one (id INT PRIMARY KEY AUTO_INCREMENT) AUTO_INCREMENT = 1000',
  'CREATE TABLE app.parent (id INT PRIMARY KEY, name VARCHAR(50), UNIQUE (name))',
  `CREATE TABLE app.a_child (id INT PRIMARY KEY AUTO_INCREMENT, parent INT NOT NULL,
     FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE)`,
  `CREATE TABLE app.parts (id INT PRIMARY KEY, n INT) PARTITION BY HASH (id) PARTITIONS 4`,
  'CREATE TABLE `odd ``name`.`a``b.c d` (`ke``y` INT PRIMARY KEY, `ünï` VARCHAR(20))',
  'CREATE TABLE app.audit (id INT PRIMARY KEY, what VARCHAR(100))',
  'CREATE FUNCTION app.twice_of(n INT) RETURNS INT DETERMINISTIC RETURN n * 2',
  `CREATE PROCEDURE app.add_parent(IN i INT, IN t VARCHAR(50)) COMMENT 'söme; text'
   BEGIN INSERT INTO parent VALUES (i, t); SELECT 'done; really'; END`,
  'CREATE VIEW app.z_base AS SELECT id, name FROM app.parent WHERE id > 0 WITH CHECK OPTION',
  'CREATE VIEW app.a_over AS SELECT z.id, app.twice_of(z.id) AS t FROM app.z_base AS z',
  'CREATE VIEW `odd ``name`.v AS SELECT p.id FROM app.parent p ' +
    'JOIN `odd ``name`.`a``b.c d` q ON q.`ke``y` = p.id',
  `CREATE TRIGGER app.second AFTER INSERT ON app.parent FOR EACH ROW
   BEGIN INSERT INTO audit VALUES (NEW.id, CONCAT('new ', NEW.name)); END`,
  `CREATE TRIGGER app.first_one AFTER INSERT ON app.parent FOR EACH ROW PRECEDES second
   INSERT INTO audit VALUES (-NEW.id, 'first')`,
  "CREATE EVENT app.nightly ON SCHEDULE EVERY 1 DAY ENABLE COMMENT 'x' DO DELETE FROM audit",
  "CREATE USER 'reader'@'%' IDENTIFIED BY 'se''cret'",
  "GRANT SELECT ON app.* TO 'reader'@'%'",
  "GRANT UPDATE (name), INSERT ON app.parent TO 'reader'@'%'",
  "GRANT EXECUTE ON FUNCTION app.twice_of TO 'reader'@'%'",
  "CREATE ROLE 'auditors'",
  "GRANT SELECT ON app.audit TO 'auditors'",
  "GRANT 'auditors' TO 'reader'@'%'",
];

const mariadb = [
  'CREATE SEQUENCE app.numbers START WITH 100 INCREMENT BY 10 CACHE 20',
  'CREATE TABLE app.natives (id UUID PRIMARY KEY, a4 INET4, a6 INET6, hidden INT INVISIBLE)',
  'INSERT INTO app.natives (id, a4, a6, hidden) ' +
    "VALUES ('12345678-1234-1234-8234-123456789abc', '10.1.2.3', '::ffff', 5)",
  'CREATE TABLE app.numbered (id BIGINT PRIMARY KEY DEFAULT (NEXT VALUE FOR app.numbers), n INT)',
  'INSERT INTO app.numbered (n) VALUES (1), (2), (3)',
  "SET DEFAULT ROLE 'auditors' FOR 'reader'@'%'",
];

const mysql = [
  'CREATE TABLE app.natives (id INT PRIMARY KEY, vec VECTOR(3), hidden INT INVISIBLE, ' +
    'doc JSON, KEY many ((CAST(doc->"$.tags" AS UNSIGNED ARRAY))), CHECK (id > 0))',
  "INSERT INTO app.natives (id, vec, hidden, doc) VALUES (1, STRING_TO_VECTOR('[1,2.5,-3]'), 7, " +
    '\'{"tags": [1, 2, 3]}\')',
  'CREATE TABLE app.docs (id INT PRIMARY KEY, doc JSON)',
  "INSERT INTO app.docs VALUES (1, JSON_OBJECT('p q', 1.10, 'list', JSON_ARRAY(-0.500, 2.5e0, " +
    "99999999999999999999999.0, JSON_OBJECT('a\"b', 3.0)))), (2, " +
    'CAST(CAST(7.70 AS DECIMAL(9, 2)) ' +
    "AS JSON)), (3, JSON_ARRAY(DATE '2024-02-29', 1e300, 1/3e0, -0e0, 123456789012345678901234))",
  "SET DEFAULT ROLE 'auditors' TO 'reader'@'%'",
];

async function fill(root: Connection, engine: EngineName): Promise<void> {
  await root.query("SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO', time_zone='+00:00'");
  const all = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  const geometry = engine === 'mysql' ? 'ST_GeomFromText(?, 4326)' : 'ST_GeomFromText(?)';
  const sql =
    'INSERT INTO app.kinds (id, tiny, big, filled, dec_, f, d, fd, b1, b64, c, v, l1, u16, sj, ' +
    't, lt, bin, vb, bl, lb, e, s, da, ti, dt, ts, y, j, g, p) ' +
    'VALUES (?, -5, 18446744073709551615, 42, ' +
    '-12345678901234567890.12345678901234567890, 3.1415927, ?, 1.005, 1, ' +
    "0xFFEEDDCCBBAA0011, ' sp ', ?, 'é€ü', '𝄞x', 'ア日', ?, ?, ?, ?, ?, ?, ?, 'a,c', ?, " +
    "'-838:59:58.999999', '1999-12-31 23:59:59.123456', '2038-01-19 03:14:07.000001', " +
    `1901, ?, ${geometry}, ` +
    'POINT(1.5, -2.25))';
  const line = 'LINESTRING(1 1,2 2,3.5 -4)';
  const big = Buffer.alloc(3 * 1024 * 1024, all);
  const rows: unknown[][] = [
    [0, 1.7976931348623157e308, `it's \\ "q" \0 %`, 'text', 'long', 'bin', all, all, big, 'one'],
    [7, 5e-324, '', '', 'ü'.repeat(900_000), '', Buffer.alloc(0), '', '', ''],
    [9, 0.1, '🙂'.repeat(50), 'ß', 'x', all.subarray(0, 8), all, 'b', 'lb', 'not one of them'],
  ];
  for (const row of rows) {
    const date = row[0] === 0 ? '0000-00-00' : '2024-02-29';
    const json = row[0] === 7 ? '{"a": [1, 2.5, "ü\\n", null, true], "n": 1e100}' : '[]';
    await root.query(sql, [...row, date, json, line]);
  }
  await root.query('INSERT INTO app.kinds (id, d, f) VALUES (11, -0e0, -0e0), (12, 1/3, 1/3)');
  await root.query("INSERT INTO app.nokey VALUES (1, 'x'), (1, 'x'), (NULL, NULL), (2, '')");
  await root.query("INSERT INTO app.parent VALUES (1, 'one'), (2, 'two')");
  await root.query('INSERT INTO app.a_child (parent) VALUES (1), (2), (1)');
  await root.query("INSERT INTO `odd ``name`.`a``b.c d` VALUES (1, 'é')");
  for (let from = 0; from < 4000; from += 500) {
    const values = Array.from({ length: 500 }, (_, index) => `(${from + index}, ${index})`);
    await root.query(`INSERT INTO app.parts VALUES ${values.join(',')}`);
  }
}

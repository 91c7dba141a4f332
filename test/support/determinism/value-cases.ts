import type { DeterminismCase } from './lab.ts';

const allBytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

/** Values of every type, as text, as parameters, and read on the leader and written out. */
export const valueCases: readonly DeterminismCase[] = [
  {
    name: 'every type, copied by way of the leader',
    setup: [
      'CREATE TABLE a (id INT AUTO_INCREMENT PRIMARY KEY, i TINYINT, u BIGINT UNSIGNED, ' +
        'd DECIMAL(30,10), f FLOAT, g DOUBLE, b BIT(10), y YEAR, da DATE, ti TIME(6), ' +
        'dt DATETIME(6), ts TIMESTAMP(3) NULL, c CHAR(10), v VARCHAR(50), bi BINARY(4), ' +
        "vb VARBINARY(300), bl BLOB, te TEXT, e ENUM('x','y'), s SET('p','q'), j JSON, " +
        'p POINT)',
      'CREATE TABLE z LIKE a',
    ],
    run: [
      [
        'INSERT INTO a (i,u,d,f,g,b,y,da,ti,dt,ts,c,v,bi,vb,bl,te,e,s,j,p) VALUES ' +
          "(-5,18446744073709551615,-12345678901234567890.0123456789,?,?,b'1010101010',2024," +
          "'2024-02-29','-838:59:58.999999','9999-12-31 23:59:59.999999'," +
          "'2020-06-01 12:00:00.123','ab ',?,X'00FF',?,?,'日本 \\\\ '' \"','y','p,q'," +
          '\'{"k": [1, 2.5, null, "ü"]}\',ST_GeomFromText(\'POINT(1.5 -2)\'))',
        [1 / 3, 0.1 + 0.2, "😀 it's", allBytes, allBytes],
      ],
      'INSERT INTO a (i) VALUES (NULL)',
      'INSERT INTO z SELECT * FROM a LIMIT 5',
      'UPDATE z JOIN a USING (id) SET z.i = a.i WHERE z.f <=> a.f AND z.g <=> a.g',
      'INSERT INTO z (v, vb, j) SELECT v, vb, j FROM a LIMIT 1',
    ],
    expect: 'equal',
    shows: [
      'SELECT COUNT(*) FROM z JOIN a USING (id) WHERE a.u=z.u AND a.d=z.d AND a.f=z.f AND ' +
        'a.g=z.g AND a.b=z.b AND a.ti=z.ti AND a.dt=z.dt AND a.ts=z.ts AND a.c=z.c AND a.v=z.v ' +
        'AND a.bi=z.bi AND a.vb=z.vb AND a.bl=z.bl AND a.te=z.te AND a.e=z.e AND a.s=z.s AND ' +
        'ST_AsText(a.p)=ST_AsText(z.p)',
      1,
    ],
  },
  {
    name: 'all bytes in text and as parameters',
    setup: ['CREATE TABLE b (id INT PRIMARY KEY, v LONGBLOB)'],
    run: [
      `INSERT INTO b VALUES (1, X'${allBytes.toString('hex')}')`,
      ['INSERT INTO b VALUES (2, ?)', [allBytes]],
      [
        'INSERT INTO b VALUES (3, ?)',
        [Buffer.concat(Array.from({ length: 4000 }, () => allBytes))],
      ],
      ['UPDATE b SET v = CONCAT(v, ?) WHERE id = ?', [allBytes, 1]],
      ['DELETE FROM b WHERE v = ? LIMIT 1', [allBytes]],
    ],
    expect: 'equal',
    shows: ['SELECT SUM(LENGTH(v)) FROM b', 1_024_512],
  },
  {
    name: 'character sets of columns, session and literals',
    setup: [
      'CREATE TABLE c (id INT AUTO_INCREMENT PRIMARY KEY, l VARCHAR(20) CHARACTER SET latin1, ' +
        'u VARCHAR(20) CHARACTER SET utf8mb4, s VARCHAR(20) CHARACTER SET sjis, ' +
        'g VARCHAR(20) CHARACTER SET gbk, w VARCHAR(20) CHARACTER SET utf16)',
    ],
    run: [
      "INSERT INTO c (l, u, s, g, w) VALUES ('häß', '日本😀', '表', '中文', 'é')",
      'SET NAMES latin1',
      "INSERT INTO c (l, u) VALUES (_latin1 X'E4', _utf8mb4 X'F09F9880')",
      ['INSERT INTO c (l, u) VALUES (?, ?)', ['x', 'y']],
      'INSERT INTO c (l, u, s, g, w) SELECT l, u, s, g, w FROM c LIMIT 2',
      'SET NAMES utf8mb4 COLLATE utf8mb4_bin',
      "UPDATE c SET u = 'Q' WHERE u = 'Y'",
      'SET NAMES utf8mb4',
      "UPDATE c SET l = CONCAT(l, UUID()) WHERE u = 'y'",
    ],
    expect: 'equal',
    errors: [1406],
    shows: ["SELECT COUNT(*) FROM c WHERE s = '表' AND g = '中文' AND w = 'é'", 2],
  },
  {
    name: 'client character sets whose characters end in a backslash',
    setup: ['CREATE TABLE c (id INT PRIMARY KEY, g VARCHAR(20) CHARACTER SET gbk)'],
    run: [
      'SET NAMES gbk',
      ['INSERT INTO c VALUES (?, ?)', [1, Buffer.from([0xd5, 0x5c])]],
      ['INSERT INTO c SELECT ?, g FROM c LIMIT 1', [2]],
      "INSERT INTO c VALUES (3, X'D55C')",
    ],
    expect: 'equal',
    shows: ['SELECT GROUP_CONCAT(DISTINCT HEX(g)) FROM c', 'D55C'],
  },
  {
    name: 'time zones and fractions',
    setup: [
      'CREATE TABLE z (id INT PRIMARY KEY, t TIMESTAMP(6) NULL, d DATETIME(6), ' +
        'c TIME(3), m DECIMAL(20,6))',
    ],
    run: [
      "SET time_zone = '+05:30'",
      'INSERT INTO z VALUES (1, NOW(6), NOW(6), CURTIME(3), UNIX_TIMESTAMP(NOW(6)))',
      "SET time_zone = '-03:00', timestamp = 1700000000.123456",
      'INSERT INTO z VALUES (2, NOW(6), NOW(6), CURTIME(3), UNIX_TIMESTAMP(NOW(6)))',
      'SET timestamp = DEFAULT',
      'INSERT INTO z SELECT 3, t, d, c, m FROM z WHERE id = 2 LIMIT 1',
    ],
    expect: 'equal',
    shows: ['SELECT CAST(d AS CHAR) FROM z WHERE id = 3', '2023-11-14 19:13:20.123456'],
  },
  {
    name: 'sql_mode variants',
    setup: ['CREATE TABLE m (id INT PRIMARY KEY, v TINYINT NOT NULL, w VARCHAR(3), d DATE)'],
    run: [
      "SET sql_mode = ''",
      "INSERT INTO m (id, w) VALUES (1, 'too long')",
      "INSERT INTO m VALUES (2, 1000, 'x', '2024-02-31')",
      "SET sql_mode = 'STRICT_ALL_TABLES'",
      "INSERT INTO m VALUES (3, 1000, 'x', NULL)",
      "SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'",
      `INSERT INTO "m" ("id", "v", w) VALUES (4, 1, 'a' || 'b')`,
      "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
      "INSERT INTO m VALUES (5, 1, '\\', NULL)",
      ['INSERT INTO m VALUES (?, 1, ?, NULL)', [6, "\\'"]],
      "SET sql_mode = 'IGNORE_SPACE,NO_UNSIGNED_SUBTRACTION'",
      'UPDATE m SET v = v - 2 WHERE id = 5',
      'DELETE FROM m WHERE v > 0 LIMIT 1',
      'SET sql_mode = DEFAULT',
    ],
    expect: 'equal',
    errors: [1264],
    shows: ['SELECT COUNT(*) FROM m', 4],
  },
  {
    name: 'parameters of every kind',
    setup: [
      'CREATE TABLE p (id INT PRIMARY KEY, i BIGINT, d DOUBLE, s VARCHAR(100), b BLOB, j JSON, ' +
        't DATETIME(3))',
    ],
    run: [
      [
        'INSERT INTO p VALUES (?,?,?,?,?,?,?)',
        [1, -42, 1e-300, null, Buffer.alloc(0), '{"a":1}', new Date(1.7e12)],
      ],
      [
        'INSERT INTO p VALUES (?,?,?,?,?,?,?)',
        [2, '9223372036854775807', 0.1, '\0\n\r\x1a\'"\\', allBytes, '[]', null],
      ],
      ['UPDATE p SET s = ?, d = d * ? WHERE id IN (?, ?)', ['ü', 3, 1, 2]],
      ['DELETE FROM p WHERE s = ? LIMIT ?', ['ü', '1']],
    ],
    expect: 'equal',
    shows: ['SELECT COUNT(*) FROM p', 1],
  },
  {
    name: 'JSON changed in part',
    setup: ['CREATE TABLE j (id INT PRIMARY KEY, d JSON)', `INSERT INTO j VALUES (1, '{"a":1}')`],
    run: [
      "UPDATE j SET d = JSON_SET(d, '$.b', JSON_ARRAY(1, 2.5, 'ü', NULL), '$.t', 0.1)",
      "UPDATE j SET d = JSON_REMOVE(d, '$.a')",
      'INSERT INTO j SELECT 2, d FROM j LIMIT 1',
      "INSERT INTO j VALUES (3, JSON_OBJECT('n', NOW(6), 'u', UUID()))",
    ],
    expect: 'equal',
    shows: ['SELECT COUNT(DISTINCT id) FROM j', 3],
  },
];

/** A file, and how LOAD DATA LOCAL reads it; `%t` stands for the table. */
export interface LoadCase {
  readonly name: string;
  readonly tables: readonly string[];
  /** Behind the file's name; INTO TABLE is added where it is missing. */
  readonly clauses: string;
  readonly file: string | Buffer;
  /** What the session sets before. */
  readonly session?: readonly string[];
  /** Left to the extended tests. */
  readonly rare?: true;
}

const rich =
  'CREATE TABLE %t (id INT PRIMARY KEY, v VARCHAR(20), n INT NOT NULL DEFAULT 7, d DATE, ' +
  'x DECIMAL(6,2), u VARCHAR(10) CHARACTER SET latin1)';
const keyed = 'CREATE TABLE %t (id INT AUTO_INCREMENT PRIMARY KEY, a INT, u INT UNIQUE)';
const csv = "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"'";
const mebibyte = 1024 * 1024;

export function loadStatement(table: string, clauses: string, form = 'DATA'): string {
  const into = /INTO TABLE %t/.test(clauses) ? clauses : `INTO TABLE %t ${clauses}`;
  return `LOAD ${form} LOCAL INFILE 'a file' ${into.replaceAll('%t', table)}`;
}

export const loadCases: readonly LoadCase[] = [
  {
    name: 'tabs, escapes and NULL',
    tables: [rich],
    clauses: '',
    file: '1\ta\\tb\t2\t2024-02-03\t1.50\tü\n2\t\\N\t3\t\\N\t\\N\t\\N\n',
  },
  {
    name: 'quotes, a line within quotes, the word NULL, no end of the last line',
    rare: true,
    tables: [rich],
    clauses: csv,
    file:
      '1,"a ""b"", c",2,2024-01-01,3.25,x\n2,"two\nlines",3,NULL,NULL,"NULL"\n' +
      '3,"a"b,c"d"\n4,"open',
  },
  {
    name: 'values that do not fit, fields that are missing, lines with too many',
    tables: [rich],
    clauses: csv,
    file:
      '1,far too long a text for twenty,abc,2024-13-45,99999999,x\n2,short\n' +
      '3,a,,,,,more,fields\n\n',
  },
  {
    name: 'the same with the modes of old',
    rare: true,
    session: ["SET sql_mode='NO_BACKSLASH_ESCAPES'"],
    tables: [rich],
    clauses: csv,
    file: '1,far too long a text for twenty,abc,2024-13-45,99999999,x\\\n0,a\\,b,1\n',
  },
  {
    name: 'duplicates are skipped',
    rare: true,
    tables: [keyed],
    clauses: `IGNORE INTO TABLE %t ${csv}`,
    file: '1,1,1\n1,2,2\n2,3,1\n3,3,3\n',
  },
  {
    name: 'duplicates replace',
    tables: [keyed, 'INSERT INTO %t VALUES (7, 7, 7), (8, 8, 8)'],
    clauses: `REPLACE INTO TABLE %t ${csv}`,
    file: '1,1,1\n1,2,2\n7,3,8\n3,3,3\n',
  },
  {
    name: 'columns, variables, SET and skipped lines',
    tables: [rich],
    clauses:
      `${csv} LINES TERMINATED BY '\\r\\n' IGNORE 2 LINES (v, @x, id, @skip) ` +
      "SET d = STR_TO_DATE(@x, '%d.%m.%Y'), n = id + LENGTH(@skip), x = NULLIF(@y, '')",
    file: 'head,"er\r\nline\r\none,03.02.2024,1,abc\r\n"t,wo",04.02.2024,2,\r\n',
  },
  {
    name: 'clock, seeds and the account',
    rare: true,
    tables: ['CREATE TABLE %t (id INT PRIMARY KEY, at DATETIME(6), r INT, who VARCHAR(50))'],
    clauses: '(id) SET at = NOW(6), r = RAND() < 2, who = CURRENT_USER()',
    file: '1\n2\n3\n',
  },
  {
    name: 'lines that begin with a mark, other terminators',
    rare: true,
    tables: [rich],
    clauses: "FIELDS TERMINATED BY '||' ESCAPED BY '!' LINES STARTING BY '>>' TERMINATED BY ';'",
    file: 'nothing;>>1||a!;b||2;x>>2||c!||d||3;',
  },
  {
    name: 'fields of the width of their columns',
    rare: true,
    tables: ['CREATE TABLE %t (a CHAR(4), b CHAR(3))'],
    clauses: "FIELDS TERMINATED BY '' ENCLOSED BY ''",
    file: 'abcdxyz\nefghuvw\n',
  },
  {
    name: 'another character set',
    tables: [rich],
    clauses: `CHARACTER SET latin1 ${csv}`,
    file: Buffer.from('1,gr\xfc\xdfe,1,2024-01-01,1,\xe4\n', 'latin1'),
  },
  {
    name: 'the character set of the schema, whatever the client speaks',
    session: ['SET NAMES latin1'],
    tables: [rich],
    clauses: csv,
    file: '1,grüße,1,2024-01-01,1,ä\n2,日本,2,2024-01-01,1,ö\n',
  },
  {
    name: 'bytes of all kinds',
    rare: true,
    tables: ['CREATE TABLE %t (id INT PRIMARY KEY, b VARBINARY(300))'],
    clauses: "CHARACTER SET binary FIELDS ESCAPED BY ''",
    file: Buffer.concat([
      Buffer.from('1\t'),
      Buffer.from(
        Array.from({ length: 256 }, (_, byte) => byte).filter((b) => b !== 9 && b !== 10),
      ),
      Buffer.from('\n'),
    ]),
  },
  {
    name: 'generated ids and columns',
    tables: [
      'CREATE TABLE %t (id INT AUTO_INCREMENT PRIMARY KEY, a INT, twice INT AS (a * 2), ' +
        'at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)',
      'INSERT INTO %t (id, a) VALUES (41, 1)',
    ],
    clauses: `${csv} (a)`,
    file: '5\n6\n7\n',
  },
  {
    name: 'triggers',
    tables: [
      'CREATE TABLE %t (id INT PRIMARY KEY, a INT)',
      'CREATE TABLE %t_log (id INT PRIMARY KEY, what VARCHAR(20))',
      'CREATE TRIGGER %t_before BEFORE INSERT ON %t FOR EACH ROW SET NEW.a = NEW.a * 2',
      'CREATE TRIGGER %t_after AFTER INSERT ON %t FOR EACH ROW ' +
        "REPLACE %t_log VALUES (NEW.id, 'in')",
    ],
    clauses: 'REPLACE INTO TABLE %t',
    file: '1\t1\n2\t2\n1\t3\n',
  },
  {
    name: 'rows of another partition',
    rare: true,
    tables: [
      'CREATE TABLE %t (id INT PRIMARY KEY) PARTITION BY RANGE (id) ' +
        '(PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)',
    ],
    clauses: 'INTO TABLE %t PARTITION (p0)',
    file: '1\n2\n30\n',
  },
  { name: 'nothing at all', tables: [rich], clauses: '', file: '' },
  {
    name: 'a line of several packets',
    rare: true,
    tables: ['CREATE TABLE %t (id INT PRIMARY KEY, b LONGTEXT)'],
    clauses: '',
    file: `1\t${'x'.repeat(2 * mebibyte)}\n2\t${'y'.repeat(mebibyte)}\n`,
  },
];

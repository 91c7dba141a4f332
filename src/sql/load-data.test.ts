import { describe, expect, test } from 'vitest';
import { analyse } from './analyse.ts';
import type { LexMode } from './lex-mode.ts';
import { loadsColumn, withFileCharset } from './load-data.ts';

const mode: LexMode = { ansiQuotes: false, noBackslashEscapes: false, flavor: 'mysql' };

describe('LOAD DATA', () => {
  test.each([
    ["LOAD DATA LOCAL INFILE 'f' INTO TABLE t", true],
    ["load data concurrent local infile 'f' into table t", true],
    ["LOAD XML LOW_PRIORITY LOCAL INFILE 'f' INTO TABLE t", true],
    ["SET STATEMENT max_statement_time=5 FOR LOAD DATA LOCAL INFILE 'f' INTO TABLE t", true],
    ["LOAD DATA INFILE 'f' INTO TABLE t", false],
    ["LOAD DATA INFILE 'f' INTO TABLE t (local, a)", false],
    ["LOAD DATA /*!99999 LOCAL */ INFILE 'f' INTO TABLE t", false],
    ["LOAD DATA LOCAL_INFILE 'f' INTO TABLE t", false],
  ])('%s is local: %s', (sql, local) => {
    expect(analyse(sql, mode)).toMatchObject({ kind: 'load_data', local });
  });

  test.each([
    'REPLACE INTO TABLE app.t',
    'IGNORE INTO TABLE app.t',
    'INTO TABLE `app`.`t` PARTITION (p0, p1) CHARACTER SET latin1',
  ])('%s writes the table', (into) => {
    const sql = `LOAD DATA LOCAL INFILE 'f' ${into} IGNORE 1 LINES (a, @b) SET c = @b + 1`;
    const found = analyse(sql, mode);
    expect(found.writtenTables).toEqual([{ schema: 'app', name: 't' }]);
    expect(found.tables).toEqual(found.writtenTables);
    expect(found.userVariablesRead).toEqual(['b']);
    expect(found.hasUnknownFunction).toBe(false);
  });

  test.each([
    ['', true],
    ['(a, @b)', false],
    ['(a, `ID`)', true],
    ['PARTITION (id) (a)', false],
    ['(a, @b) SET id = @b', true],
  ])('INTO TABLE t %s may give id a value: %s', (tail, expected) => {
    const sql = `LOAD DATA LOCAL INFILE 'f' INTO TABLE t ${tail}`;
    expect(loadsColumn(sql, mode, 'id')).toBe(expected);
  });

  test.each([
    ["'f' INTO TABLE t", "'f' INTO TABLE t CHARACTER SET latin1"],
    ["'f' INTO TABLE a.t (x)", "'f' INTO TABLE a.t CHARACTER SET latin1 (x)"],
    [
      "'f' REPLACE INTO TABLE t PARTITION (p0) FIELDS ESCAPED BY ''",
      "'f' REPLACE INTO TABLE t PARTITION (p0) CHARACTER SET latin1 FIELDS ESCAPED BY ''",
    ],
    ["'f' INTO TABLE t CHARACTER SET utf8mb4", "'f' INTO TABLE t CHARACTER SET utf8mb4"],
    ["'f' INTO TABLE t CHARSET binary (x)", "'f' INTO TABLE t CHARSET binary (x)"],
    ["'INTO TABLE x' INTO TABLE t", "'INTO TABLE x' INTO TABLE t CHARACTER SET latin1"],
  ])('the character set of %s', (sql, expected) => {
    const begin = 'LOAD DATA LOCAL INFILE ';
    expect(withFileCharset(begin + sql, mode, 'latin1')).toBe(begin + expected);
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { planStatement } from '../../src/routing/plan.ts';
import { analyse } from '../../src/sql/analyse.ts';
import { callArguments } from '../../src/sql/call-arguments.ts';
import { replaceConnectionId } from '../../src/sql/connection-id.ts';
import { definerPlace } from '../../src/sql/definer-place.ts';
import { insertShape } from '../../src/sql/insert-shape.ts';
import { parseKill } from '../../src/sql/kill-statement.ts';
import type { LexMode } from '../../src/sql/lex-mode.ts';
import { Lexer } from '../../src/sql/lexer.ts';
import { passwordClauses } from '../../src/sql/password-clauses.ts';
import { parsePreparedText } from '../../src/sql/prepared-text.ts';
import { sequenceUses } from '../../src/sql/sequence-uses.ts';
import { parseSet } from '../../src/sql/set-statement.ts';
import { setText } from '../../src/sql/set-text.ts';
import { splitStatements } from '../../src/sql/split-statements.ts';
import { rowWriteShape } from '../../src/sql/write-shape.ts';
import { clientPayloads } from './corpus.ts';
import { type FuzzProperty, fuzzProperty } from './fuzz-property.ts';
import { hostile } from './hostile-bytes.ts';

const statements = [
  "SELECT 'it''s', \"b\\\"c\", `d``e`, 0x41, b'01', 1.5e-3 FROM t1 x JOIN s.t2 USING (id) -- end",
  'WITH RECURSIVE c (n) AS (SELECT 1 UNION SELECT n + 1 FROM c) SELECT * FROM c FOR UPDATE',
  "INSERT INTO t (a, b) VALUES (1, 'x'), (DEFAULT, NOW(6)) ON DUPLICATE KEY UPDATE a = VALUES(a)",
  'REPLACE INTO t SET a = UUID(), b = @v := 5',
  'UPDATE t1, t2 SET t1.a = t2.b WHERE t1.id = t2.id ORDER BY a LIMIT 3',
  'DELETE FROM t WHERE a IN (SELECT b FROM u) RETURNING *',
  'SET @a = 1, @@session.sql_mode = CONCAT(@@sql_mode, ",ANSI"), GLOBAL x = 1, NAMES utf8mb4',
  'SET STATEMENT max_statement_time = 1 FOR SELECT SLEEP(1)',
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY',
  'CREATE DEFINER=`a`@`%` TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN SET @a = 1; END',
  'CREATE PROCEDURE p (OUT a INT) BEGIN IF 1 THEN SELECT 1; ELSE LEAVE l; END IF; END',
  "CREATE USER u IDENTIFIED WITH caching_sha2_password BY 'secret' REQUIRE SSL",
  'PREPARE s FROM @text; EXECUTE s USING @a, @b; DEALLOCATE PREPARE s',
  "EXECUTE IMMEDIATE 'SELECT ?' USING 1 + 1",
  'CALL p(@a, 5); KILL QUERY 7; LOCK TABLES t READ, u AS v WRITE; UNLOCK TABLES',
  '/*!50000 SELECT */ /*M!100100 1 */ # comment\n; /* open',
  'EXPLAIN ANALYZE FORMAT=JSON SELECT * FROM t; ANALYZE FORMAT=JSON SELECT 1',
  'HANDLER t OPEN AS h; HANDLER h READ i >= (1) LIMIT 2; HANDLER h CLOSE',
  "LOAD DATA LOCAL INFILE 'x' INTO TABLE t; XA START 'a'; GET DIAGNOSTICS @a = NUMBER",
  'SELECT CONNECTION_ID(), @@pseudo_thread_id, NEXT VALUE FOR s, LASTVAL(s), SETVAL(s, 1)',
];

const pieces = [
  ...'( ) , ; . = := @ @@ * / - -- # /* */ /*! ? \' " ` \\ \n \0 \xff { } [ ] | & :'.split(' '),
  ...'SELECT WITH AS FROM SET EXPLAIN ANALYZE FORMAT STATEMENT FOR BEGIN END IF LOOP'.split(' '),
  ...'NOT ATOMIC CASE WHEN CREATE TABLE TRIGGER VALUES INSERT INTO UNION a b1 1 1e5'.split(' '),
  ..."x'41' _utf8mb4 @a @@x.y DEFINER GLOBAL NAMES COLLATE EXECUTE IMMEDIATE USING".split(' '),
];

/** What may stand before a statement, or within itself, any number of times. */
const chains = [
  ['SET STATEMENT a=1 FOR'],
  ['EXPLAIN ANALYZE'],
  ['ANALYZE'],
  ['ANALYZE FORMAT=JSON'],
  ['WITH a AS (SELECT 1)'],
  ['WITH a AS (SELECT 1) ('],
  ['WITH a AS ('],
  ['SELECT a FROM ('],
  ['x JOIN ('],
  ['f('],
  ['BEGIN'],
  ['BEGIN IF a THEN LOOP'],
  ['CASE WHEN'],
  ["u IDENTIFIED BY 'x',"],
  ['(1),'],
  [', a AS (SELECT 1)'],
];

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
const text = fc.oneof(
  hostile([...statements.map(bytesOf), ...clientPayloads]).map((bytes) => bytes.toString('latin1')),
  fc
    .array(fc.constantFrom(...pieces), { maxLength: 40 })
    .chain((words) => fc.constantFrom(words.join(' '), words.join(''))),
);

const mode: fc.Arbitrary<LexMode> = fc.record(
  {
    ansiQuotes: fc.boolean(),
    noBackslashEscapes: fc.boolean(),
    flavor: fc.constantFrom('mysql' as const, 'mariadb' as const),
    serverVersion: fc.constantFrom(90704, 101119),
    charset: fc.constantFrom('gbk' as const, 'sjis' as const, 'big5' as const),
  },
  { requiredKeys: ['ansiQuotes', 'noBackslashEscapes', 'flavor'] },
);

/** Every reader of text there is. */
function readAll(sql: string, lexMode: LexMode): void {
  planStatement(analyse(sql, lexMode));
  setText(sql, parseSet(sql, lexMode));
  insertShape(sql, lexMode);
  rowWriteShape(sql, lexMode);
  callArguments(sql, lexMode);
  replaceConnectionId(sql, lexMode, 7);
  definerPlace(sql, lexMode);
  parseKill(sql, lexMode);
  passwordClauses(sql, lexMode);
  parsePreparedText(sql, lexMode);
  sequenceUses(sql, lexMode);
}

const tokens = fuzzProperty('tokens', fc.tuple(text, mode), ([sql, lexMode]) => {
  let at = 0;
  for (const { start, end } of new Lexer(sql, lexMode).run()) {
    assert.ok(start >= at);
    assert.ok(end >= start);
    assert.ok(end <= sql.length);
    at = end;
  }
});

const analysed = fuzzProperty('analysis', fc.tuple(text, mode), ([sql, lexMode]) => {
  readAll(sql, lexMode);
});

const split = fuzzProperty('statements of a text', fc.tuple(text, mode), ([sql, lexMode]) => {
  let at = 0;
  for (const { start, end } of splitStatements(sql, lexMode)) {
    assert.ok(start >= at);
    assert.ok(end >= start);
    at = end;
  }
  assert.ok(at <= sql.length);
});

const wordsMax = 12_000;
/** Quadratic work on so many words takes minutes. */
const repeatedMsMax = 10_000;

const repeated = fuzzProperty(
  'long texts',
  fc.tuple(
    fc.oneof(
      fc.constantFrom(...chains),
      fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 3 }),
    ),
    fc.constantFrom('', 'CREATE PROCEDURE p() BEGIN ', 'INSERT INTO t VALUES ', 'CALL p('),
    mode,
  ),
  ([words, before, lexMode]) => {
    const unit = `${words.join(' ')} `;
    const sql = before + unit.repeat(wordsMax / words.length);
    const startedMs = performance.now();
    readAll(sql, lexMode);
    assert.ok(performance.now() - startedMs < repeatedMsMax);
  },
);

/** All that reads the text of a statement. */
export const sqlProperties: readonly FuzzProperty[] = [tokens, analysed, split];

/** Of texts so long that quadratic work shows, few are enough. */
export const longTextProperties: readonly FuzzProperty[] = [repeated];

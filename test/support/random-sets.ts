import assert from 'node:assert/strict';
import type { Connection } from 'mysql2/promise';
import { seededRandom } from '../../src/log/testing/seeded-random.ts';
import { transcriptOf } from './differential.ts';

const values = [
  '1',
  '-7',
  '1.50',
  '2e3',
  'NULL',
  "'text'",
  "_latin1 X'e9'",
  "X'00ff'",
  '18446744073709551615',
  "CONCAT(@a, 'x')",
  '@b + 1',
  '@@sql_mode',
  'COALESCE(@c, 0) + 0.5',
];
const modes = [
  'DEFAULT',
  "''",
  "'ANSI_QUOTES'",
  "'NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'",
  "CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')",
  "'nosuch_mode'",
];
const settings: readonly (readonly [name: string, values: readonly string[]])[] = [
  ['sql_mode', modes],
  ['time_zone', ["'+05:30'", "'-03:00'", "'SYSTEM'", 'DEFAULT', "'nowhere'"]],
  ['sql_select_limit', ['5', '100', 'DEFAULT']],
  ['group_concat_max_len', ['8', '4096', 'DEFAULT']],
  ['max_join_size', ['50', '7000', 'DEFAULT']],
  ['sql_big_selects', ['0', '1', 'DEFAULT']],
  ['lc_time_names', ["'de_DE'", "'fr_FR'", 'DEFAULT']],
  ['default_week_format', ['0', '3', 'DEFAULT']],
  ['div_precision_increment', ['2', '9', 'DEFAULT']],
  ['foreign_key_checks', ['0', 'ON', 'DEFAULT']],
  ['unique_checks', ['0', '1']],
  ['sql_safe_updates', ['0', '1', 'DEFAULT']],
  ['innodb_lock_wait_timeout', ['3', '60', 'DEFAULT']],
  ['character_set_connection', ['latin1', 'utf8mb4', 'ascii']],
  ['collation_connection', ['latin1_bin', 'utf8mb4_bin', 'utf8mb4_unicode_ci']],
  ['character_set_results', ['utf8mb4', 'NULL', 'latin1']],
  ['timestamp', ['1000000000.5', '1700000000']],
  // Each is known to one of the two servers only.
  ['max_statement_time', ['7', '0']],
  ['max_execution_time', ['7000', '0']],
  ['nosuch_variable', ['1']],
];
const others = [
  'SET NAMES latin1',
  'SET NAMES utf8mb4 COLLATE utf8mb4_bin',
  'SET NAMES utf8mb4',
  'SET CHARACTER SET latin1',
  'SET SESSION TRANSACTION READ ONLY',
  'SET SESSION TRANSACTION READ WRITE',
  'SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE',
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
  'USE app',
  'USE information_schema',
  'USE nosuch_schema',
  'SET autocommit = 0',
  'SET autocommit = 1',
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'SELECT 1 INTO @a',
  'SELECT @b := 5, @c := CONCAT(@a, 1)',
  "PREPARE p FROM 'SELECT @a, ? + 1'",
  'EXECUTE p USING @b',
  'DEALLOCATE PREPARE p',
  'CREATE TEMPORARY TABLE app.own (a INT)',
  'INSERT INTO app.own VALUES (1), (2)',
  'SELECT COUNT(*) FROM app.own',
  'DROP TEMPORARY TABLE app.own',
  'SELECT LAST_INSERT_ID(77)',
  'SELECT missing_column',
  'SELECT 1 / 0',
  'SHOW WARNINGS',
  "SELECT GET_LOCK(CONCAT('lock', @@lc_time_names), 0) IS NOT NULL",
  'DO RELEASE_ALL_LOCKS()',
] as const;

const shown = [
  ...['@a', '@b', '@c', 'HEX(@a)', "IF(@a IS NULL, '', CHARSET(@a))", 'DATABASE()'],
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
  'NOW() < 20200101',
].map((expression, index) => `${expression} AS c${index}`);

/** The same session on a server and through Lockstep. */
export interface Twin {
  readonly direct: Connection;
  readonly through: Connection;
}

/** Random statements in random sessions: each is told what a server would tell it alone. */
export async function compareSets(twins: readonly Twin[], seed: number, steps: number) {
  const random = seededRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const assignment = (): string => {
    if (random() < 0.4) return `@${pick(['a', 'b', 'c'])} = ${pick(values)}`;
    const [name, choices] = pick(settings);
    return `${pick(['', 'SESSION ', '@@'])}${name} = ${pick(choices)}`;
  };
  const statement = (): string => {
    if (random() < 0.35) return pick(others);
    return `SET ${Array.from({ length: 1 + Math.floor(random() * 2) }, assignment).join(', ')}`;
  };
  const ran: string[] = [];
  for (let step = 0; step < steps; step += 1) {
    const who = Math.floor(random() * twins.length);
    const { direct, through } = twins[who] as Twin;
    const shows = random() < 0.3;
    const sql = shows ? `SELECT ${shown.join(', ')}` : statement();
    ran.push(`${who}: ${shows ? 'shown' : sql}`);
    const [expected, told] = await Promise.all([
      transcriptOf(direct, [sql]),
      transcriptOf(through, [sql]),
    ]);
    const own = ran.filter((line) => line.startsWith(`${who}:`));
    const answers = [told, expected].map(([line = '']) => line.slice(sql.length));
    assert.equal(answers[0], answers[1], `seed ${seed}, step ${step}\n${own.join('\n')}`);
  }
}

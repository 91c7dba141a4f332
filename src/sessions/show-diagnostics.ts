import { LockstepError } from '../base/errors.ts';
import { type ColumnDefinition41, ColumnFlag, ColumnType } from '../protocol/column-definition.ts';
import { Lexer } from '../sql/lexer.ts';
import { isOperator, isWord, type Token } from '../sql/token.ts';
import type { Answer } from './answer.ts';
import type { Condition } from './ask-conditions.ts';
import { resultsCollation } from './connection-charsets.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteRequest } from './write-request.ts';

/** SHOW WARNINGS, SHOW ERRORS, SHOW COUNT(*) WARNINGS and ERRORS; undefined for anything else. */
export async function showDiagnostics(
  core: SessionCore,
  { sql, statement, request }: WriteRequest,
): Promise<Answer | undefined> {
  if (!/^SHOW (?:WARNINGS|ERRORS|COUNT)$/.test(statement.verb)) return undefined;
  const tokens = new Lexer(sql, core.lexMode).run();
  const { diagnostics } = core;
  const conditions = await diagnostics.conditions();
  const errors = conditions.filter(({ level }) => level === 'Error');
  const result = { binary: request.binary };
  if (statement.verb === 'SHOW COUNT') {
    const ofErrors = tokens.some((token) => isWord(token, 'ERRORS'));
    const name = ofErrors ? 'error_count' : 'warning_count';
    const count = ofErrors
      ? diagnostics.errorCount
      : Math.max(diagnostics.warningCount, conditions.length);
    diagnostics.noteShown(true);
    const columns = [countColumn(`@@session.${name}`)];
    // The servers count by a SELECT.
    const hidden = core.state.carried.settings.get('sql_select_limit') === '0';
    const rows = hidden ? [] : [[BigInt(count)]];
    return { kind: 'rows', result: { ...result, columns, rows } };
  }
  const { offset, count } = limitOf(sql, tokens);
  const listed = statement.verb === 'SHOW ERRORS' ? errors : conditions;
  diagnostics.noteShown(false);
  const rows = listed.slice(offset, offset + count).map(rowOf);
  return { kind: 'rows', result: { ...result, columns: conditionColumns(core), rows } };
}

const rowOf = ({ level, code, message }: Condition): (string | number)[] => [level, code, message];

/** LIMIT count, LIMIT offset, count. */
function limitOf(sql: string, tokens: readonly Token[]): { offset: number; count: number } {
  const at = tokens.findIndex((token) => isWord(token, 'LIMIT'));
  if (at < 0) return { offset: 0, count: Infinity };
  const number = (index: number): number => {
    const token = tokens[index];
    if (token?.kind === 'number') return Number(sql.slice(token.start, token.end));
    throw new LockstepError('unsupported', 'LIMIT of SHOW WARNINGS takes plain numbers only');
  };
  if (!isOperator(tokens[at + 2], ',')) return { offset: 0, count: number(at + 1) };
  return { offset: number(at + 1), count: number(at + 3) };
}

const binaryCollation = 63;
/** A text column's precision is not fixed: NOT_FIXED_DEC of the servers. */
const anyDecimals = { mariadb: 39, mysql: 31 } as const;

/** As both servers describe them (compared in test/integration/diagnostics.test.ts). */
function conditionColumns(core: SessionCore): ColumnDefinition41[] {
  const { flavor } = core.lexMode;
  const { collation, bytes } = columnCollation(core);
  const text = (name: string, characters: number): ColumnDefinition41 => ({
    ...nameOnly(name),
    characterSet: collation,
    lengthMax: characters * bytes,
    type: ColumnType.VAR_STRING,
    flags: ColumnFlag.NOT_NULL,
    decimals: anyDecimals[flavor],
  });
  const code: ColumnDefinition41 = {
    ...nameOnly('Code'),
    characterSet: binaryCollation,
    lengthMax: flavor === 'mariadb' ? 4 : 5,
    type: ColumnType.LONG,
    flags: ColumnFlag.NOT_NULL | ColumnFlag.UNSIGNED | ColumnFlag.BINARY,
    decimals: 0,
  };
  return [text('Level', 7), code, text('Message', 512)];
}

const countColumn = (name: string): ColumnDefinition41 => ({
  ...nameOnly(name),
  characterSet: binaryCollation,
  lengthMax: 21,
  type: ColumnType.LONGLONG,
  flags: ColumnFlag.UNSIGNED | ColumnFlag.BINARY,
  decimals: 0,
});

/** Default collation and bytes a character of the character sets that clients use most. */
const widths: ReadonlyMap<string, readonly [collation: number, bytes: number]> = new Map([
  ['utf8mb4', [45, 4]],
  ['utf8mb3', [33, 3]],
  ['utf8', [33, 3]],
  ['latin1', [8, 1]],
  ['binary', [binaryCollation, 1]],
  ['ascii', [11, 1]],
]);
const utf8mb4DefaultOfMysql = 255;

function columnCollation(core: SessionCore): { collation: number; bytes: number } {
  const set = core.state.carried.settings.get('character_set_results') ?? "'utf8mb4'";
  // Without conversion the text is in the servers' own character set.
  const charset = set === 'NULL' ? 'utf8mb3' : set.replaceAll("'", '');
  const [collation, bytes] = widths.get(charset) ?? [45, 4];
  const mysql = core.lexMode.flavor === 'mysql' && charset === 'utf8mb4';
  const standard = mysql ? utf8mb4DefaultOfMysql : collation;
  return { collation: namedCollation(core) ?? standard, bytes };
}

/** The collation that the login, or SET NAMES, gave to results as well. */
function namedCollation(core: SessionCore): number | undefined {
  const name = resultsCollation(core.state.carried.settings);
  const known = [...(core.anyFacts()?.collations ?? [])];
  return name === undefined ? undefined : known.find(([, one]) => one.collation === name)?.[0];
}

const nameOnly = (name: string) => ({
  catalog: 'def',
  schema: '',
  table: '',
  originalTable: '',
  name,
  originalName: '',
});

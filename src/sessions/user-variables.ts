import { isAscii, isUtf8 } from 'node:buffer';
import type { NodeConnection } from '../nodes/node-connection.ts';
import { queryRows, type Row } from '../nodes/query-rows.ts';
import type { LexMode } from '../sql/lex-mode.ts';
import { lowerName } from '../sql/lower-name.ts';
import { inCharset } from '../sql/name-charset.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { parseSet } from '../sql/set-statement.ts';
import type { Statement } from '../sql/statement.ts';
import { noteCarried } from './carry-state.ts';
import type { SessionCore } from './session-core.ts';
import { renderCollations, renderUserVariables } from './session-state.ts';

/** `numberCollation`: of a number, as an SQL literal, on a server where that has one. */
export type UserVariables = readonly (readonly [
  name: string,
  literal: string,
  numberCollation?: string,
])[];

/** The session takes over what these variables are on the connection. */
export async function readBackUserVariables(
  core: SessionCore,
  connection: NodeConnection,
  names: readonly string[],
): Promise<void> {
  core.state.setUserVariables(await readUserVariables(connection, names, core.lexMode));
}

/** Makes these variables on the connection again what they are in the session. */
export async function restoreUserVariables(
  core: SessionCore,
  connection: NodeConnection,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0 || connection.lost) return;
  const { carried } = core.state;
  for (const group of renderUserVariables(carried, names)) {
    if (group.length > 0) await queryRows(connection, `SET ${group.join(',')}`, { latin1: true });
  }
  for (const sql of renderCollations(carried, names)) {
    await queryRows(connection, sql, { latin1: true });
  }
}

const columnsEach = 6;

/** User variables as literals of the same type, character set and collation. */
export async function readUserVariables(
  connection: NodeConnection,
  names: readonly string[],
  { charset }: Pick<LexMode, 'charset'>,
): Promise<UserVariables> {
  if (names.length === 0) return [];
  const columns = names.map((name, index) => {
    const variable = inCharset(`@${quoteIdentifier(name)}`, charset);
    return (
      `${variable} AS v${index}, HEX(${variable}) AS h${index}, ` +
      `CHARSET(${variable}) AS s${index}, COLLATION(${variable}) AS l${index}, ` +
      `COERCIBILITY(${variable}) AS k${index}, COLLATION(CONCAT(${variable})) AS n${index}`
    );
  });
  const results = await connection.query(`SELECT ${columns.join(',')} LIMIT 1`, { latin1: true });
  const [result] = results;
  if (result?.kind !== 'rows') return [];
  const row: Row = Object.fromEntries(
    (result.rows[0] ?? []).map((value, index) => [result.columns[index]?.name ?? '', value]),
  );
  return names.map((name, index) => {
    const { type = 0, flags = 0 } = result.columns[index * columnsEach] ?? {};
    const literal = userVariableLiteral(row, index, type, flags);
    return isImplicitNumber(row, index, type)
      ? [lowerName(name), literal, `'${row[`n${index}`]}'`]
      : [lowerName(name), literal];
  });
}

/** Those that a text assigns. */
export function variablesAssigned(
  core: SessionCore,
  { sql, statement }: { readonly sql: string; readonly statement: Statement },
): string[] {
  const { kind, userVariablesAssigned } = statement;
  if (kind !== 'set') return [...userVariablesAssigned];
  const targets = parseSet(sql, core.lexMode).filter(({ scope }) => scope === 'user_variable');
  return [...targets.map(({ name }) => name), ...userVariablesAssigned];
}

/**
 * A statement that assigns these was prepared here. That alone may make known one that was never
 * set: as NULL, with a type and collation of its own (seen on both servers). On MariaDB it gives
 * any of them another collation.
 */
export async function takePreparedVariables(
  core: SessionCore,
  connection: NodeConnection,
  assigned: readonly string[],
): Promise<void> {
  const { userVariables } = core.state.carried;
  const { flavor } = core.lexMode;
  const isChanged = (name: string): boolean =>
    flavor === 'mariadb' || !userVariables.has(lowerName(name));
  const changed = assigned.filter(isChanged);
  if (changed.length === 0) return;
  core.diagnostics.read();
  await readBackUserVariables(core, connection, changed);
  noteCarried(connection, core.state.carried);
}

/** Those to be restored behind it: on MariaDB each gets the collation of a parameter (10.11). */
export const assignedByPreparing = (
  core: SessionCore,
  prepared: { readonly sql: string; readonly statement: Statement },
): string[] => (core.lexMode.flavor === 'mariadb' ? variablesAssigned(core, prepared) : []);

/** As `NULL`, which the session's state would take for a variable that was never set. */
const nullThatWasSet = '(NULL)';

/**
 * Followers can only set a variable. So on MySQL the session takes those that were never set as
 * set to NULL; to be called before a connection is brought to its state.
 */
export function setUnknownVariables(core: SessionCore, names: Iterable<string>): void {
  if (core.lexMode.flavor !== 'mysql') return;
  const { userVariables } = core.state.carried;
  const unknown = [...names].map(lowerName).filter((name) => !userVariables.has(name));
  if (unknown.length > 0) {
    core.state.setUserVariables(unknown.map((name) => [name, nullThatWasSet]));
  }
}

/** The literal without what NULL keeps: the type and collation of the value before. */
export const plainLiteral = (literal: string): string =>
  literal.startsWith('NULLIF(') ? 'NULL' : literal;

/** A number's digits. */
export const numberOf = (literal: string): string =>
  /^CAST\((\d+) AS UNSIGNED\)$/.exec(literal)?.[1] ?? literal;

const numericTypes: ReadonlySet<number> = new Set([0, 1, 2, 3, 8, 9, 246]);
/** On MariaDB a number has no collation of its own. */
const isImplicitNumber = (row: Row, index: number, type: number): boolean =>
  row[`k${index}`] === implicit && (numericTypes.has(type) || floatTypes.has(type));
const implicit = '2';
const decimalType = 246;
const floatTypes: ReadonlySet<number> = new Set([4, 5]);
/** MySQL, and MariaDB: what a variable is that was never set. */
const neverSetTypes: ReadonlySet<number> = new Set([253, 251]);
const unsignedFlag = 32;

function userVariableLiteral(row: Row, index: number, type: number, flags: number): string {
  const value = row[`v${index}`] ?? null;
  if (value === null) return nullLiteral(row, index, type, flags);
  if (numericTypes.has(type)) {
    // Without a point it would be an integer.
    if (type === decimalType && !value.includes('.')) return `${value}.`;
    const unsigned = (flags & unsignedFlag) !== 0 && /^\d+$/.test(value);
    return unsigned ? `CAST(${value} AS UNSIGNED)` : value;
  }
  // A literal with an exponent is a DOUBLE, one without is a DECIMAL.
  if (floatTypes.has(type)) return /e/i.test(value) ? value : `${value}e0`;
  return stringLiteral(row, index);
}

function stringLiteral(row: Row, index: number): string {
  const charset = row[`s${index}`] ?? 'binary';
  const hex = row[`h${index}`] ?? '';
  if (charset === 'binary') return `X'${hex}'`;
  const collated = `X'${hex}' COLLATE ${row[`l${index}`]}`;
  return isText(Buffer.from(hex, 'hex'), charset) ? `_${charset} ${collated}` : collated;
}

/**
 * False also where we cannot tell. On MariaDB a variable may hold bytes that are no text in the
 * character set that it has: preparing an assignment gives it another one, and leaves the bytes.
 */
function isText(bytes: Buffer, charset: string): boolean {
  if (isAscii(bytes) || oneByte.test(charset)) return true;
  return utf8.has(charset) && isUtf8(bytes);
}

const utf8: ReadonlySet<string> = new Set(['utf8', 'utf8mb3', 'utf8mb4']);
/** Where every byte is a character. */
const oneByte = /^(?:latin[1257]|cp125[0167]|cp85[02]|cp866|koi8[ru]|hebrew|greek|tis620)$/;

/**
 * A variable set to NULL keeps the type that it had, which decides what is computed from it:
 * COALESCE(@v, 0) may be text. On MySQL it is not even then as one that was never set.
 */
function nullLiteral(row: Row, index: number, type: number, flags: number): string {
  if (numericTypes.has(type) || floatTypes.has(type)) {
    const zero = zeroOf(type, flags);
    return `NULLIF(${zero},${zero})`;
  }
  const empty = stringLiteral(row, index);
  if (empty === "X''" && neverSetTypes.has(type)) return 'NULL';
  return `NULLIF(${empty},${empty})`;
}

function zeroOf(type: number, flags: number): string {
  if (floatTypes.has(type)) return '0e0';
  if (type === decimalType) return '0.0';
  return (flags & unsignedFlag) === 0 ? '0' : 'CAST(0 AS UNSIGNED)';
}

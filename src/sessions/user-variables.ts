import type { NodeConnection } from '../nodes/node-connection.ts';
import { queryRows, type Row } from '../nodes/query-rows.ts';
import { lowerName } from '../sql/lower-name.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import type { SessionCore } from './session-core.ts';

export type UserVariables = readonly (readonly [name: string, literal: string])[];

/** The session takes over what these variables are on the connection. */
export async function readBackUserVariables(
  core: SessionCore,
  connection: NodeConnection,
  names: readonly string[],
): Promise<void> {
  core.state.setUserVariables(await readUserVariables(connection, names));
}

/** Makes these variables on the connection again what they are in the session. */
export async function restoreUserVariables(
  core: SessionCore,
  connection: NodeConnection,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0 || connection.lost) return;
  const { userVariables } = core.state.carried;
  const values = names.map(
    (name) => `@${quoteIdentifier(name)}=${userVariables.get(lowerName(name)) ?? 'NULL'}`,
  );
  await queryRows(connection, `SET ${values.join(',')}`, { latin1: true });
}

/** User variables as literals of the same type, character set and collation. */
export async function readUserVariables(
  connection: NodeConnection,
  names: readonly string[],
): Promise<UserVariables> {
  if (names.length === 0) return [];
  const columns = names.map((name, index) => {
    const variable = `@${quoteIdentifier(name)}`;
    return (
      `${variable} AS v${index}, HEX(${variable}) AS h${index}, ` +
      `CHARSET(${variable}) AS s${index}, COLLATION(${variable}) AS l${index}, ` +
      `COERCIBILITY(${variable}) AS k${index}`
    );
  });
  const results = await connection.query(`SELECT ${columns.join(',')}`, { latin1: true });
  const [result] = results;
  if (result?.kind !== 'rows') return [];
  const row: Row = Object.fromEntries(
    (result.rows[0] ?? []).map((value, index) => [result.columns[index]?.name ?? '', value]),
  );
  return names.map((name, index) => {
    const type = result.columns[index * 5]?.type ?? 0;
    return [lowerName(name), userVariableLiteral(row, index, type)];
  });
}

const numericTypes: ReadonlySet<number> = new Set([0, 1, 2, 3, 8, 9, 246]);
const floatTypes: ReadonlySet<number> = new Set([4, 5]);

function userVariableLiteral(row: Row, index: number, type: number): string {
  const value = row[`v${index}`] ?? null;
  if (value === null) return 'NULL';
  if (numericTypes.has(type)) return value;
  // A literal with an exponent is a DOUBLE, one without is a DECIMAL.
  if (floatTypes.has(type)) return /e/i.test(value) ? value : `${value}e0`;
  const charset = row[`s${index}`] ?? 'binary';
  const bytes = `X'${row[`h${index}`] ?? ''}'`;
  if (charset === 'binary') return bytes;
  return `_${charset} ${bytes} COLLATE ${row[`l${index}`]}`;
}

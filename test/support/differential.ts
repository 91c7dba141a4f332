import type { Connection, ExecuteValues, FieldPacket, QueryError } from 'mysql2/promise';

/** One step of a script: a text, or a prepared statement with its parameters. */
export type Step = string | { readonly sql: string; readonly parameters: readonly unknown[] };

/** What a client is told by each statement, as far as two servers must agree. */
export async function transcriptOf(
  client: Connection,
  steps: readonly Step[],
): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const step of steps) lines.push(`${textOf(step)} -> ${await told(client, step)}`);
  return lines;
}

const textOf = (step: Step): string =>
  typeof step === 'string' ? step : `${step.sql} ${JSON.stringify(step.parameters)}`;

async function told(client: Connection, step: Step): Promise<string> {
  try {
    const [result, fields] =
      typeof step === 'string'
        ? await client.query(step)
        : await client.execute(step.sql, step.parameters as ExecuteValues);
    if (Array.isArray(result)) return `${JSON.stringify(result)} ${columnsOf(fields)}`;
    const { affectedRows, insertId } = result;
    const warnings = 'warningStatus' in result ? result.warningStatus : undefined;
    return JSON.stringify({ affectedRows, insertId, warnings });
  } catch (error) {
    const { errno, sqlState, message } = error as QueryError & { sqlState?: string };
    return `ERROR ${errno} ${sqlState} ${message}`;
  }
}

const columnsOf = (fields: readonly FieldPacket[] | undefined): string =>
  (fields ?? []).map(({ name }) => name).join(',');

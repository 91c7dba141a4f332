import type { NodeConnection } from '../../../nodes/node-connection.ts';
import { NodeQueryError, queryRows } from '../../../nodes/query-rows.ts';
import { quoteIdentifier, quoteString } from '../../../sql/quote.ts';
import { targetMode } from './copy-session.ts';
import { type CopyEnds, ddlTimeoutMs } from './copy-schema.ts';
import { userSchemasOnly } from './user-tables.ts';

/** A view, routine, trigger or event: text that a server keeps with the session it came from. */
interface Program {
  readonly schema: string;
  readonly name: string;
  /** As SHOW CREATE wants it: `FUNCTION`, `TRIGGER` … */
  readonly kind: string;
}

const isCreate = /^CREATE\b/i;

/**
 * Routines, views, triggers and events, in this order: views may call functions. Events are
 * created disabled, so that only the node they were enabled on runs them. Returns the views
 * that could not be made because what they read is not there, on the source neither.
 */
export async function copyPrograms(ends: CopyEnds): Promise<string[]> {
  const list = (sql: string): Promise<Program[]> => readPrograms(ends.source, sql);
  const routines = await list(
    'SELECT ROUTINE_SCHEMA AS s, ROUTINE_NAME AS n, ROUTINE_TYPE AS k ' +
      `FROM information_schema.ROUTINES WHERE ${userSchemasOnly('ROUTINE_SCHEMA')} ` +
      // A package comes before its body.
      'ORDER BY LENGTH(ROUTINE_TYPE), s, n',
  );
  for (const routine of routines) await createProgram(ends, routine);
  const broken = await createViews(
    ends,
    await list(
      `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS n, 'VIEW' AS k FROM information_schema.VIEWS ` +
        `WHERE ${userSchemasOnly('TABLE_SCHEMA')} ORDER BY s, n`,
    ),
  );
  const triggers = await list(
    `SELECT TRIGGER_SCHEMA AS s, TRIGGER_NAME AS n, 'TRIGGER' AS k ` +
      `FROM information_schema.TRIGGERS WHERE ${userSchemasOnly('TRIGGER_SCHEMA')} ` +
      // Each is created behind those that fire before it.
      'ORDER BY s, EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER',
  );
  for (const trigger of triggers) await createProgram(ends, trigger);
  const events = await list(
    `SELECT EVENT_SCHEMA AS s, EVENT_NAME AS n, 'EVENT' AS k FROM information_schema.EVENTS ` +
      `WHERE ${userSchemasOnly('EVENT_SCHEMA')} ORDER BY s, n`,
  );
  for (const event of events) await createProgram(ends, event);
  return broken;
}

async function readPrograms(source: NodeConnection, sql: string): Promise<Program[]> {
  const rows = await queryRows(source, sql, { timeoutMs: ddlTimeoutMs });
  return rows.map(({ s, n, k }) => ({ schema: s ?? '', name: n ?? '', kind: k ?? '' }));
}

/** A view needs those it reads; so all are tried until no further one can be made. */
async function createViews(ends: CopyEnds, views: readonly Program[]): Promise<string[]> {
  let left = views;
  for (;;) {
    const failed: Program[] = [];
    for (const view of left) {
      try {
        await createProgram(ends, view);
      } catch (error) {
        if (!(error instanceof NodeQueryError)) throw error;
        failed.push(view);
      }
    }
    if (failed.length === 0 || failed.length === left.length) {
      return failed.map(({ schema, name }) => `${schema}.${name}`);
    }
    left = failed;
  }
}

async function createProgram({ source, target }: CopyEnds, program: Program): Promise<void> {
  const name = `${quoteIdentifier(program.schema)}.${quoteIdentifier(program.name)}`;
  const [row] = await queryRows(source, `SHOW CREATE ${program.kind} ${name}`);
  const shown = Object.values(row ?? {}).find((value) => isCreate.test(value ?? '')) ?? '';
  const sql = program.kind === 'EVENT' ? disabledEvent(shown) : shown;
  const charset = row?.['character_set_client'] ?? 'utf8mb4';
  const collation = row?.['collation_connection'] ?? 'utf8mb4_general_ci';
  const mode = row?.['sql_mode'] ?? '';
  // Plain ASCII is the same in all of them; other text is sent as what it is shown in.
  const ascii = /^[\0-\x7f]*$/.test(sql);
  await queryRows(
    target,
    `USE ${quoteIdentifier(program.schema)};SET SESSION sql_mode=${quoteString(mode)}` +
      (row?.['time_zone'] ? `, time_zone=${quoteString(row['time_zone'])}` : '') +
      (ascii || charset.startsWith('utf8')
        ? `;SET character_set_client=${charset}, collation_connection=${collation}`
        : ''),
  );
  try {
    await queryRows(target, sql, { timeoutMs: ddlTimeoutMs });
  } finally {
    await queryRows(target, `SET NAMES utf8mb4;${targetMode};SET SESSION time_zone='+00:00'`);
  }
}

/** SHOW CREATE EVENT always has both words: `ON COMPLETION [NOT] PRESERVE ENABLE`. */
export const disabledEvent = (sql: string): string =>
  sql.replace(/(\bON COMPLETION (?:NOT )?PRESERVE )ENABLE\b/, '$1DISABLE');

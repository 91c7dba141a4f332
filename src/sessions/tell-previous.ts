import { withPreviousValues } from '../sql/previous-values.ts';
import type { Statement } from '../sql/statement.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteRequest } from './write-request.ts';

const previousVariables: ReadonlySet<string> = new Set(['warning_count', 'error_count']);

/** A definition's body asks when it runs, on its node, of what ran there. */
export const asksPrevious = (
  { autocommit, metadata }: SessionCore,
  { kind, usesFoundRows, systemVariables }: Statement,
): boolean =>
  (usesFoundRows ||
    systemVariables.some(
      (name) =>
        (name === 'autocommit' && !autocommit) ||
        (name === 'resultset_metadata' && metadata === 'none') ||
        previousVariables.has(name),
    )) &&
  (kind === 'read' || kind === 'write' || kind === 'set' || kind === 'call');

/** The request with what it asks of the statement before it written out. */
export async function tellPrevious(core: SessionCore, write: WriteRequest): Promise<WriteRequest> {
  const { diagnostics } = core;
  const conditions = await diagnostics.conditions();
  const { kind, tables } = write.statement;
  // On MariaDB what meets a table has made void by then what was counted.
  const voids = core.lexMode.flavor === 'mariadb' && tables.length > 0;
  const values = {
    rowCount: diagnostics.rowCount,
    foundRows: await diagnostics.foundRows(),
    warningCount: voids ? 0 : Math.max(diagnostics.warningCount, conditions.length),
    autocommit: core.autocommit ? 1 : 0,
    metadata: core.metadata === 'none' ? 'NONE' : 'FULL',
    errorCount: voids ? 0 : diagnostics.errorCount,
  };
  const purpose = kind === 'read' || kind === 'set' ? 'read' : 'write';
  const asked = { purpose, prepared: write.request.binary } as const;
  const sql = withPreviousValues(write.sql, core.lexMode, values, asked);
  return { ...write, sql, statement: core.analyse(sql), request: write.request.withText(sql) };
}

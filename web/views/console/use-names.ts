import { useQuery } from '@tanstack/react-query';
import type { Names } from './column-completion.ts';
import { targetOf } from './query-shapes.ts';
import { runQuery } from './run-query.ts';

const columnsMax = 10_000;
const noNames: Names = {};

const listing =
  'SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS ' +
  'WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION';

/** The tables of a schema with their columns, for completion; none when they cannot be had. */
export function useNames(schema: string): Names {
  const { data } = useQuery({
    queryKey: ['names', schema],
    queryFn: ({ signal }) => namesOf(schema, signal),
    enabled: schema !== '',
    staleTime: 60_000,
    retry: false,
  });
  return data ?? noNames;
}

async function namesOf(schema: string, signal: AbortSignal): Promise<Names> {
  const target = targetOf(undefined);
  const outcome = await runQuery({ sql: listing, schema, target, limit: columnsMax, signal });
  const names: Record<string, string[]> = {};
  for (const [table, column] of outcome.kind === 'rows' ? outcome.rows : []) {
    (names[String(table)] ??= []).push(String(column));
  }
  return names;
}

import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { MySQL } from '@codemirror/lang-sql';
import { syntaxTree } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { statementAt } from './statements.ts';

/** Tables with their columns. */
export type Names = Readonly<Record<string, readonly string[]>>;

/**
 * Offers columns without a table before them, which the language's own completion does not: those
 * of the tables that the statement names, and of every table while it names none.
 */
export const columnCompletion = (names: Names): Extension =>
  MySQL.language.data.of({
    autocomplete: (context: CompletionContext) => completionIn(context, names),
  });

const noNames: ReadonlySet<string> = new Set(['String', 'LineComment', 'BlockComment']);

function completionIn(context: CompletionContext, names: Names): CompletionResult | null {
  const { state, pos, explicit } = context;
  const word = context.matchBefore(/[\w$]*/);
  const from = word?.from ?? pos;
  if (from === pos && !explicit) return null;
  if (/[.`\d@]/.test(state.sliceDoc(from - 1, from))) return null;
  if (noNames.has(syntaxTree(state).resolveInner(from, -1).name)) return null;
  const text = state.doc.toString();
  const span = statementAt(text, pos);
  const statement = span === undefined ? '' : text.slice(span.from, span.to);
  const options = columnsFor(statement, names).map(
    ({ column, tables }): Completion => ({
      label: column,
      detail: tables.join(', '),
      type: 'property',
      boost: 1,
    }),
  );
  return options.length === 0 ? null : { from, options, validFor: /^[\w$]*$/ };
}

export interface OfferedColumn {
  readonly column: string;
  readonly tables: readonly string[];
}

/** The columns that a statement may mean, each once. */
export function columnsFor(statement: string, names: Names): readonly OfferedColumn[] {
  const words = new Set(statement.toLowerCase().match(/[\w$\u0080-\uffff]+/g));
  const tables = Object.keys(names);
  const named = tables.filter((table) => words.has(table.toLowerCase()));
  const tablesByColumn = new Map<string, string[]>();
  for (const table of named.length > 0 ? named : tables) {
    for (const column of names[table] ?? []) {
      const others = tablesByColumn.get(column);
      if (others === undefined) tablesByColumn.set(column, [table]);
      else others.push(table);
    }
  }
  return [...tablesByColumn].map(([column, of]) => ({ column, tables: of }));
}

import type { RowSink } from './balancer-control.ts';
import type { Answer, LineWriter } from './operation.ts';
import { problemOf } from './problem.ts';
import type { QueryOutcome, RowsOutcome } from './schemas.ts';

/** Rows of a result that is there already, in one line. */
const rowsInLine = 500;

/**
 * A query's outcome, line by line as it comes: `columns`, `rows` …, `end`; or one line when there
 * are no rows. An error after the first line is a line `problem`, the last.
 */
export function outcomeInLines(run: (sink: RowSink) => Promise<QueryOutcome>): Answer {
  return {
    kind: 'lines',
    async write(line) {
      let begun = false;
      const sink: RowSink = {
        begin(columns, node) {
          begun = true;
          return line({ kind: 'columns', columns, node });
        },
        rows: (rows) => line({ kind: 'rows', rows }),
      };
      try {
        await finish(await run(sink), begun, line);
      } catch (error) {
        if (!begun) throw error;
        const { type: _type, title: _title, detail: _detail, ...problem } = problemOf(error);
        await line({ kind: 'problem', ...problem });
      }
    },
  };
}

async function finish(outcome: QueryOutcome, begun: boolean, line: LineWriter): Promise<void> {
  if (outcome.kind !== 'rows') return line(outcome);
  if (!begun) await writeRows(outcome, line);
  const { columns: _columns, rows: _rows, ...end } = outcome;
  await line({ ...end, kind: 'end' });
}

async function writeRows({ columns, rows, node }: RowsOutcome, line: LineWriter): Promise<void> {
  await line({ kind: 'columns', columns, node });
  for (let from = 0; from < rows.length; from += rowsInLine) {
    await line({ kind: 'rows', rows: rows.slice(from, from + rowsInLine) });
  }
}

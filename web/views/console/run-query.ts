import { type Problem, ProblemError, send } from '../../data/api.ts';
import type { Column, Outcome, QueryTarget, Row, Rows, Warning } from './query-shapes.ts';

export interface QueryRun {
  readonly sql: string;
  readonly schema: string;
  readonly target: QueryTarget;
  /** Most rows. */
  readonly limit: number;
  readonly signal?: AbortSignal;
  /** Told of rows as they come, each time with all so far. */
  readonly onRows?: (partial: Rows) => void;
}

type Line =
  | { readonly kind: 'columns'; readonly columns: readonly Column[]; readonly node: string }
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  | {
      readonly kind: 'end';
      readonly rowCount: number;
      readonly truncated: boolean;
      readonly durationMs: number;
      readonly warningList?: readonly Warning[];
      readonly position?: number;
    }
  | ({ readonly kind: 'problem' } & Problem);

const streamed = 'application/x-ndjson';
const toldEveryMs = 100;

/** Runs one statement. Rows come as a stream; anything else as one answer. */
export async function runQuery(run: QueryRun): Promise<Outcome> {
  const { sql, schema, target, limit, signal, onRows } = run;
  const response = await send('POST', target.path, {
    body: { sql, limit, ...(schema === '' ? {} : { schema }) },
    headers: { accept: `${streamed}, application/json` },
    ...(signal === undefined ? {} : { signal }),
  });
  if (!(response.headers.get('content-type') ?? '').startsWith(streamed)) {
    return (await response.json()) as Outcome;
  }
  return await readLines(response, onRows);
}

async function readLines(response: Response, onRows?: (partial: Rows) => void): Promise<Outcome> {
  const rows: Row[] = [];
  const head: { columns: readonly Column[]; node: string } = { columns: [], node: '' };
  let whole: Outcome | undefined;
  let toldMs = performance.now();
  for await (const line of linesOf(response)) {
    if (line.kind === 'columns') {
      head.columns = line.columns;
      head.node = line.node;
    } else if (line.kind === 'rows') {
      for (const row of line.rows) rows.push(row);
      if (onRows !== undefined && performance.now() - toldMs > toldEveryMs) {
        toldMs = performance.now();
        onRows({ ...nothing, ...head, rows, rowCount: rows.length });
      }
    } else if (line.kind === 'problem') {
      throw new ProblemError(line);
    } else if (line.kind === 'end') {
      const { kind: _, ...end } = line;
      whole = { ...nothing, ...head, ...end, rows, rowCount: rows.length };
    } else {
      whole = line;
    }
  }
  if (whole === undefined) throw new TypeError('the answer broke off');
  return whole;
}

const nothing: Rows = {
  kind: 'rows',
  columns: [],
  rows: [],
  rowCount: 0,
  truncated: false,
  node: '',
  durationMs: 0,
};

async function* linesOf(response: Response): AsyncGenerator<Line | Exclude<Outcome, Rows>> {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? '')).split('\n');
    rest = done ? '' : (lines.pop() ?? '');
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
    if (done) return;
  }
}

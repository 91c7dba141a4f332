export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** https://www.w3.org/TR/trace-context/#traceparent-header; undefined for what is none. */
export function parseTraceParent(text: string | undefined): TraceParent | undefined {
  const match = form.exec(text ?? '');
  if (!match) return undefined;
  const [, traceId = '', spanId = '', flags = ''] = match;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

const inComment = /\btraceparent\s*=\s*['"]?(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})/;

/** As libraries write it behind a statement: `SELECT … /* traceparent='00-…' *\/`. */
export const traceParentOf = (sql: string): string | undefined =>
  sql.includes('traceparent') ? inComment.exec(sql)?.[1] : undefined;

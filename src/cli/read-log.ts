import { setTimeout as delay } from 'node:timers/promises';
import type { LoggedCommand, LogPage, NodeLog } from '../http/balancer-control.ts';
import { callApi } from './call-api.ts';

/** What the API gives at once. */
const pageMax = 1000;
const pollMs = 250;

/** What is asked of the log; entries behind `after`, or the latest ones. */
export interface LogRange {
  readonly after?: number;
  readonly limit: number;
}

/** A page may hold less than it was asked for: the balancer bounds its bytes too. */
async function readPages<Page extends LogPage | NodeLog>(
  url: string,
  path: string,
  { after = 0, limit }: LogRange,
): Promise<Page> {
  const entries: LoggedCommand[] = [];
  for (;;) {
    const behind = entries.at(-1)?.seq ?? after;
    const page = await readPage<Page>(url, path, { after: behind, limit: limit - entries.length });
    for (const entry of page.entries) entries.push(entry);
    if (page.entries.length === 0 || entries.length >= limit) return { ...page, entries };
  }
}

function readPage<Page>(url: string, path: string, range: Required<LogRange>): Promise<Page> {
  const limit = Math.min(range.limit, pageMax);
  return callApi<Page>(url, { method: 'GET', path: `${path}?after=${range.after}&limit=${limit}` });
}

export function readNodeLog(url: string, node: string, range: LogRange): Promise<NodeLog> {
  return readPages<NodeLog>(url, `/nodes/${encodeURIComponent(node)}/log`, range);
}

export async function readLog(url: string, { after, limit }: LogRange): Promise<LogPage> {
  const from = after ?? (await behindLatest(url, limit));
  return readPages<LogPage>(url, '/log', { after: from, limit });
}

async function behindLatest(url: string, count: number): Promise<number> {
  const { lastSeq } = await readPage<LogPage>(url, '/log', { after: 0, limit: 1 });
  return Math.max(0, lastSeq - count);
}

/** Where to begin to follow: a node has everything to come that it has not applied yet. */
export async function followFrom(url: string, node: string | undefined, range: LogRange) {
  if (range.after !== undefined) return range.after;
  if (node === undefined) return behindLatest(url, range.limit);
  return (await readNodeLog(url, node, { limit: 1 })).position;
}

/** Tells every entry behind `after` as it comes, until `ended`; `onGap` of those dropped unread. */
export async function followLog(
  url: string,
  after: number,
  { onEntry, onGap, ended }: LogFollower,
): Promise<void> {
  const stop = new AbortController();
  const stopped = ended.then(() => stop.abort());
  for (let last = after; !stop.signal.aborted; ) {
    const page = await readPage<LogPage>(url, '/log', { after: last, limit: pageMax });
    for (const entry of page.entries) {
      if (stop.signal.aborted) return;
      if (entry.seq > last + 1) onGap(last + 1, entry.seq - 1);
      onEntry(entry);
      last = entry.seq;
    }
    const pause = delay(page.entries.length === 0 ? pollMs : 0, undefined, { signal: stop.signal });
    await Promise.race([pause.catch(() => undefined), stopped]);
  }
}

export interface LogFollower {
  readonly onEntry: (entry: LoggedCommand) => void;
  readonly onGap: (from: number, to: number) => void;
  readonly ended: Promise<void>;
}

import { useEffect, useState } from 'react';
import { call } from '../../data/api.ts';
import { type ClusterColumn, clusterColumns, type History, type Line } from '../../data/shapes.ts';

const keptMs = 3_600_000;
const askedEveryMs = 1_000;

export type HistoryState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'ready'; readonly history: History };

/** The last hour: all of it once, then what is new every second. */
export function useHistory(): HistoryState {
  const [state, setState] = useState<HistoryState>({ kind: 'loading' });
  useEffect(() => {
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let kept: History | undefined;
    const ask = async () => {
      try {
        if (document.hidden && kept !== undefined) return;
        const last = kept?.at.at(-1);
        const from = last === undefined ? '' : `?from=${new Date(last + 1).toISOString()}`;
        const fresh = await call<History>('GET', `/history${from}`);
        if (ended) return;
        kept = kept === undefined ? fresh : joined(kept, fresh);
        setState({ kind: 'ready', history: kept });
      } catch (error) {
        // While the balancer is away, what is here stays.
        if (!ended && kept === undefined) setState({ kind: 'failed', error });
      } finally {
        if (!ended) timer = setTimeout(() => void ask(), askedEveryMs);
      }
    };
    void ask();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, []);
  return state;
}

/** What is new behind what is kept; a hole in time is a hole in the lines. */
export function joined(kept: History, fresh: History): History {
  const last = kept.at.at(-1) ?? 0;
  const from = fresh.at.findIndex((at) => at > last);
  if (from === -1) return kept;
  const first = fresh.at[from] as number;
  const hole = first - last > 3 * kept.stepMs ? [last + kept.stepMs] : [];
  const at = [...kept.at, ...hole, ...fresh.at.slice(from)];
  const drop = at.findIndex((one) => one >= (at.at(-1) as number) - keptMs);
  const join = <T>(before: readonly T[] | undefined, after: readonly T[] | undefined) =>
    [
      ...(before ?? kept.at.map(() => null)),
      ...hole.map(() => null),
      ...(after ?? fresh.at.map(() => null)).slice(from),
    ].slice(drop);
  const columns = clusterColumns.map((name): [ClusterColumn, Line] => [
    name,
    join(kept.cluster[name], fresh.cluster[name]),
  ]);
  const names = [...new Set([...Object.keys(kept.nodes), ...Object.keys(fresh.nodes)])];
  return {
    stepMs: fresh.stepMs,
    at: at.slice(drop),
    cluster: Object.fromEntries(columns) as History['cluster'],
    nodes: Object.fromEntries(
      names.map((name) => {
        const [before, after] = [kept.nodes[name], fresh.nodes[name]];
        return [
          name,
          {
            reads: join(before?.reads, after?.reads),
            p99: join(before?.p99, after?.p99),
            pending: join(before?.pending, after?.pending),
            state: join(before?.state, after?.state),
          },
        ];
      }),
    ),
  };
}

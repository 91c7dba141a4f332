import {
  keepPreviousData,
  type QueryKey,
  QueryClient,
  useMutation,
  useQuery,
  useQueryClient,
  type UseQueryResult,
} from '@tanstack/react-query';
import type { BalancerStatus, LogPage, NodeLog, StrategyStatus } from '../../src/http/schemas.ts';
import { call, isUnknownRoute, ProblemError } from './api.ts';
import type { History, VerifyStatus } from './shapes.ts';

const freshMs = 1_000;

/** The balancer is often on this very machine: being offline says nothing about it. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      networkMode: 'always',
      retry: (failures, error) => !(error instanceof ProblemError) && failures < 1,
      retryDelay: 500,
      refetchOnWindowFocus: true,
      staleTime: 500,
    },
    mutations: { networkMode: 'always' },
  },
});

/** Asked again every `everyMs`, but no more once it is known that the route is not there. */
export function usePolled<T>(
  path: string,
  everyMs: number | ((data: T | undefined) => number),
  options: { readonly gcTime?: number } = {},
): UseQueryResult<T> {
  return useQuery({
    queryKey: [path] satisfies QueryKey,
    queryFn: ({ signal }) => call<T>('GET', path, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => {
      if (isUnknownRoute(state.error)) return false;
      return typeof everyMs === 'number' ? everyMs : everyMs(state.data);
    },
    ...options,
  });
}

export const useStatus = () => usePolled<BalancerStatus>('/status', freshMs);
export const useStrategy = () => usePolled<StrategyStatus>('/strategy', 5_000);

/** Pages of the log are many and soon old: none is kept that is not shown. */
const pageOptions = { gcTime: 0 };

export const useLog = (after: number, limit: number) =>
  usePolled<LogPage>(`/log?after=${after}&limit=${limit}`, freshMs, pageOptions);

export const useNodeLog = (node: string, limit: number) =>
  usePolled<NodeLog>(`/nodes/${encodeURIComponent(node)}/log?limit=${limit}`, freshMs, pageOptions);

/** A report may be long: it is asked for often only while there is a comparison to be watched. */
export const useVerify = () =>
  usePolled<VerifyStatus>('/verify', (data) => (data?.running === undefined ? 5_000 : 500));

const latencyMs = 60_000;

/** What 99 % of a node's reads of the last minute took at most, by node. */
export function useReadP99(): Readonly<Record<string, number | null>> {
  const { data } = useQuery({
    queryKey: ['p99'],
    queryFn: async ({ signal }) => {
      const from = new Date(Date.now() - latencyMs).toISOString();
      return await call<History>('GET', `/history?from=${from}&points=1`, { signal });
    },
    refetchInterval: 5_000,
  });
  const nodes = Object.entries(data?.nodes ?? {});
  return Object.fromEntries(nodes.map(([name, { p99 }]) => [name, p99.at(-1) ?? null]));
}

export type DemoAction = 'stop' | 'kill' | 'pause' | 'resume' | 'start';

export interface DemoNode {
  readonly name: string;
  readonly port: number;
  readonly state: 'running' | 'paused' | 'stopped';
  readonly pid?: number;
  readonly actions: readonly DemoAction[];
}

/** The servers that the demo runs itself; there are none elsewhere. */
export function useDemoNodes(): readonly DemoNode[] {
  return usePolled<readonly DemoNode[]>('/demo/nodes', freshMs).data ?? [];
}

export interface Change {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

/** Something that changes the cluster: what is shown of it is asked for again when it is done. */
export function useChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ method, path, body }: Change) => call<unknown>(method, path, { body }),
    onSettled: () => client.invalidateQueries(),
  });
}

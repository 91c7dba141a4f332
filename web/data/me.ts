import { useQuery } from '@tanstack/react-query';
import { call, rememberCsrf } from './api.ts';
import type { Me } from './shapes.ts';

export const meKey = ['/me'] as const;

/** Who uses the page. */
export function useMe() {
  return useQuery({
    queryKey: meKey,
    queryFn: async ({ signal }) => {
      const me = await call<Me>('GET', '/me', { signal });
      rememberCsrf(me.csrf);
      return me;
    },
    staleTime: 60_000,
    retry: false,
  });
}

/** A viewer looks only; the balancer would refuse what he tried. */
export const useMayOperate = (): boolean => useMe().data?.role !== 'viewer';

/** Said wherever a control is shown that a viewer cannot use. */
export const viewerReason = 'Your account may look only; an administrator can change this.';

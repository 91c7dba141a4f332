import { useSyncExternalStore } from 'react';

/** A place in the page: `#/log/mysql2?search=users` is the view `log` at `mysql2`. */
export interface Route {
  readonly view: string;
  readonly rest: string | undefined;
  readonly parameters: URLSearchParams;
}

let known: { readonly hash: string; readonly route: Route } | undefined;

function current(): Route {
  const hash = window.location.hash;
  if (known?.hash !== hash) known = { hash, route: parse(hash) };
  return known.route;
}

function parse(hash: string): Route {
  const [path = '', parameters = ''] = hash.replace(/^#\/?/, '').split('?');
  const [view = '', rest] = path.split('/');
  return {
    view: view === '' ? 'overview' : view,
    rest: rest === undefined || rest === '' ? undefined : decodeURIComponent(rest),
    parameters: new URLSearchParams(parameters),
  };
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

/** What comes behind the `#` names the place, so that every path is the balancer's own. */
export const useRoute = (): Route => useSyncExternalStore(subscribe, current);

export function hrefOf(
  view: string,
  rest?: string,
  parameters: Readonly<Record<string, string>> = {},
): string {
  const query = new URLSearchParams(parameters).toString();
  const path = rest === undefined ? `#/${view}` : `#/${view}/${encodeURIComponent(rest)}`;
  return query === '' ? path : `${path}?${query}`;
}

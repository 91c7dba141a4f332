import { isIP } from 'node:net';
import { isLoopback } from '../config/is-loopback.ts';

export interface RequestHead {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** https://www.w3.org/TR/fetch-metadata/ */
  readonly fetchSite: string | undefined;
}

/**
 * Keeps other web sites, open in the operator's browser, from using this API with it. Returns
 * why the request is refused, or undefined.
 *
 * - `Origin` must be this very host: browsers send it with everything a foreign page can post.
 * - On a loopback address `Host` must be an address or `localhost`: a foreign name that
 *   resolves to 127.0.0.1 would make the foreign page same-origin (DNS rebinding).
 */
export function refuseForeign(head: RequestHead, options: { listensOn: string }) {
  const host = head.host?.toLowerCase();
  if (host === undefined) return 'the request has no Host header';
  if (isLoopback(options.listensOn) && !isLocalName(hostNameOf(host), options.listensOn)) {
    return `the request is for the host "${host}", which is not this one`;
  }
  if (isSafe(head.method)) return undefined;
  if (head.origin !== undefined && hostOfOrigin(head.origin) !== host) {
    return `the request comes from a page of another site (${head.origin})`;
  }
  if (head.origin === undefined && head.fetchSite === 'cross-site') {
    return 'the request comes from a page of another site';
  }
  return undefined;
}

export const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD';

function isLocalName(name: string, listensOn: string): boolean {
  return (
    name === listensOn ||
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    isIP(name.replace(/^\[|\]$/g, '')) !== 0
  );
}

const hostNameOf = (host: string): string => host.replace(/:\d+$/, '');

/** Without the scheme: a proxy in front may speak https. `null` and nonsense give ''. */
function hostOfOrigin(origin: string): string {
  return /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase())?.[1] ?? '';
}

import type { Node } from './node.ts';
import { plainVersion } from './plain-version.ts';

/**
 * The version of the servers as they number it in version comments: 90704 for 9.7.4. Undefined
 * before one is known, and where they are of several.
 */
export function commonVersion(nodes: Iterable<Pick<Node, 'facts'>>): number | undefined {
  let version: string | undefined;
  for (const { facts } of nodes) {
    if (!facts) continue;
    if (version !== undefined && facts.version !== version) return undefined;
    ({ version } = facts);
  }
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(plainVersion(version ?? ''));
  const [, major = 0, minor = 0, patch = 0] = numbers ?? [];
  return Number(major) * 10_000 + Number(minor) * 100 + Number(patch) || undefined;
}

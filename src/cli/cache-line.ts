import type { CacheStatus } from '../http/cache-schemas.ts';
import { bytes } from './amounts.ts';

/** Hit ratio and memory, in one line. */
export function cacheLine({
  hits,
  misses,
  bytes: kept,
}: Pick<CacheStatus, 'hits' | 'misses' | 'bytes'>): string {
  const asked = hits + misses;
  const share = asked === 0 ? 'nothing asked yet' : `${((100 * hits) / asked).toFixed(1)} % hits`;
  return `cache ${share} (${hits} of ${asked}), ${bytes(kept)}`;
}

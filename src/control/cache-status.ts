import type { CacheStatus } from '../http/cache-schemas.ts';
import type { CacheFigures } from '../sessions/cache/result-cache.ts';

export function cacheStatus(figures: CacheFigures): CacheStatus {
  const { hits, misses, bytesMax } = figures;
  const asked = hits + misses;
  const ratio = asked === 0 ? {} : { hitRatio: Math.round((hits / asked) * 10_000) / 10_000 };
  return { on: bytesMax > 0, ...figures, ...ratio };
}

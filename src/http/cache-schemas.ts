import { Type } from 'typebox';
import { count, type Snapshot } from './schemas.ts';

/** What is kept now, and how it did since the start. */
export const cacheStatusSchema = Type.Object({
  on: Type.Boolean({ description: 'Answers are kept (`cache.bytes`).' }),
  bytes: count('Memory of what is kept.'),
  bytesMax: count('The most that it may be.'),
  answers: count('Answers kept.'),
  hits: count('Reads answered from them since the start.'),
  misses: count('Reads of those that are kept for which a node was asked.'),
  hitRatio: Type.Optional(
    Type.Number({ minimum: 0, maximum: 1, description: 'Hits of both; absent before the first.' }),
  ),
  fills: count('Answers put in.'),
  evictions: count('Answers that gave way to others.'),
  invalidations: count('Answers that were asked for when their tables had changed, or too old.'),
});
export type CacheStatus = Snapshot<typeof cacheStatusSchema>;

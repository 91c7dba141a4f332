import type { Seq } from '../base/brands.ts';
import type { CommandLog } from './command-log.ts';

const pageLimits = { entriesMax: 1000, bytesMax: 8 * 1024 * 1024 };

/** The first entry after `afterSeq` whose bytes hold `text`, read from the disk page by page. */
export async function findInLog(
  log: CommandLog,
  text: string,
  afterSeq: Seq,
): Promise<Seq | undefined> {
  let from = Math.max(afterSeq + 1, log.firstSeq) as Seq;
  while (from <= log.lastSeq) {
    const records = await log.read(from, pageLimits);
    const found = records.find((record) => record.payload.includes(text));
    if (found) return found.seq;
    const last = records.at(-1);
    if (!last) return undefined;
    from = (last.seq + 1) as Seq;
  }
  return undefined;
}

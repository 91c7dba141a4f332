import type { CommandLog } from '../../log/command-log.ts';
import { decodeEntry } from '../entry-codec.ts';

/** The epoch of the newest entry, 0 while there is none. */
export async function lastEpoch(log: CommandLog): Promise<number> {
  if (log.lastSeq < log.firstSeq) return 0;
  const [record] = await log.read(log.lastSeq, { entriesMax: 1, bytesMax: 1 });
  return record ? decodeEntry(record.payload).epoch : 0;
}

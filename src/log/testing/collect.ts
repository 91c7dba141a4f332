import { type Seq, seq as toSeq } from '../../base/brands.ts';
import type { CommandLog } from '../command-log.ts';

/** Appends these payloads together and waits until all are durable. */
export async function appendAll(log: CommandLog, payloads: readonly string[]): Promise<void> {
  const first = log.nextSeq;
  await Promise.all(
    payloads.map((text, at) => log.append({ seq: toSeq(first + at), payload: Buffer.from(text) })),
  );
}

/** Everything from `from` on, as text, by reads of a few entries each. */
export async function readAll(
  log: CommandLog,
  from: Seq = log.firstSeq,
  entriesMax = 5,
): Promise<string[]> {
  const found: string[] = [];
  for (let next = from; next <= log.lastSeq; next = toSeq(from + found.length)) {
    const records = await log.read(next, { entriesMax, bytesMax: 1_000_000 });
    for (const { payload } of records) found.push(payload.toString());
  }
  return found;
}

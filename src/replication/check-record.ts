import { LockstepError } from '../base/errors.ts';
import type { LogRecord } from '../log/command-log.ts';
import type { LoadFile } from '../log/load-file.ts';
import type { Entry } from './entry.ts';
import { decodeEntry } from './entry-codec.ts';
import { decodeIntent } from './intent.ts';

/**
 * A record must hold the entry that its place in the log says. Returns the files that the entry
 * loads. Throws log_corrupt.
 */
export function checkRecord(record: LogRecord): readonly LoadFile[] {
  const { kind, seq, payload } = record;
  const entry = kind === 'entry' ? decodeEntry(payload) : entryOfIntent(payload);
  if (entry.seq === seq) return entry.commands.flatMap(({ file }) => file ?? []);
  throw new LockstepError('log_corrupt', `the ${kind} of seq ${seq} holds that of ${entry.seq}`);
}

function entryOfIntent(payload: Buffer): Entry {
  try {
    return decodeIntent(payload).entry;
  } catch (cause) {
    if (cause instanceof LockstepError) throw cause;
    throw new LockstepError('log_corrupt', 'an intent has no readable head', { cause });
  }
}

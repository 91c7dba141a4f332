import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { EmbeddedLog } from '../log/embedded-log.ts';
import { findInLog } from '../log/find-in-log.ts';
import type { Replicator } from '../replication/replicator.ts';
import type { Sequencer } from '../replication/sequencer.ts';
import { IdempotencyKeys } from './idempotency-keys.ts';
import { listEntry } from './log-listing.ts';
import type { QueryRunner } from './query-runner.ts';
import { QueuedCommands } from './queued-commands.ts';

export interface OpenWritesParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: EmbeddedLog;
  readonly sequencer: Sequencer;
  readonly replicator: Replicator;
  readonly queries: QueryRunner;
}

/** What is known of writes over HTTP from before the start: those that wait, and keys. */
export async function openWrites(parts: OpenWritesParts) {
  const { config, clock, log, sequencer, replicator, queries } = parts;
  const shared = {
    folder: config.log.folder,
    findInLog: (text: string, afterSeq: Parameters<typeof findInLog>[2]) =>
      findInLog(log, text, afterSeq),
    writable: () => replicator.leadership !== undefined,
  };
  const queued = new QueuedCommands({
    ...shared,
    queuedMax: () => config.limits.queuedWrites,
    lastSeq: () => log.lastSeq,
    run: (query) => queries.run(query),
  });
  await queued.load();
  const idempotency = new IdempotencyKeys({
    ...shared,
    clock,
    log,
    entry: async (seq) => {
      const [entry] = await sequencer.read(seq, { entriesMax: 1, bytesMax: 1 });
      return entry && listEntry(entry, 0);
    },
    findQueued: (text) => queued.find(text),
  });
  await idempotency.load();
  return { queued, idempotency };
}

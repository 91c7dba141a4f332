import type { Seq } from '../../src/base/brands.ts';
import { queryRows } from '../../src/nodes/query-rows.ts';
import {
  type CopyNodeOptions,
  snapshotOfSource,
} from '../../src/replication/shell/copy/copy-node.ts';
import { unfinishedCopy } from '../../src/replication/join-decision.ts';
import { initialiseMarkers } from '../../src/replication/shell/node-markers.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';

/**
 * What `copyNode` does, with the same snapshot and the same markers; the rows, which it would
 * stream table by table, go in one piece.
 */
export async function copySimNode(
  options: CopyNodeOptions,
  process: Process,
  random: Random,
): Promise<Seq> {
  const { source, target, clusterId, epoch, progress, replicator, signal } = options;
  const releaseSchema = replicator.gate.schema.take();
  try {
    const from = await source.openControl();
    const to = await target.openControl();
    const abort = (): void => {
      for (const connection of [from, to]) connection.destroy(new Error('aborted'));
    };
    signal.addEventListener('abort', abort);
    try {
      signal.throwIfAborted();
      await initialiseMarkers(to, { clusterId: unfinishedCopy, epoch, position: 0 as Seq });
      const snapshot = await snapshotOfSource(options, { connections: [from], alone: false });
      options.onSnapshot(snapshot);
      progress.seq = snapshot.seq;
      const rows = await queryRows(from, 'READ');
      await process.sleep(random.between(1, random.chance(0.3) ? 500 : 30));
      const pairs = rows.map((row) => [row['k'], row['v']]);
      await queryRows(to, `LOAD ${JSON.stringify(pairs)}`);
      await initialiseMarkers(to, { clusterId, epoch, position: snapshot.seq });
      return snapshot.seq;
    } finally {
      signal.removeEventListener('abort', abort);
      for (const connection of [from, to]) connection.destroy(new Error('the copy has ended'));
    }
  } finally {
    releaseSchema();
  }
}

import type { Seq } from '../../../base/brands.ts';
import { faultPoints } from '../../../base/fault-points.ts';
import type { Node } from '../../../nodes/node.ts';
import type { NodeConnection } from '../../../nodes/node-connection.ts';
import { queryRows } from '../../../nodes/query-rows.ts';
import { unfinishedCopy } from '../../join-decision.ts';
import { initialiseMarkers } from '../node-markers.ts';
import { type SnapshotContext, type Snapshot, takeSnapshots } from '../snapshot.ts';
import { copyAccounts, copyGrants } from './copy-accounts.ts';
import { copyPrograms } from './copy-programs.ts';
import { type CopyEnds, createTables, dropSchemas, readSequences } from './copy-schema.ts';
import { packetBytesOf, prepareSource, prepareTarget } from './copy-session.ts';
import { copyTable } from './copy-table.ts';
import { type Definitions, readDefinitions } from './read-definitions.ts';
import { checksumTable } from './table-checksum.ts';
import { readUserTables, type UserTable } from './user-tables.ts';

/** How far a copy is, for people. */
export interface CopyProgress {
  phase: 'waiting' | 'schema' | 'data' | 'programs' | 'done';
  source: string;
  seq?: number;
  tablesDone: number;
  tables: number;
  rows: number;
  /** Of statements sent. */
  bytes: number;
}

export interface CopyNodeOptions extends SnapshotContext {
  readonly source: Node;
  readonly target: Node;
  readonly clusterId: string;
  readonly epoch: number;
  readonly progress: CopyProgress;
  /** What the copy cannot make equal, and the operator should know. */
  readonly onWarning: (detail: string) => void;
  /** The snapshot is taken: from now on the log after its seq is needed. */
  readonly onSnapshot: (snapshot: Snapshot) => void;
  readonly signal: AbortSignal;
}

/** The copy was made, but is not equal to what it was made from. */
export class CopyDiffersError extends Error {
  constructor(detail: string) {
    super(`the copy differs from its source in ${detail}`);
    this.name = 'CopyDiffersError';
  }
}

const lanesMax = 4;

/**
 * Replaces everything on the target by a copy of the source as of one entry, while writes go
 * on. Only when all of it is there and compared is the target marked as a member at that entry;
 * until then its markers say that a copy is under way. DDL waits meanwhile. Rejects when
 * either node fails or `signal` is aborted.
 */
export async function copyNode(options: CopyNodeOptions): Promise<Seq> {
  const { replicator, signal } = options;
  const opened: NodeConnection[] = [];
  const abort = (): void => {
    const reason = signal.reason instanceof Error ? signal.reason : new Error('aborted');
    for (const connection of opened) connection.destroy(reason);
  };
  signal.addEventListener('abort', abort);
  const releaseSchema = replicator.gate.schema.take();
  try {
    signal.throwIfAborted();
    const open = async (node: Node): Promise<NodeConnection> => {
      const connection = await node.openControl();
      opened.push(connection);
      if (signal.aborted) abort();
      return connection;
    };
    const seq = await copyWith(options, open);
    for (const connection of opened) connection.end();
    return seq;
  } finally {
    signal.removeEventListener('abort', abort);
    releaseSchema();
    // A connection whose answer is not read to its end cannot be ended in order.
    for (const connection of opened) connection.destroy(new Error('the copy has ended'));
  }
}

async function copyWith(
  options: CopyNodeOptions,
  open: (node: Node) => Promise<NodeConnection>,
): Promise<Seq> {
  const { source, target, clusterId, epoch, progress, onWarning } = options;
  const flavor = source.facts?.flavor ?? 'mysql';
  const openEnds = async (): Promise<CopyEnds> => {
    const ends = { source: await open(source), target: await open(target), flavor };
    await prepareTarget(ends.target, flavor);
    await prepareSource(ends.source, flavor);
    return ends;
  };
  const ends = await openEnds();
  await initialiseMarkers(ends.target, { clusterId: unfinishedCopy, epoch, position: 0 as Seq });
  if (faultPoints.armed) await faultPoints.reach('resync.begun', target.name);
  const lanes = [ends];
  const tablesBefore = await readUserTables(ends.source);
  while (lanes.length < Math.min(lanesMax, tablesBefore.length)) lanes.push(await openEnds());
  const sequences = flavor === 'mariadb' ? await readSequences(ends.source) : [];
  const snapshot = await snapshotOfSource(options, {
    connections: lanes.map((lane) => lane.source),
    alone: sequences.length > 0 && options.replicator.leadership?.name === source.name,
  });
  options.onSnapshot(snapshot);
  if (faultPoints.armed) await faultPoints.reach('resync.snapshot', target.name);
  const tables = await readUserTables(ends.source);
  Object.assign(progress, { phase: 'schema', seq: snapshot.seq, tables: tables.length });
  const keep = [...new Set([source.config.user, target.config.user])];
  await dropSchemas(ends.target);
  if (faultPoints.armed) await faultPoints.reach('resync.emptied', target.name);
  await copyAccounts(ends, keep);
  await createTables(ends, tables);
  progress.phase = 'data';
  const queue = [...tables];
  await Promise.all(lanes.map((lane) => copyQueue(options, lane, queue)));
  progress.phase = 'programs';
  const broken = await copyPrograms(ends);
  for (const view of broken) onWarning(`view ${view} cannot be made: it is broken`);
  for (const sql of await copyGrants(ends, keep)) {
    onWarning(`${sql}: Lockstep's account may not give this right, so its administrator must`);
  }
  compareDefinitions(
    await readDefinitions(ends.source),
    await readDefinitions(ends.target),
    broken,
  );
  if (faultPoints.armed) await faultPoints.reach('resync.copied', target.name);
  await initialiseMarkers(ends.target, { clusterId, epoch, position: snapshot.seq });
  // It may be the next one's source at once: by then a crash of its server must lose none of it.
  await queryRows(ends.target, 'FLUSH LOCAL ENGINE LOGS');
  if (faultPoints.armed) await faultPoints.reach('resync.marked', target.name);
  progress.phase = 'done';
  return snapshot.seq;
}

/** Rejects if the source goes out of rotation: it may be behind then, and stays so. */
export function snapshotOfSource(
  options: CopyNodeOptions,
  { connections, alone }: { connections: readonly NodeConnection[]; alone: boolean },
): Promise<Snapshot> {
  const { source, signal } = options;
  return takeSnapshots(options, {
    connections: new Map([[source.name, connections]]),
    alone,
    membersOnly: true,
    signal,
  });
}

/** One of the lanes: takes the next table until none is left. */
async function copyQueue(
  options: CopyNodeOptions,
  lane: CopyEnds,
  queue: UserTable[],
): Promise<void> {
  const { progress, signal, onWarning } = options;
  const packetBytes = await packetBytesOf(lane.target);
  for (let table = queue.shift(); table; table = queue.shift()) {
    signal.throwIfAborted();
    await copyTable({
      ...lane,
      table,
      packetBytes,
      onProgress: ({ rows, bytes }) => {
        progress.rows += rows;
        progress.bytes += bytes;
      },
    });
    const name = `${table.schema}.${table.table}`;
    if (table.versioned) onWarning(`the history of ${name} is not copied, only its rows`);
    const [here, there] = await Promise.all([
      checksumTable(lane.source, table),
      checksumTable(lane.target, table),
    ]);
    if (here.checksum !== there.checksum) {
      throw new CopyDiffersError(
        `${name}: ${here.rows} rows (${here.checksum}) became ${there.rows} (${there.checksum})`,
      );
    }
    progress.tablesDone++;
    if (faultPoints.armed) await faultPoints.reach('resync.table', options.target.name);
  }
}

function compareDefinitions(
  source: Definitions,
  target: Definitions,
  except: readonly string[],
): void {
  const broken = new Set(except.map((view) => view.replace('.', '\0') + ' (view)'));
  for (const key of new Set([...source.keys(), ...target.keys()])) {
    if (source.get(key) === target.get(key) || broken.has(key)) continue;
    throw new CopyDiffersError(key.replace('\0', '.'));
  }
}

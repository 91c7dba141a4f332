import { noSeq, type Seq } from '../../base/brands.ts';
import { LockstepError } from '../../base/errors.ts';
import type { CommandLog } from '../../log/command-log.ts';
import { isDenied } from '../../nodes/client-handshake.ts';
import type { Node } from '../../nodes/node.ts';
import type { NodeConnection } from '../../nodes/node-connection.ts';
import { plainVersion } from '../../nodes/plain-version.ts';
import { queryRows } from '../../nodes/query-rows.ts';
import { quoteString } from '../../sql/quote.ts';
import { decideJoin, unfinishedCopy } from '../join-decision.ts';
import { holdsNothing } from './copy/user-tables.ts';
import { compareNodes } from './compare-nodes.ts';
import { differencesText } from './differences-text.ts';
import { initialiseMarkers, readMarkers } from './node-markers.ts';
import type { SnapshotContext } from './snapshot.ts';

/** How a server that is to be a member becomes equal to the others. */
export type WayIn =
  /** It was one, and the log still has what it lacks. */
  | { readonly kind: 'replay' }
  /** It is given a copy; what it holds is nothing, or may be lost. */
  | { readonly kind: 'copy' }
  /** It holds what the others hold, as of this entry. */
  | { readonly kind: 'equal'; readonly seq: Seq };

export interface InspectionContext extends SnapshotContext {
  readonly log: CommandLog;
  readonly clusterId: string;
  /** The members. */
  readonly nodes: ReadonlyMap<unknown, Node>;
  /** A node in sync, if there is one. */
  readonly source: Node | undefined;
  /** A name that nobody else uses for a lock. */
  readonly lockName: string;
  /** The operator said that what the server holds may be lost. */
  readonly overwrite: boolean;
}

/**
 * Finds out how a server may become a member. Nothing is changed on it. Throws LockstepError:
 * node_unreachable, bad_request (another engine, or a member already), no_source,
 * server_holds_data.
 */
export async function inspectServer(context: InspectionContext, node: Node): Promise<WayIn> {
  let control: NodeConnection | undefined;
  try {
    control = await node.openControl();
    refuseOtherEngine(context, node, control);
    await refuseMember(context, node, control);
    return await wayIn(context, node, control);
  } catch (cause) {
    if (cause instanceof LockstepError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LockstepError('node_unreachable', `${node.address} cannot be used: ${reason}`, {
      cause,
      field: isDenied(cause) ? 'password' : 'url',
    });
  } finally {
    control?.end();
  }
}

async function wayIn(
  context: InspectionContext,
  node: Node,
  control: NodeConnection,
): Promise<WayIn> {
  const { log, clusterId, source, overwrite } = context;
  if (!overwrite) {
    const markers = await readMarkers(control);
    const { firstSeq, lastSeq } = log;
    const decision = decideJoin(markers && { ...markers, mayHaveLostLocks: true, sole: false }, {
      clusterId,
      firstSeq,
      lastSeq,
    });
    if (decision.kind === 'follow') return { kind: 'replay' };
    if (!(await holdsNothing(control))) {
      const reason = decision.kind === 'initialise' || !markers ? '' : decision.reason;
      return compare(context, node, reason);
    }
  }
  if (source) return { kind: 'copy' };
  throw new LockstepError('no_source', `no node is in sync, so ${node.name} cannot be filled`);
}

/** `reason`: why it must not be taken in even if it is equal; empty if it may. */
async function compare(context: InspectionContext, node: Node, reason: string): Promise<WayIn> {
  const { source } = context;
  const because = reason === '' ? '' : `, and ${reason}`;
  const refuse = (what: string): LockstepError =>
    new LockstepError(
      'server_holds_data',
      `${node.address} holds data of its own${because}${what}`,
      { field: 'resync' },
    );
  if (!source) throw refuse('');
  const { equal, seq, tables } = await compareNodes(context, [source, node]);
  if (!equal) throw refuse(`:\n${differencesText(tables)}`);
  if (reason !== '') throw refuse('');
  return { kind: 'equal', seq };
}

function refuseOtherEngine(
  { nodes }: InspectionContext,
  node: Node,
  { serverVersion }: NodeConnection,
): void {
  const flavor = /mariadb/i.test(serverVersion) ? 'mariadb' : 'mysql';
  for (const { facts } of nodes.values()) {
    if (!facts || facts.flavor === flavor) continue;
    const [own, others] = [plainVersion(serverVersion), plainVersion(facts.version)];
    const message = `${node.address} is ${own}, the nodes are ${others}`;
    throw new LockstepError('bad_request', `${message}: MySQL and MariaDB cannot be mixed`, {
      field: 'url',
    });
  }
}

/**
 * One server under two names would be written to twice, and a copy of it would first drop what
 * is to be copied. An address has many spellings, so a lock taken there is looked for here.
 */
async function refuseMember(
  { nodes, lockName }: InspectionContext,
  node: Node,
  control: NodeConnection,
): Promise<void> {
  const lock = quoteString(lockName);
  await queryRows(control, `SELECT GET_LOCK(${lock}, 0)`);
  await Promise.all(
    [...nodes.values()].map(async (member) => {
      if (!(await holdsLock(member, lock))) return;
      throw takenError(node.address, member.name);
    }),
  );
}

export const takenError = (address: string, name: string): LockstepError =>
  new LockstepError('bad_request', `${address} is the server of ${name}`, { field: 'url' });

async function holdsLock(member: Node, lock: string): Promise<boolean> {
  let connection: NodeConnection;
  try {
    connection = await member.openControl();
  } catch {
    // It does not answer, so it is not the server that does.
    return false;
  }
  try {
    const [row] = await queryRows(connection, `SELECT IS_USED_LOCK(${lock}) AS holder`);
    return row?.['holder'] !== null;
  } finally {
    connection.end();
  }
}

/**
 * Writes to the server, before it is a member, as what it is to become one: whatever dies now, a
 * copy that was not made is known to be none.
 */
export async function markServer(
  node: Node,
  way: WayIn,
  { clusterId, epoch }: { readonly clusterId: string; readonly epoch: number },
): Promise<void> {
  if (way.kind === 'replay') return;
  const control = await node.openControl();
  try {
    const copied = { clusterId: unfinishedCopy, epoch, position: noSeq };
    const equal = (position: Seq) => ({ clusterId, epoch, position });
    await initialiseMarkers(control, way.kind === 'copy' ? copied : equal(way.seq));
  } finally {
    control.end();
  }
}

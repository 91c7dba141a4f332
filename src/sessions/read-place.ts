import type { NodeName, Seq } from '../base/brands.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import { showsEnough } from './read-consistency.ts';
import type { SessionCore } from './session-core.ts';

/** Whether the node is in sync and shows what a read of the session must see. */
export function mayServe(
  core: SessionCore,
  name: NodeName,
  acknowledged: Seq | undefined,
): boolean {
  const { nodes, replicator } = core.context;
  return (
    nodes.get(name)?.state === 'UP' &&
    replicator.inSync(name) &&
    showsEnough(core, name, acknowledged)
  );
}

/**
 * Whether nothing speaks against asking it now: a doubt, or a queue for its connections. Where
 * there is one, a read may still be sent on a connection that others use and that is `usable`.
 */
export function answersAtOnce(
  core: SessionCore,
  name: NodeName,
  usable?: (connection: NodeConnection) => boolean,
): boolean {
  const node = core.context.nodes.get(name);
  if (node === undefined || node.questioned) return false;
  return !node.pool.exhausted || (usable !== undefined && core.mayJoinPipeline(node, usable));
}

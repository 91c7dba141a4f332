import type { NodeName, Seq } from '../../base/brands.ts';
import type { Node } from '../../nodes/node.ts';
import type { NodeConnection } from '../../nodes/node-connection.ts';
import { prepareSource } from './copy/copy-session.ts';
import { type ComparedTable, compareContents, readContents } from './node-contents.ts';
import { type SnapshotContext, takeSnapshots } from './snapshot.ts';

export interface ComparedNodes {
  readonly equal: boolean;
  readonly seq: Seq;
  readonly tables: readonly ComparedTable[];
}

/**
 * Compares everything that applications have on these nodes, as of one place in the log and
 * each table in one go. Those that take no part must stand still. DDL waits until the end.
 */
export async function compareNodes(
  context: SnapshotContext,
  nodes: readonly Node[],
): Promise<ComparedNodes> {
  const release = context.replicator.gate.schema.take();
  const opened = new Map<NodeName, readonly NodeConnection[]>();
  try {
    for (const node of nodes) {
      const connection = await node.openControl();
      opened.set(node.name, [connection]);
      await prepareSource(
        connection,
        /mariadb/i.test(connection.serverVersion) ? 'mariadb' : 'mysql',
      );
    }
    const { seq } = await takeSnapshots(context, { connections: opened, alone: false });
    const found = await Promise.all(
      [...opened].flatMap(([name, connections]) =>
        connections.map(async (connection) => [name, await readContents(connection)] as const),
      ),
    );
    const tables = compareContents(found);
    return { equal: tables.every((table) => table.equal), seq, tables };
  } finally {
    release();
    for (const connection of [...opened.values()].flat()) {
      if (connection.idle) connection.end();
      else connection.destroy(new Error('the comparison has ended'));
    }
  }
}

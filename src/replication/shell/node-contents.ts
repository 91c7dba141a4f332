import type { NodeName } from '../../base/brands.ts';
import type { NodeConnection } from '../../nodes/node-connection.ts';
import { readDefinitions } from './copy/read-definitions.ts';
import { checksumTable, type TableChecksum } from './copy/table-checksum.ts';
import { readUserTables } from './copy/user-tables.ts';
import { oddNodes } from './verify/odd-nodes.ts';

/** What a node holds. Key: schema, NUL, name; what is no table has its kind behind the name. */
export type NodeContents = ReadonlyMap<string, TableChecksum>;

export interface ComparedTable {
  readonly schema: string;
  /** With its kind if it is no table: `total (function)`. */
  readonly table: string;
  readonly nodes: Readonly<Record<string, TableChecksum>>;
  readonly equal: boolean;
  /** Nodes that hold something else than most do; all of them when there is no majority. */
  readonly differing: readonly string[];
}

/** The contents as the connection's transaction sees them; its session was prepared to read. */
export async function readContents(connection: NodeConnection): Promise<NodeContents> {
  const contents = new Map<string, TableChecksum>();
  for (const [name, checksum] of await readDefinitions(connection)) {
    contents.set(name, { rows: 0, checksum });
  }
  for (const table of await readUserTables(connection)) {
    contents.set(`${table.schema}\0${table.table}`, await checksumTable(connection, table));
  }
  return contents;
}

const absent: TableChecksum = { rows: 0, checksum: 'absent' };

/** Everything that any of the nodes holds, by name. */
export function compareContents(
  found: readonly (readonly [NodeName, NodeContents])[],
): ComparedTable[] {
  const names = [...new Set(found.flatMap(([, contents]) => [...contents.keys()]))].sort((a, b) =>
    a < b ? -1 : 1,
  );
  return names.map((name) => {
    const nodes = Object.fromEntries(
      found.map(([node, contents]) => [node as string, contents.get(name) ?? absent]),
    );
    const [schema = '', table = ''] = name.split('\0');
    const checksums = Object.entries(nodes).map(
      ([node, { checksum }]) => [node, checksum] as const,
    );
    const differing = oddNodes(new Map(checksums));
    return { schema, table, nodes, equal: differing.length === 0, differing };
  });
}

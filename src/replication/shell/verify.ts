import { createHash } from 'node:crypto';
import type { NodeName, Seq } from '../../base/brands.ts';
import { LockstepError } from '../../base/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { Node } from '../../nodes/node.ts';
import type { NodeConnection } from '../../nodes/node-connection.ts';
import { queryRows } from '../../nodes/query-rows.ts';
import { quoteIdentifier, quoteString } from '../../sql/quote.ts';
import type { Replicator } from '../replicator.ts';
import type { Sequencer } from '../sequencer.ts';

export interface TableChecksum {
  readonly rows: number;
  readonly checksum: string;
}

export interface VerifiedTables {
  readonly equal: boolean;
  readonly seq: Seq;
  readonly tables: readonly {
    readonly schema: string;
    readonly table: string;
    readonly nodes: Readonly<Record<string, TableChecksum>>;
    readonly equal: boolean;
  }[];
}

const systemSchemas = ['mysql', 'sys', 'information_schema', 'performance_schema', 'lockstep'];
const settleTimeoutMs = 10_000;

/**
 * Compares every table of every node in sync at one place in the log. Writes wait meanwhile,
 * so that all nodes have exactly the same entries.
 */
export async function verifyNodes(options: {
  replicator: Replicator;
  sequencer: Sequencer;
  nodes: readonly Node[];
  clock: Clock;
  ddlWaitTimeoutMs: number;
}): Promise<VerifiedTables> {
  const { replicator, sequencer, clock } = options;
  const release = await replicator.gate.exclusive(options.ddlWaitTimeoutMs);
  try {
    const nodes = options.nodes.filter((node) => replicator.inSync(node.name));
    const deadlineMs = clock.nowMs() + settleTimeoutMs;
    const behind = (): boolean =>
      nodes.some((node) => (replicator.position(node.name) ?? 0) < sequencer.lastDurable);
    while (behind()) {
      if (clock.nowMs() > deadlineMs) {
        throw new LockstepError('conflict', 'a node did not catch up; try again when it has');
      }
      await replicator.positionChanged(50);
    }
    const found = await Promise.all(
      nodes.map(async (node) => [node.name, await checksumNode(node)] as const),
    );
    return compare(found, sequencer.lastDurable);
  } finally {
    release();
  }
}

function compare(
  found: readonly (readonly [NodeName, ReadonlyMap<string, TableChecksum>])[],
  seq: Seq,
): VerifiedTables {
  const names = [...new Set(found.flatMap(([, tables]) => [...tables.keys()]))].sort((a, b) =>
    a < b ? -1 : 1,
  );
  const tables = names.map((name) => {
    const nodes: Record<string, TableChecksum> = {};
    for (const [node, checksums] of found) {
      nodes[node] = checksums.get(name) ?? { rows: 0, checksum: 'absent' };
    }
    const [first, ...others] = Object.values(nodes);
    const equal = others.every((other) => other.checksum === first?.checksum);
    const [schema = '', table = ''] = name.split('\0');
    return { schema, table, nodes, equal };
  });
  return { equal: tables.every((table) => table.equal), seq, tables };
}

async function checksumNode(node: Node): Promise<Map<string, TableChecksum>> {
  const control = await node.openControl();
  try {
    await queryRows(control, 'SET NAMES utf8mb4');
    const tables = await queryRows(
      control,
      'SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES ' +
        `WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA NOT IN (${systemSchemas
          .map((name) => quoteString(name))
          .join(',')})`,
    );
    const checksums = new Map<string, TableChecksum>();
    for (const { s, t } of tables) {
      checksums.set(`${s}\0${t}`, await checksumTable(control, s ?? '', t ?? ''));
    }
    return checksums;
  } finally {
    control.end();
  }
}

/** Independent of row order; each column is marked so that NULL and '' differ. */
async function checksumTable(
  control: NodeConnection,
  schema: string,
  table: string,
): Promise<TableChecksum> {
  const name = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
  const [created] = await queryRows(control, `SHOW CREATE TABLE ${name}`);
  const definition = (Object.values(created ?? {})[1] ?? '').replace(/ AUTO_INCREMENT=\d+/, '');
  const columns = await queryRows(
    control,
    'SELECT COLUMN_NAME AS c FROM information_schema.COLUMNS ' +
      `WHERE TABLE_SCHEMA = ${quoteString(schema)} AND TABLE_NAME = ${quoteString(table)} ` +
      'ORDER BY ORDINAL_POSITION',
  );
  const parts = columns.map(({ c }) => {
    const column = quoteIdentifier(c ?? '');
    return `IFNULL(CONCAT('=', HEX(${column})), '-')`;
  });
  const row = `CONCAT_WS(',', ${parts.join(', ')})`;
  // Two sums over different halves: one CRC alone would let two changes cancel out easily.
  const [sums] = await queryRows(
    control,
    `SELECT COUNT(*) AS n, COALESCE(SUM(CRC32(${row})), 0) AS a, ` +
      `COALESCE(BIT_XOR(CRC32(CONCAT(${row}, '#'))), 0) AS b FROM ${name}`,
    { timeoutMs: 600_000 },
  );
  const hash = createHash('sha256').update(definition).update(`${sums?.['a']}/${sums?.['b']}`);
  return { rows: Number(sums?.['n'] ?? 0), checksum: hash.digest('hex').slice(0, 16) };
}

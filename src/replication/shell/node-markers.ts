import { type Seq, seq } from '../../base/brands.ts';
import type { NodeConnection } from '../../nodes/node-connection.ts';
import { NodeQueryError, queryRows } from '../../nodes/query-rows.ts';
import { quoteString } from '../../sql/quote.ts';
import { condemned } from '../join-decision.ts';
import { foldStatement } from '../position-statements.ts';

/** What a node itself says about which entries it has: the `lockstep` schema. */
export interface NodeMarkers {
  readonly clusterId: string;
  readonly epoch: number;
  /** Everything up to here is on the node. */
  readonly position: Seq;
  /** Entries beyond `position` that are on the node too. */
  readonly appliedBeyond: ReadonlySet<Seq>;
  /** A DDL statement that was announced and not yet followed by its position. */
  readonly ddl: AnnouncedDdl | undefined;
}

export interface AnnouncedDdl {
  readonly seq: Seq;
  /** Fingerprint of the objects before it ran. */
  readonly fingerprint: string;
  /** Binary string. */
  readonly sql: string;
  readonly schema: string;
  /** How the text is to be read; see text-reading. */
  readonly reading: string;
}

const unknownDatabase = 1049;
const noSuchTable = 1146;

/** Undefined when the node has no markers: it never took part in a cluster. */
export async function readMarkers(connection: NodeConnection): Promise<NodeMarkers | undefined> {
  try {
    const [row] = await queryRows(
      connection,
      'SELECT cluster_id, epoch, position, ddl_seq, ddl_fingerprint, ' +
        'HEX(ddl_statement) AS ddl_statement, HEX(ddl_schema) AS ddl_schema ' +
        'FROM lockstep.node WHERE id = 1',
    );
    if (!row) return undefined;
    const applied = await queryRows(
      connection,
      `SELECT seq FROM lockstep.applied WHERE seq > ${row['position']} ORDER BY seq`,
    );
    const ddlSeq = Number(row['ddl_seq']);
    return {
      clusterId: row['cluster_id'] ?? '',
      epoch: Number(row['epoch']),
      position: seq(Number(row['position'])),
      appliedBeyond: new Set(applied.map((marker) => seq(Number(marker['seq'])))),
      ddl:
        ddlSeq === 0
          ? undefined
          : {
              seq: seq(ddlSeq),
              fingerprint: row['ddl_fingerprint'] ?? '',
              sql: fromHex(row['ddl_statement']),
              ...placeOf(fromHex(row['ddl_schema'])),
            },
    };
  } catch (error) {
    const absent =
      error instanceof NodeQueryError &&
      (error.errno === unknownDatabase || error.errno === noSuchTable);
    if (absent) return undefined;
    throw error;
  }
}

/** Makes the node a member of the cluster, at `position`. Replaces markers it had. */
export async function initialiseMarkers(
  connection: NodeConnection,
  markers: { clusterId: string; epoch: number; position: Seq },
): Promise<void> {
  await queryRows(
    connection,
    `CREATE DATABASE IF NOT EXISTS lockstep;
     CREATE TABLE IF NOT EXISTS lockstep.node (
       id TINYINT NOT NULL PRIMARY KEY,
       cluster_id CHAR(36) NOT NULL,
       epoch BIGINT UNSIGNED NOT NULL,
       position BIGINT UNSIGNED NOT NULL,
       ddl_seq BIGINT UNSIGNED NOT NULL DEFAULT 0,
       ddl_fingerprint CHAR(64) NOT NULL DEFAULT '',
       ddl_statement LONGBLOB,
       ddl_schema VARBINARY(256) NOT NULL DEFAULT ''
     ) ENGINE=InnoDB;
     CREATE TABLE IF NOT EXISTS lockstep.applied (
       seq BIGINT UNSIGNED NOT NULL PRIMARY KEY
     ) ENGINE=InnoDB;
     BEGIN;
     DELETE FROM lockstep.applied;
     REPLACE INTO lockstep.node (id, cluster_id, epoch, position)
       VALUES (1, ${quoteString(markers.clusterId)}, ${markers.epoch}, ${markers.position});
     COMMIT`,
  );
}

/**
 * Lets the application's accounts write the marker row of their own transactions. Who has the right
 * is not given it again: GRANT waits for whoever reads the accounts, as a copy does until it ends.
 */
export async function grantMarkerRights(
  connection: NodeConnection,
  users: readonly string[],
): Promise<void> {
  for (const user of users) {
    const accounts = await queryRows(
      connection,
      'SELECT u.Host AS host, (SELECT COUNT(*) FROM mysql.tables_priv t WHERE t.Host = u.Host ' +
        "AND t.User = u.User AND t.Db = 'lockstep' AND t.Table_name = 'applied' " +
        "AND FIND_IN_SET('Insert', t.Table_priv) > 0) AS granted " +
        `FROM mysql.user u WHERE u.User = ${quoteString(user)}`,
    );
    for (const { host, granted } of accounts) {
      if (granted !== '0') continue;
      await queryRows(
        connection,
        `GRANT INSERT ON lockstep.applied TO ${quoteString(user)}@${quoteString(host ?? '%')}`,
      );
    }
  }
}

/** The statement that a leader's transaction carries just before its COMMIT. */
export const markerStatement = (position: Seq): string =>
  `INSERT INTO lockstep.applied VALUES (${position})`;

/** The statements that move a node's position and prune the markers behind it. */
export const positionStatements = (position: Seq): string =>
  `BEGIN;${foldStatement(position)};` +
  `DELETE FROM lockstep.applied WHERE seq<=${position};COMMIT`;

export async function announceDdl(connection: NodeConnection, ddl: AnnouncedDdl): Promise<void> {
  await queryRows(
    connection,
    `UPDATE lockstep.node SET ddl_seq=${ddl.seq},` +
      `ddl_fingerprint=${quoteString(ddl.fingerprint)},` +
      `ddl_statement=X'${toHex(ddl.sql)}',ddl_schema=X'${toHex(placeText(ddl))}' WHERE id=1`,
  );
}

/** No name has a zero in it, so that what is not as usual can stand behind one. */
const placeText = ({ schema, reading }: AnnouncedDdl): string =>
  reading === '' ? schema : `${schema}\0${reading}`;

function placeOf(text: string): Pick<AnnouncedDdl, 'schema' | 'reading'> {
  const [schema = '', reading = ''] = text.split('\0');
  return { schema, reading };
}

/** The node's data was found unfit: it stays out until its markers are made anew. */
export async function condemn(connection: NodeConnection): Promise<void> {
  await queryRows(
    connection,
    `UPDATE lockstep.node SET cluster_id=${quoteString(condemned)} WHERE id=1`,
  );
}

export async function retractDdl(connection: NodeConnection): Promise<void> {
  await queryRows(connection, 'UPDATE lockstep.node SET ddl_seq=0 WHERE id=1');
}

const toHex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
const fromHex = (hex: string | null | undefined): string =>
  Buffer.from(hex ?? '', 'hex').toString('latin1');

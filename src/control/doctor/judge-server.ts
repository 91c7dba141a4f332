import type { Clock } from '../../base/clock.ts';
import type { Config } from '../../config/config.ts';
import { formatSize } from '../../config/units.ts';
import type { Finding } from '../../http/doctor-schemas.ts';
import type { ServerExam } from '../../nodes/examine-server.ts';
import { validity } from './judge-certificates.ts';
import { clocksApartMaxMs, setClocks } from './judge-cluster.ts';

type Limits = Pick<Config['limits'], 'connectionsPerNode' | 'packetBytes'>;

/** Beside those of clients: health, followers, recovery, copies, comparisons. */
const ownConnections = 15;

/** What all that Lockstep does on a node takes; `ALL PRIVILEGES` holds them. */
const neededRights = [
  ...['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'INDEX', 'REFERENCES'],
  ...['CREATE VIEW', 'SHOW VIEW', 'CREATE ROUTINE', 'ALTER ROUTINE', 'TRIGGER', 'EVENT'],
  ...['EXECUTE', 'LOCK TABLES', 'PROCESS', 'RELOAD', 'CREATE USER'],
];

/** What is to be said of one server by itself; nothing where all is well. */
export function judgeServer(
  about: string,
  exam: ServerExam,
  { limits, clock }: { readonly limits: Limits; readonly clock: Clock },
): Finding[] {
  return [...judge(exam, limits), ...certificate(exam, clock)].map((found) =>
    Object.assign({ about }, found),
  );
}

function judge(exam: ServerExam, limits: Limits): Found[] {
  const { facts, clockAheadMs, clockUncertainMs } = exam;
  const findings: Found[] = [
    ...rights(exam),
    ...facts.warnings.map(({ setting, found, wanted, remedy }) => ({
      level: 'warning' as const,
      check: setting,
      message: `${setting} is ${found}, and should be ${wanted}`,
      remedy,
      sql: globally(exam, setting, wanted),
    })),
    ...capacity(exam, limits),
    ...contents(exam),
    ...logging(exam),
  ];
  if (Math.abs(clockAheadMs) > clocksApartMaxMs + clockUncertainMs) {
    const seconds = (Math.abs(clockAheadMs) / 1000).toFixed(1);
    const side = clockAheadMs > 0 ? 'ahead of' : 'behind';
    findings.push({
      level: 'warning',
      check: 'clock',
      message: `its clock is ${seconds} s ${side} that of Lockstep: reads of NOW() tell them apart`,
      remedy: setClocks,
    });
  }
  return findings;
}

type Found = Omit<Finding, 'about'>;

function rights({ grants, account }: ServerExam): Found[] {
  const everywhere = grants.filter((grant) => / ON \*\.\* TO /.test(grant));
  const held = new Set(
    everywhere.flatMap((grant) => {
      const list = /^GRANT (.+?) ON \*\.\* TO /.exec(grant)?.[1] ?? '';
      return list.split(/,\s*/).map((right) => right.trim().toUpperCase());
    }),
  );
  const isAll = held.has('ALL PRIVILEGES');
  const missing = isAll ? [] : neededRights.filter((right) => !held.has(right));
  const mayGrant = everywhere.some((grant) => /WITH GRANT OPTION/.test(grant));
  if (!mayGrant) missing.push('GRANT OPTION');
  if (missing.length === 0) return [];
  const [user = '', host = '%'] = account.split(/@(?=[^@]*$)/);
  const name = `'${user.replaceAll("'", "''")}'@'${host.replaceAll("'", "''")}'`;
  return [
    {
      level: 'error',
      check: 'rights',
      message: `the account ${account} lacks ${missing.join(', ')}`,
      remedy: 'As an administrator, on this server:',
      sql: [`GRANT ALL PRIVILEGES ON *.* TO ${name} WITH GRANT OPTION`],
    },
  ];
}

function capacity(exam: ServerExam, { connectionsPerNode, packetBytes }: Limits): Found[] {
  const findings: Found[] = [];
  const needed = connectionsPerNode + ownConnections;
  const most = Number(exam.variables.get('max_connections'));
  if (most < needed) {
    findings.push({
      level: 'warning',
      check: 'max_connections',
      message:
        `max_connections is ${most}; limits.connections_per_node (${connectionsPerNode}) and ` +
        `Lockstep's own connections may need ${needed}`,
      remedy: 'Raise it, also in the configuration of the server, or lower the limit.',
      sql: globally(exam, 'max_connections', String(needed)),
    });
  }
  if (exam.facts.maxAllowedPacket < packetBytes) {
    const found = formatSize(exam.facts.maxAllowedPacket);
    findings.push({
      level: 'warning',
      check: 'max_allowed_packet',
      message:
        `max_allowed_packet is ${found}, less than limits.packet_bytes ` +
        `(${formatSize(packetBytes)}): the least of all nodes is what clients may send`,
      remedy: 'Give all nodes the same, also in their configuration.',
      sql: globally(exam, 'max_allowed_packet', String(packetBytes)),
    });
  }
  if (exam.variables.get('local_infile') === 'OFF') {
    findings.push({
      level: 'note',
      check: 'local_infile',
      message: 'local_infile is OFF: LOAD DATA LOCAL is refused',
      remedy: 'Turn it on at every node if applications load files.',
      sql: globally(exam, 'local_infile', 'ON'),
    });
  }
  return findings;
}

/** Of a server that we reach by TLS. Who issued it, and for which name, the login has checked. */
function certificate({ certificateUntil, facts }: ServerExam, clock: Clock): Found[] {
  if (certificateUntil === undefined) return [];
  const [found] = validity(
    'its certificate',
    { validTo: certificateUntil },
    clock,
    'Renew it on the server, which reads it again after:',
  );
  const sql = [facts.flavor === 'mariadb' ? 'FLUSH SSL' : 'ALTER INSTANCE RELOAD TLS'];
  return found ? [{ ...found, sql }] : [];
}

function contents({ otherEngines, withoutKey, variables }: ServerExam): Found[] {
  const findings: Found[] = [];
  if (otherEngines.length > 0) {
    findings.push({
      level: 'warning',
      check: 'engines',
      message: `writes to tables that are not InnoDB are refused: ${otherEngines.join(', ')}`,
      remedy: 'Through Lockstep, so that all nodes have it:',
      sql: otherEngines.map((table) => {
        return `ALTER TABLE ${table.replace(/ \(.*/, '')} ENGINE=InnoDB`;
      }),
    });
  }
  if (withoutKey.length > 0) {
    findings.push({
      level: 'note',
      check: 'keys',
      message:
        'tables without a unique key are compared in one go, and cannot be repaired row by row: ' +
        withoutKey.join(', '),
      remedy: 'Give them a primary key.',
    });
  }
  const charset = variables.get('character_set_server') ?? '';
  if (charset !== 'utf8mb4') {
    findings.push({
      level: 'note',
      check: 'character_set',
      message: `new schemas have the character set ${charset}, which cannot hold every character`,
      remedy: 'Set character_set_server=utf8mb4 in the configuration of every server.',
    });
  }
  return findings;
}

function logging({ isReplica, variables, facts }: ServerExam): Found[] {
  const findings: Found[] = [];
  if (isReplica) {
    findings.push({
      level: 'error',
      check: 'replication',
      message: 'it replicates from another server, which would write beside Lockstep',
      remedy: 'Nodes need no replication: end it.',
      sql:
        facts.flavor === 'mariadb'
          ? ['STOP ALL SLAVES', 'RESET SLAVE ALL']
          : ['STOP REPLICA', 'RESET REPLICA ALL'],
    });
  }
  if (variables.get('log_bin') === 'ON') {
    findings.push({
      level: 'note',
      check: 'binary_log',
      message:
        'its binary log is on: Lockstep does not need it, and it costs each write a second log; ' +
        'keep it for backups to a point in time or change capture',
    });
  }
  return findings;
}

/** SET PERSIST survives a restart of the server; MariaDB has only its configuration for that. */
function globally({ facts }: ServerExam, name: string, value: string): string[] {
  if (!/^(?:\d+|ON|OFF)$/.test(value)) return [];
  return [`SET ${facts.flavor === 'mysql' ? 'PERSIST' : 'GLOBAL'} ${name} = ${value}`];
}

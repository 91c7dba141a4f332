import type { NodeName } from '../base/brands.ts';
import { cacheSchema } from './cache-schema.ts';
import {
  choice,
  duration,
  flag,
  GiB,
  hourMs,
  integer,
  KiB,
  list,
  listenPort,
  MiB,
  minuteMs,
  nodeNameForm,
  orWord,
  path,
  secret,
  serverPort,
  size,
  text,
  TiB,
  userForm,
  yearMs,
} from './forms.ts';
import { httpSchema } from './http-schema.ts';
import { group, optional, required, withDefault } from './setting.ts';
import { telemetrySchema } from './telemetry-schema.ts';
import { type NodeTlsMode, nodeTlsModes } from './node-tls-mode.ts';
import { type StrategyName, strategyNames } from './strategy-name.ts';

/**
 * The whole configuration: names, forms, limits, defaults and descriptions. The types in
 * config.ts, the reader, the messages and docs/CONFIGURATION.md are all made from it.
 */
export const configSchema = group('', {
  mysql: group('Where applications connect.', {
    host: withDefault<string>(text, '127.0.0.1', 'Address to listen on.'),
    port: withDefault<number>(listenPort, 3300, 'Port to listen on; 0 takes a free one.'),
    socket: optional<string>(path, 'Unix socket to listen on as well.'),
    proxyProtocolNetworks: optional<string>(
      text,
      'Whose word of the PROXY protocol (v1, v2) on the real client is taken: addresses and ' +
        'networks with commas between, e.g. `10.0.0.0/8, ::1`; `*` for all, `localhost` for the ' +
        'Unix socket.',
    ),
  }),
  http: httpSchema,
  nodes: list(
    {
      itemsMin: 1,
      itemsMax: 64,
      description: 'The database servers, each with a full copy of the data.',
      shorthand: 'name=mysql://user:password@host:port/schema?weight=1&tls=required',
    },
    {
      name: required<NodeName>(nodeNameForm, 'Unique name, e.g. `mysql1`.'),
      host: required<string>(text, 'Host name or address.'),
      port: withDefault<number>(serverPort, 3306, 'Port of the server.'),
      user: required<string>(userForm, 'Account that Lockstep uses on the node.'),
      password: withDefault<string>(secret, '', 'Password of that account.'),
      schema: optional<string>(text, 'Schema to use when a client names none.'),
      weight: withDefault<number>(integer(1, 1000), 1, 'Share of the reads, relative to others.'),
      tls: optional<NodeTlsMode>(
        { kind: 'choice', values: nodeTlsModes },
        'Encryption to the node, `off` unless given. `preferred`: if the server offers it; ' +
          '`required`: always; `verify_ca`: and its certificate comes from `tls_ca_file`; ' +
          '`verify_identity`: and names `host`.',
      ),
      tlsCaFile: optional<string>(
        path,
        "Certificates, PEM, that the server's comes from; without it those that Node.js trusts.",
      ),
      tlsCertFile: optional<string>(path, 'Certificate that Lockstep shows to the server, PEM.'),
      tlsKeyFile: optional<string>(path, 'Private key of that certificate, PEM.'),
      compression: optional<'off' | 'zlib' | 'zstd'>(
        { kind: 'choice', values: ['off', 'zlib', 'zstd'] },
        'Compress what goes to and from the node, if it can; `off` unless given. For slow lines. ' +
          '`zstd` takes Node.js 22.15 or newer and MySQL; elsewhere it is zlib.',
      ),
    },
  ),
  users: orWord(
    'from_nodes',
    list(
      {
        itemsMin: 0,
        itemsMax: 10_000,
        description:
          "Who may connect. None: the accounts of `nodes`, with the nodes' passwords. " +
          '`users: from_nodes`: whoever has an account on the nodes, with the password that it ' +
          'has there.',
      },
      {
        name: required<string>(userForm, 'User name the client gives.'),
        password: withDefault<string>(secret, '', 'Password the client gives.'),
      },
    ),
  ),
  initialSource: optional<NodeName>(
    nodeNameForm,
    'Name of the node that has the right data when the nodes differ at the first start; the ' +
      'others become copies of it.',
  ),
  workers: withDefault<number>(
    integer(1, 64),
    1,
    'From 2 on: so many processes beside the main one answer quick reads of text outside ' +
      'transactions; all else is still done by the main one. For machines with cores to spare.',
  ),
  strategy: choice<StrategyName>(
    strategyNames,
    'least_time',
    'How the node for a read is chosen; can be changed while running.',
  ),
  consistency: choice(
    ['session', 'strong', 'eventual'],
    'session',
    '`session`: read your own writes; `strong`: see every acknowledged write; `eventual`: neither.',
  ),
  acks: choice<'all' | 'quorum' | 'leader'>(
    ['all', 'quorum', 'leader'],
    'all',
    'Which in-sync nodes must have committed a write before the client gets its OK.',
  ),
  syncTimeoutMs: withDefault<number>(
    duration(10, hourMs),
    1000,
    'A node that has not confirmed a write after this drops out of the in-sync set.',
  ),
  minInSync: withDefault<number>(
    integer(1, 64),
    1,
    'Writes are refused while fewer nodes than this are in sync.',
  ),
  noNodeTimeoutMs: withDefault<number>(
    duration(0, hourMs),
    5000,
    'How long a statement waits for a node when none can serve it.',
  ),
  autoResync: withDefault<boolean>(
    flag,
    true,
    'Make a member whose data was found unfit a copy of another node, at most three times an ' +
      'hour; otherwise it waits for `lockstep nodes resync`.',
  ),
  queueWhenDown: withDefault<boolean>(
    flag,
    false,
    'Accept writes over HTTP with 202 while no node is up and run them in order later.',
  ),
  transactionReplay: withDefault<boolean>(
    flag,
    false,
    'A transaction whose leader is lost before its COMMIT is run again on the next one, unseen ' +
      'by its client if all answers are the same; otherwise the client gets error 1213.',
  ),
  ddlWaitTimeoutMs: withDefault<number>(
    duration(0, hourMs),
    10_000,
    'How long DDL waits for open transactions to end.',
  ),
  health: group('How nodes are checked.', {
    intervalMs: withDefault<number>(duration(100, hourMs), 5000, 'Time between active checks.'),
    timeoutMs: withDefault<number>(
      duration(50, 10 * minuteMs),
      2000,
      'A check without an answer after this has failed.',
    ),
    suspectAfterMs: withDefault<number>(
      duration(50, 10 * minuteMs),
      1000,
      'A node that owes an answer for this long is checked at once; until then others are asked. ' +
        'After five times as long it is asked whether it is still at it (OPERATIONS.md).',
    ),
    fall: withDefault<number>(integer(1, 100), 1, 'Failed checks in a row that take a node out.'),
    rise: withDefault<number>(integer(1, 100), 2, 'Good checks in a row that bring a node back.'),
    connectTimeoutMs: withDefault<number>(
      duration(50, 10 * minuteMs),
      2000,
      'A connection to a node that is not up after this has failed.',
    ),
  }),
  log: group('The durable command log.', {
    folder: withDefault<string>(path, './lockstep-data', 'Folder of the log.'),
    segmentBytes: withDefault<number>(
      size(64 * KiB, GiB),
      64 * MiB,
      'Size at which a new segment file is begun.',
    ),
    retentionBytes: withDefault<number>(
      size(64 * KiB, 1024 * TiB),
      10 * GiB,
      'Size of the log beyond which nodes that are away lose their place: they need a resync then.',
    ),
    retentionAgeMs: withDefault<number>(
      duration(1000, 10 * yearMs),
      7 * 24 * hourMs,
      'Age of what such a node misses at which it loses its place.',
    ),
    keepBytes: withDefault<number>(
      size(0, 1024 * TiB),
      0,
      'At least so much of the log stays, also when every node has it: for nodes put back from a ' +
        'backup.',
    ),
    freeBytesMin: withDefault<number>(
      size(0, 1024 * TiB),
      GiB,
      'An event says when less than this is free on the disk of the log.',
    ),
  }),
  apply: group('How entries are applied to followers and replayed.', {
    batchEntriesMax: withDefault<number>(
      integer(1, 100_000),
      512,
      'Most entries applied in one transaction.',
    ),
    batchBytesMax: withDefault<number>(
      size(KiB, GiB),
      MiB,
      'Most bytes of entries applied in one transaction.',
    ),
  }),
  verify: group('Comparing the nodes.', {
    intervalMs: optional<number>(
      duration(minuteMs, 480 * hourMs),
      'Time between comparisons, from the end of one to the beginning of the next; without it ' +
        'they are made only when asked for.',
    ),
    rate: withDefault<number>(
      integer(0, 1_000_000_000),
      50_000,
      'Rows a second that a comparison reads on each node at most; 0: as fast as it goes.',
    ),
    afterLeaderFailure: withDefault<boolean>(
      flag,
      true,
      'Compare the nodes also once a leader is back that died while several of its commits were ' +
        'on their way.',
    ),
  }),
  cache: cacheSchema,
  limits: group('Reaching one is an error with a code and a metric.', {
    sessions: withDefault<number>(
      integer(1, 1_000_000),
      10_000,
      'Client connections; beside them there is always place for one of an account of `nodes`.',
    ),
    loginTimeoutMs: withDefault<number>(
      duration(100, 10 * minuteMs),
      10_000,
      'A client that has not logged in after this is closed.',
    ),
    sessionsPerUser: optional<number>(
      integer(1, 1_000_000),
      'Client connections of one user; without it only `sessions` counts.',
    ),
    idleTimeoutMs: withDefault<number>(
      duration(1000, yearMs),
      8 * hourMs,
      'A client that is silent for longer is disconnected, unless its session has set ' +
        '`wait_timeout`.',
    ),
    interactiveTimeoutMs: withDefault<number>(
      duration(1000, yearMs),
      8 * hourMs,
      'The same for clients that say they are interactive, as the command-line clients do.',
    ),
    connectionWaitMs: withDefault<number>(
      duration(0, hourMs),
      5000,
      'How long a statement waits for a connection to a node while all of ' +
        '`connections_per_node` are in use.',
    ),
    connectionsPerNode: withDefault<number>(
      integer(1, 100_000),
      100,
      'Connections to one node; keep below its `max_connections`.',
    ),
    pipelinedReads: withDefault<number>(
      integer(1, 1024),
      256,
      'How many reads of different sessions may be under way on one connection to a node, of ' +
        'statements that are known to be quick; 1: each has one for itself.',
    ),
    packetBytes: withDefault<number>(
      size(KiB, GiB),
      64 * MiB,
      'Largest statement or parameter set; as `max_allowed_packet`.',
    ),
    loadDataBytes: withDefault<number>(
      size(KiB, TiB),
      4 * GiB,
      'Largest file of LOAD DATA LOCAL; it is kept in `log.folder` as long as the log needs it.',
    ),
    transactionReplayBytes: withDefault<number>(
      size(0, GiB),
      MiB,
      'Statements of one transaction that are kept for `transaction_replay`; beyond it the ' +
        'client gets error 1213.',
    ),
    queuedWrites: withDefault<number>(
      integer(1, 10_000_000),
      10_000,
      'Writes waiting for their turn.',
    ),
    preparedStatementsPerSession: withDefault<number>(
      integer(1, 1_000_000),
      16_382,
      'Prepared statements that one client may hold.',
    ),
    statementCache: withDefault<number>(
      integer(0, 10_000_000),
      10_000,
      'Statement texts whose analysis is remembered.',
    ),
    resultBufferBytes: withDefault<number>(
      size(KiB, 4 * GiB),
      16 * MiB,
      'Bytes of one result held while its client is slow to read.',
    ),
  }),
  tls: group('Encryption between clients and Lockstep.', {
    mode: choice(
      ['off', 'preferred', 'required'],
      'preferred',
      '`preferred`: for clients that want it; `required`: others are refused.',
    ),
    keyFile: optional<string>(
      path,
      'Private key, PEM. Without it a self-signed pair is made once and kept in `log.folder`.',
    ),
    certFile: optional<string>(path, 'Certificate chain, PEM; given together with the key.'),
  }),
  telemetry: telemetrySchema,
  logLevel: choice<'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'>(
    ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    'info',
    "What Lockstep's own log on standard output contains.",
  ),
});

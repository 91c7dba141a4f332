import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Capability, combine } from '../../src/protocol/capabilities.ts';
import { CommandByte } from '../../src/protocol/commands.ts';
import { decodeOk } from '../../src/protocol/ok-packet.ts';
import type { SessionChange } from '../../src/protocol/session-change.ts';
import { StatusFlag } from '../../src/protocol/status-flags.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';
import { CommandClient } from '../support/command-client.ts';

const tracking = combine(
  Capability.SESSION_TRACK,
  Capability.CONNECT_WITH_DB,
  Capability.DEPRECATE_EOF,
);

/** No transaction without being asked for it: MySQL then tells of some all the same. */
const statements: readonly string[] = [
  'SELECT 1',
  'USE app',
  'SET NAMES latin1',
  'SET NAMES latin1',
  "SET NAMES utf8mb4 COLLATE 'utf8mb4_unicode_ci'",
  'SET CHARACTER SET latin1',
  'SET character_set_results = NULL',
  'SET character_set_results = latin1, character_set_connection = latin1',
  'SET NAMES utf8mb4',
  'SET autocommit = 1',
  'SET autocommit = 0',
  'SET autocommit = 1',
  "SET time_zone = '+01:00'",
  'SET time_zone = DEFAULT',
  "SET sql_mode = ''",
  'SET @x = 1',
  "SET time_zone = '+02:00', @x = 2, sql_mode = DEFAULT",
  'SET no_such_variable = 1',
  'SELECT 1',
  "SET SESSION session_track_system_variables = 'sql_mode,foreign_key_checks,wait_timeout'",
  'SET foreign_key_checks = 0',
  "SET foreign_key_checks = ON, sql_mode = 'ANSI', time_zone = DEFAULT",
  'SET wait_timeout = 1000',
  'SET sql_mode = DEFAULT',
  "SET SESSION session_track_system_variables = '*'",
  'SET max_sort_length = 2048',
  'SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE',
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
  "SET SESSION session_track_system_variables = ''",
  'SET NAMES utf8mb4',
  'SET session_track_schema = OFF',
  'USE app',
  'SET session_track_schema = ON',
  'SET session_track_state_change = ON',
  'SET @x = 3',
  'SET @x = 3',
  'SELECT 1',
  'USE app',
  "PREPARE s FROM 'SELECT 1'",
  'EXECUTE s',
  'DEALLOCATE PREPARE s',
  'SET autocommit = 1',
  'SET session_track_state_change = OFF',
  'SET session_track_transaction_info = STATE',
  'BEGIN',
  'SELECT 1',
  'SELECT * FROM t',
  'INSERT INTO t (v) VALUES (1)',
  'INSERT INTO t (v) VALUES (2)',
  'SELECT * FROM t',
  'ROLLBACK',
  'INSERT INTO t (v) VALUES (3)',
  'SELECT * FROM t',
  'SET autocommit = 0',
  'SELECT 1',
  'INSERT INTO t (v) SELECT v FROM t',
  'COMMIT',
  'SELECT * FROM t',
  'SET autocommit = 1',
  'BEGIN',
  'SELECT * FROM t FOR UPDATE',
  'CREATE TABLE t2 (id INT PRIMARY KEY)',
  'SET session_track_transaction_info = CHARACTERISTICS',
  'BEGIN',
  'UPDATE t SET v = 4',
  'COMMIT AND CHAIN',
  'DELETE FROM t',
  'ROLLBACK',
  'START TRANSACTION READ ONLY',
  'SELECT * FROM t',
  'COMMIT',
  'START TRANSACTION WITH CONSISTENT SNAPSHOT',
  'COMMIT',
  'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
  'BEGIN',
  'COMMIT',
  'SET TRANSACTION READ ONLY',
  'BEGIN',
  'COMMIT',
  'LOCK TABLES t READ',
  'UNLOCK TABLES',
  'SET session_track_transaction_info = OFF',
];

describe.each(engines())('what a client is told of its session, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers, { strategy: 'round_robin' });
    const client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)');
    await client.end();
  });

  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  const connect = (port: number, capabilities = tracking): Promise<CommandClient> =>
    CommandClient.connect(port, { database: 'app', capabilities });

  /** What each statement's last packet tells. */
  async function told(port: number): Promise<readonly (readonly [string, unknown])[]> {
    await using client = await connect(port);
    const all: [string, unknown][] = [['login', toldBy(client.welcome)]];
    for (const sql of statements) {
      const packets = await client.query(sql);
      all.push([sql, toldBy(packets.at(-1) ?? Buffer.alloc(0))]);
    }
    const commands: [string, number, string][] = [
      ['COM_INIT_DB', CommandByte.INIT_DB, 'app'],
      ['COM_PING', CommandByte.PING, ''],
      ['COM_RESET_CONNECTION', CommandByte.RESET_CONNECTION, ''],
    ];
    for (const [name, command, body] of commands) {
      all.push([name, toldBy(await client.command(command, Buffer.from(body)))]);
    }
    await client.query('DROP TABLE IF EXISTS t2');
    return all;
  }

  test('through Lockstep it is told what a server tells', async () => {
    const direct = await startServers({ engine, count: 1 });
    try {
      const [server] = direct.servers;
      const client = await connectTo(server ?? { port: 0 }, { database: 'app' });
      await client.query('CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)');
      await client.end();
      expect(await told(lockstep.port)).toEqual(await told(server?.port ?? 0));
    } finally {
      await direct.close();
    }
  });

  test('a prepared SET tells what it has set', async () => {
    await using client = await connect(lockstep.port);
    const sql = Buffer.from("SET time_zone = '+05:00'");
    const prepared = await client.command(CommandByte.STMT_PREPARE, sql);
    const head = Buffer.from([0, 1, 0, 0, 0]);
    const execute = Buffer.concat([prepared.subarray(1, 5), head]);
    expect(toldBy(await client.command(CommandByte.STMT_EXECUTE, execute))).toEqual([
      { kind: 'system_variable', name: 'time_zone', value: '+05:00' },
    ]);
  });

  test('a client that cannot be told gets packets as before', async () => {
    const capabilities = combine(Capability.CONNECT_WITH_DB, Capability.DEPRECATE_EOF);
    await using client = await connect(lockstep.port, capabilities);
    for (const sql of ['SET session_track_state_change = ON', 'SET NAMES latin1', 'USE app']) {
      const [packet = Buffer.alloc(0)] = await client.query(sql);
      const { statusFlags } = decodeOk(packet, 0);
      expect(statusFlags & StatusFlag.SESSION_STATE_CHANGED).toBe(0);
      expect(packet).toHaveLength(7);
    }
  });

  test('what is left untold by one session is not told to another', async () => {
    const capabilities = combine(Capability.SESSION_TRACK, Capability.CONNECT_WITH_DB);
    await using one = await connect(lockstep.port, capabilities);
    await one.query('SET session_track_transaction_info = STATE');
    await one.query('BEGIN');
    // Ends in an EOF, which tells nothing.
    await one.query('SELECT * FROM t');
    await using other = await connect(lockstep.port);
    for (let round = 0; round < 6; round += 1) {
      expect(toldBy((await other.query('DO 1'))[0])).toEqual([]);
    }
    await one.query('ROLLBACK');
  });
});

/** What an OK packet tells; the error's number of an ERR. */
function toldBy(packet: Buffer | undefined): readonly SessionChange[] | number {
  if (!packet || packet[0] === 0xff) return packet?.readUInt16LE(1) ?? -1;
  const { sessionChanges } = decodeOk(packet, Capability.SESSION_TRACK);
  return sessionChanges
    .filter((change) => change.kind !== 'system_variable' || change.name !== 'statement_id')
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

const nameOf = (change: SessionChange): string =>
  change.kind === 'system_variable' ? `${change.kind} ${change.name}` : change.kind;

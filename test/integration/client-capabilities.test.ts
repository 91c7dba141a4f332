import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Capability,
  combine,
  has,
  MariadbCapability,
  withMariadbFlags,
} from '../../src/protocol/capabilities.ts';
import { ColumnType, decodeColumnDefinition } from '../../src/protocol/column-definition.ts';
import { CommandByte } from '../../src/protocol/commands.ts';
import { decodeErr } from '../../src/protocol/err-packet.ts';
import { PayloadWriter } from '../../src/protocol/packet-writer.ts';
import { decodeTextRow } from '../../src/protocol/text-row.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { CommandClient } from '../support/command-client.ts';

interface Asked {
  readonly command: number;
  readonly body: Buffer;
}

const basic = combine(
  Capability.CONNECT_WITH_DB,
  Capability.DEPRECATE_EOF,
  Capability.MULTI_STATEMENTS,
  Capability.SESSION_TRACK,
);
const attributing = combine(basic, Capability.QUERY_ATTRIBUTES);
const asked = "mysql_query_attribute_string('trace')";

describe.each(engines())('what is agreed with a client, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;

  beforeAll(async () => {
    const extraArguments = ['--performance-schema=ON'];
    servers = await startServers({ engine, count: 2, extraArguments });
    lockstep = await startBalancer(servers, { strategy: 'round_robin' });
    client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v TEXT, j JSON)');
  });

  afterAll(async () => {
    await client?.end();
    await lockstep?.close();
    await servers?.close();
  });

  const connect = (capabilities: number, mariadbCapabilities?: number): Promise<CommandClient> =>
    CommandClient.connect(lockstep.port, {
      database: 'app',
      capabilities,
      ...(mariadbCapabilities !== undefined && { mariadbCapabilities }),
    });

  test('no more is offered than every node can do', async () => {
    await using one = await connect(basic);
    const { capabilities, mariadbCapabilities } = one.greeting;
    const isMysql = engine.name === 'mysql';
    expect(has(capabilities, Capability.QUERY_ATTRIBUTES)).toBe(isMysql);
    expect(has(capabilities, Capability.LONG_PASSWORD)).toBe(isMysql);
    expect(has(capabilities, Capability.OPTIONAL_RESULTSET_METADATA)).toBe(isMysql);
    const { EXTENDED_METADATA, STMT_BULK_OPERATIONS } = MariadbCapability;
    const ofMariadb = EXTENDED_METADATA | STMT_BULK_OPERATIONS;
    expect(mariadbCapabilities).toBe(isMysql ? undefined : ofMariadb);
  });

  test('the connections to a node say whose they are', async () => {
    const root = await connectTo(servers.servers[0] ?? { port: 0 }, { user: 'root' });
    const [rows] = await root.query<RowDataPacket[]>(
      'SELECT DISTINCT ATTR_VALUE AS name FROM performance_schema.session_connect_attrs ' +
        "WHERE ATTR_NAME = 'program_name'",
    );
    expect(rows.map((row) => row['name'])).toContain('lockstep');
    await root.end();
  });

  describe('query attributes', () => {
    /** The text of every value, of all results, or the error's number. */
    async function ask(
      one: CommandClient,
      sql: string,
      attributes: Record<string, string> = {},
    ): Promise<readonly (string | null)[] | number> {
      const values: (string | null)[] = [];
      let packet = await one.command(CommandByte.QUERY, withAttributes(sql, attributes));
      for (;;) {
        if (packet[0] === 0xff) return decodeErr(packet).errno;
        if (packet[0] === 0) return values;
        for (let columns = packet[0] ?? 0; columns > 0; columns -= 1) await one.next();
        let end = await one.next();
        for (; end[0] !== 0xfe; end = await one.next()) {
          values.push(...decodeTextRow(end).map((value) => value?.toString() ?? null));
        }
        // Status flags behind two zero bytes; 8: more results follow.
        if ((end.readUInt16LE(3) & 8) === 0) return values;
        packet = await one.next();
      }
    }

    test('are read where a server can be asked for them', async (context) => {
      if (engine.name === 'mariadb') context.skip('MariaDB has no query attributes');
      await using one = await connect(attributing);
      expect(await ask(one, 'SELECT 1')).toEqual(['1']);
      expect(await ask(one, `SELECT ${asked}`, { trace: 'x' })).toBe(1305);
      for (const server of servers.servers) {
        const root = await connectTo(server, { user: 'root' });
        await root.query("INSTALL COMPONENT 'file://component_query_attributes'");
        await root.end();
      }
      expect(await ask(one, `SELECT ${asked}`)).toEqual([null]);
      expect(await ask(one, `SELECT ${asked}, 2; SELECT ${asked}`, { trace: "it's" })).toEqual([
        "it's",
        '2',
        "it's",
      ]);
      expect(await ask(one, `SELECT COERCIBILITY(${asked})`, { trace: 'x' })).toEqual(['4']);
      expect(await ask(one, 'SELECT mysql_query_attribute_string(v) FROM t', { a: '' })).toBe(1235);
    });

    test('are written into a write, so that every node has the same', async (context) => {
      if (engine.name === 'mariadb') context.skip('MariaDB has no query attributes');
      await using one = await connect(attributing);
      expect(await ask(one, `INSERT INTO t (v) VALUES (${asked})`, { trace: 'text' })).toEqual([]);
      const sql = Buffer.from(`INSERT INTO t (v) VALUES (CONCAT(?, ${asked}))`);
      const prepared = await one.command(CommandByte.STMT_PREPARE, sql);
      // The definition of its parameter.
      await one.next();
      for (const trace of ['first', 'second']) {
        const body = new PayloadWriter().bytes(prepared.subarray(1, 5)).u8(8).u32(1).lenencInt(2);
        body.u8(0).u8(1).u16(ColumnType.STRING).lenencLatin1('').u16(ColumnType.STRING);
        body.lenencLatin1('trace').lenencLatin1('by id: ').lenencLatin1(trace);
        const answer = await one.command(CommandByte.STMT_EXECUTE, body.finish());
        expect(answer[0]).toBe(0);
      }
      const [rows] = await client.query<RowDataPacket[]>('SELECT v FROM t ORDER BY id');
      expect(rows.map((row) => row['v'])).toEqual(['text', 'by id: first', 'by id: second']);
      await expectEqualNodes(servers.servers);
    });
  });

  describe('results without definitions', () => {
    const optional = combine(
      Capability.OPTIONAL_RESULTSET_METADATA,
      Capability.MULTI_STATEMENTS,
      Capability.CONNECT_WITH_DB,
    );
    const query = (sql: string): Asked => ({ command: CommandByte.QUERY, body: Buffer.from(sql) });
    const none = query('SET resultset_metadata = NONE');
    const shown = query('SELECT @@resultset_metadata');

    /** The packets that answer, as binary strings: what comes before the answer to another. */
    async function ask(one: CommandClient, { command, body }: Asked): Promise<string[]> {
      one.tell(command, body);
      one.tell(CommandByte.STATISTICS, Buffer.alloc(0));
      const found: string[] = [];
      for (;;) {
        const packet = (await one.next()).toString('latin1');
        if (packet.startsWith('Uptime: ')) return found;
        found.push(packet);
      }
    }

    /** Prepares, executes and, where it has a cursor, fetches. */
    async function prepared(one: CommandClient, sql: string, cursor: number): Promise<unknown> {
      const body = Buffer.from(sql);
      const [ok = '', ...definitions] = await ask(one, { command: CommandByte.STMT_PREPARE, body });
      const id = Buffer.from(ok.slice(1, 5), 'latin1');
      const execute = Buffer.concat([id, Buffer.of(cursor, 1, 0, 0, 0)]);
      const rows = await ask(one, { command: CommandByte.STMT_EXECUTE, body: execute });
      const told = [sql, ok.slice(5), definitions, rows];
      if (cursor === 0) return told;
      const fetch = Buffer.concat([id, Buffer.of(9, 0, 0, 0)]);
      return [...told, await ask(one, { command: CommandByte.STMT_FETCH, body: fetch })];
    }

    test('come as from a server, in whatever form', async (context) => {
      if (engine.name === 'mariadb') context.skip('MariaDB has no such capability');
      await client.query('CREATE TABLE few (id INT PRIMARY KEY, v MEDIUMTEXT)');
      await client.query("INSERT INTO few VALUES (1, 'a'), (2, REPEAT('b', 70000)), (3, NULL)");
      await client.query('CREATE PROCEDURE two() BEGIN SELECT 1; SELECT v FROM few; END');
      const [server] = servers.servers;
      const told: unknown[] = [];
      const own = [optional, combine(optional, Capability.DEPRECATE_EOF)];
      const places = [server?.port ?? 0, lockstep.port].flatMap((port) =>
        own.map((capabilities) => ({ port, capabilities })),
      );
      for (const { port, capabilities } of places) {
        await using one = await CommandClient.connect(port, { database: 'app', capabilities });
        const heard: unknown[] = [];
        for (const mode of [query('DO 1'), none, query('BEGIN')]) {
          heard.push(await ask(one, mode));
          for (const sql of [
            'SELECT 5 AS a, 6 AS b',
            'SELECT id, v FROM few ORDER BY id',
            'SELECT id FROM few WHERE id = 77',
            'SELECT 1; SELECT id, v FROM few; DO 1; SELECT 2',
            'CALL two()',
            "SELECT CAST('x' AS SIGNED)",
            'SHOW WARNINGS',
            'SELECT @@warning_count',
            'SELEC',
            "PREPARE s FROM 'SELECT id FROM few'",
            'EXECUTE s',
            'SELECT @@resultset_metadata, @@session.resultset_metadata',
          ]) {
            heard.push([sql, await ask(one, query(sql))]);
          }
          const few = Buffer.from('few\0');
          heard.push(await ask(one, { command: CommandByte.FIELD_LIST, body: few }));
          heard.push(await prepared(one, 'SELECT id, v FROM few WHERE id < 3', 0));
          heard.push(await prepared(one, 'SELECT id, v FROM few ORDER BY v, id', 1));
          heard.push(await prepared(one, 'DO 1', 0));
        }
        told.push(heard);
      }
      expect(told.slice(2)).toEqual(told.slice(0, 2));
    });

    test('are for a client to ask for in any words, until it begins afresh', async (context) => {
      if (engine.name === 'mariadb') context.skip('MariaDB has no such capability');
      const [server] = servers.servers;
      const told: unknown[] = [];
      for (const port of [server?.port ?? 0, lockstep.port]) {
        await using able = await CommandClient.connect(port, { capabilities: optional });
        await using other = await CommandClient.connect(port, { capabilities: 0 });
        const heard: unknown[] = [];
        for (const sql of [
          "SET resultset_metadata = 'none'",
          'SET @@resultset_metadata = 1',
          'SET SESSION resultset_metadata = 0',
          'SET resultset_metadata = DEFAULT',
          'SET @a = 7, resultset_metadata = NONE, @b = 8',
          'SET resultset_metadata = 2',
          "SET resultset_metadata = CONCAT('FU', 'LL')",
          "SET resultset_metadata = CONCAT('NO', 'NE')",
          "SET resultset_metadata = FULL, sql_mode = 'nonsense'",
          "SET sql_mode = 'ANSI', resultset_metadata = NULL",
          'SET GLOBAL resultset_metadata = NONE',
        ]) {
          for (const one of [able, other]) {
            heard.push([sql, await ask(one, query(sql)), await ask(one, shown)]);
          }
        }
        heard.push(await ask(able, query('SELECT @a, @b, @@sql_mode')));
        heard.push(await ask(able, none));
        heard.push(
          await ask(able, { command: CommandByte.RESET_CONNECTION, body: Buffer.alloc(0) }),
        );
        heard.push(await ask(able, query('SELECT 1')));
        told.push(heard);
      }
      expect(told[1]).toEqual(told[0]);
    });
  });

  describe("MariaDB's extended metadata", () => {
    const flags = withMariadbFlags(basic, MariadbCapability.EXTENDED_METADATA);

    test('comes as from a server, whoever makes the rows', async (context) => {
      if (engine.name === 'mysql') context.skip('MySQL has no such capability');
      await using one = await connect(basic, MariadbCapability.EXTENDED_METADATA);
      const [server] = servers.servers;
      await using direct = await CommandClient.connect(server?.port ?? 0, {
        database: 'app',
        capabilities: basic,
        mariadbCapabilities: MariadbCapability.EXTENDED_METADATA,
      });
      const select = 'SELECT j, v, id FROM t LIMIT 0';
      const definitions = (await one.query(select)).slice(1, 4);
      expect(definitions).toEqual((await direct.query(select)).slice(1, 4));
      expect(definitions[0]?.includes('json')).toBe(true);

      // What Lockstep asks by itself on such a connection, and answers by itself.
      await one.query('SET @x = 5, sql_mode = DEFAULT');
      await one.query("SET sql_mode = ''");
      const [inserted] = await one.query("INSERT INTO t (v) VALUES ('a'), ('b')");
      expect(inserted?.[0]).toBe(0);
      expect(at(await one.query('SELECT @x, LAST_INSERT_ID() > 0'), 3)).toEqual(['5', '1']);
      await one.query("SELECT CAST('x' AS SIGNED)");
      const warnings = await one.query('SHOW WARNINGS');
      expect(decodeColumnDefinition(warnings[1] ?? Buffer.alloc(0), flags).name).toBe('Level');
      expect(at(warnings, 4)?.[1]).toBe('1292');
    });
  });
});

const at = (packets: readonly Buffer[], index: number): (string | null)[] =>
  decodeTextRow(packets[index] ?? Buffer.alloc(0)).map((value) => value?.toString() ?? null);

/** The body of a COM_QUERY. */
function withAttributes(sql: string, attributes: Record<string, string>): Buffer {
  const entries = Object.entries(attributes);
  const writer = new PayloadWriter().lenencInt(entries.length).lenencInt(1);
  if (entries.length > 0) {
    writer.bytes(Buffer.alloc((entries.length + 7) >> 3)).u8(1);
    for (const [name] of entries) writer.u16(ColumnType.STRING).lenencLatin1(name);
    for (const [, value] of entries) writer.lenencLatin1(value);
  }
  return writer.bytes(Buffer.from(sql)).finish();
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findEngine } from '../../src/demo/engine.ts';
import { Capability } from '../../src/protocol/capabilities.ts';
import { CommandByte } from '../../src/protocol/commands.ts';
import { encodePacket, headerBytes, partBytesMax } from '../../src/protocol/packet-writer.ts';
import { StatusFlag } from '../../src/protocol/status-flags.ts';
import { decodeColumnDefinition } from '../../src/protocol/column-definition.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { CommandClient } from '../support/command-client.ts';
import { RawClient } from '../support/raw-client.ts';

const run = promisify(execFile);

describe.each(engines())('commands and statements of clients, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;
  const raw: CommandClient[] = [];

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    const users = ['app', 'root'].map((name) => ({ name, password: name }));
    lockstep = await startBalancer(servers, { strategy: 'round_robin', users });
    client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(50), d DECIMAL(10,3))');
    await client.query("INSERT INTO t VALUES (1, 'a', 1.5), (2, 'b', 2.5), (3, 'c', 3.5)");
  });

  afterEach(async () => {
    for (const one of raw.splice(0)) await one[Symbol.asyncDispose]();
    await expectEqualNodes(servers.servers);
  });
  afterAll(async () => {
    client?.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  const rawClient = async (capabilities = 0): Promise<CommandClient> => {
    const one = await CommandClient.connect(lockstep.port, { database: 'app', capabilities });
    raw.push(one);
    return one;
  };
  const rows = async (sql: string): Promise<unknown[]> => {
    const [found] = await client.query<RowDataPacket[]>(sql);
    return found.map((row) => Object.assign({}, row));
  };

  describe('PREPARE, EXECUTE and DEALLOCATE as text', () => {
    test('a read is executed on whichever node, with the column names of a server', async () => {
      await client.query("PREPARE Pick FROM 'SELECT id, v, ? FROM t WHERE id = ? OR v = ?'");
      await client.query("SET @x = 1.25, @id = 2, @v = 'c'");
      for (let times = 0; times < 4; times++) {
        expect(await rows('EXECUTE pick USING @x, @id, @v')).toEqual([
          { id: 2, v: 'b', '?': '1.25' },
          { id: 3, v: 'c', '?': '1.25' },
        ]);
      }
      await client.query('SET @id = 1');
      expect(await rows('EXECUTE pick USING @x, @id, @v')).toHaveLength(2);
      await client.query('DEALLOCATE PREPARE PICK');
      await expect(client.query('EXECUTE pick')).rejects.toMatchObject({ errno: 1243 });
      await expect(client.query('DROP PREPARE pick')).rejects.toMatchObject({ errno: 1243 });
    });

    test('a write reaches every node as a value of the same type', async () => {
      await client.query("SET @put = 'INSERT INTO t VALUES (?, ?, ?)'");
      await client.query('PREPARE put FROM @put');
      await client.query("SET @id = 10, @v = 'it''s \\\\ ü', @d = 12.345, @none = NULL");
      const [put] = await client.query<ResultSetHeader>('EXECUTE put USING @id, @v, @d');
      expect(put.affectedRows).toBe(1);
      await client.query("SET @id = 11, @v = X'C3BC'");
      await client.query('EXECUTE put USING @id, @v, @none');
      await client.beginTransaction();
      await client.query('SET @id = 12');
      await client.query('EXECUTE put USING @id, @none, @none');
      await client.commit();
      expect(await rows('SELECT * FROM t WHERE id >= 10 ORDER BY id')).toEqual([
        { id: 10, v: "it's \\ ü", d: '12.345' },
        { id: 11, v: 'ü', d: null },
        { id: 12, v: null, d: null },
      ]);
      await client.query("PREPARE gone FROM 'DELETE FROM t WHERE id >= ? LIMIT ?'");
      await client.query('SET @id = 10, @most = 100');
      await client.query('EXECUTE gone USING @id, @most');
      expect(await rows('SELECT id FROM t WHERE id >= 10')).toEqual([]);
    });

    test('DDL, SET and CALL with OUT parameters', async () => {
      await client.query("PREPARE s FROM 'CREATE TABLE made (id INT PRIMARY KEY)'");
      await client.query('EXECUTE s');
      await client.query("PREPARE s FROM 'SET @y = ? + 1'");
      await client.query('SET @x = 41');
      await client.query('EXECUTE s USING @x');
      expect(await rows('SELECT @y AS y')).toEqual([{ y: 42 }]);
      await client.query(
        'CREATE PROCEDURE twice(IN a INT, OUT b INT) ' +
          'BEGIN INSERT INTO made VALUES (a); SET b = a * 2; END',
      );
      await client.query("PREPARE s FROM 'CALL twice(?, ?)'");
      await client.query('EXECUTE s USING @x, @b');
      expect(await rows('SELECT @b AS b, (SELECT id FROM made) AS id')).toEqual([
        { b: 82, id: 41 },
      ]);
    });

    test('what a server refuses is refused in its words, and takes the name', async () => {
      await client.query("PREPARE s FROM 'SELECT 1'");
      await expect(client.query("PREPARE s FROM 'SELEC 1'")).rejects.toMatchObject({ errno: 1064 });
      await expect(client.query('EXECUTE s')).rejects.toMatchObject({ errno: 1243 });
      await expect(client.query("PREPARE s FROM 'SELECT 1; SELECT 2'")).rejects.toMatchObject({
        errno: 1064,
      });
      await expect(client.query("PREPARE s FROM 'EXECUTE s'")).rejects.toMatchObject({
        errno: 1295,
      });
      await client.query("PREPARE s FROM 'SELECT ?'");
      await expect(client.query('EXECUTE s')).rejects.toMatchObject({ errno: 1210 });
      if (engine.name === 'mysql') return;
      expect(await rows("EXECUTE IMMEDIATE 'SELECT ? AS x' USING 1 + 1")).toEqual([{ x: 2 }]);
      await client.query("EXECUTE IMMEDIATE CONCAT('INSERT INTO t (id) VALUES (', 20, ')')");
      await client.query("EXECUTE IMMEDIATE 'DELETE FROM t WHERE id = ?' USING 20");
    });

    test('CONNECTION_ID() is the session’s own, and a reset forgets the statements', async () => {
      const one = await connectTo(lockstep, { database: 'app' });
      await one.query("PREPARE me FROM 'SELECT CONNECTION_ID() AS id'");
      const [found] = await one.query<RowDataPacket[]>('EXECUTE me');
      expect(found[0]?.['id']).toBe(one.threadId);
      one.destroy();
      const plain = await rawClient();
      expect((await plain.query("PREPARE s FROM 'SELECT 1'"))[0]?.[0]).toBe(0);
      expect((await plain.command(CommandByte.RESET_CONNECTION))[0]).toBe(0);
      const refused = (await plain.query('EXECUTE s'))[0] ?? Buffer.alloc(3);
      expect(refused.readUInt16LE(1)).toBe(1243);
    });
  });

  describe('commands of the protocol', () => {
    test('COM_STATISTICS is what mariadb-admin shows', async ({ skip }) => {
      const args = ['-h127.0.0.1', `-P${lockstep.port}`, '-uapp', '-papp', '--ssl=0', 'status'];
      const admin = findEngine('mariadb')?.tool('mariadb-admin', args);
      if (!admin) return skip('mariadb-admin is not installed');
      const { stdout } = await run(admin.file, [...admin.argv]);
      expect(stdout).toMatch(/^Uptime: \d+ {2}Threads: \d+ {2}Questions: \d+ {2}Slow queries: 0/);
    });

    test.each([
      ['with EOF', 0],
      ['without EOF', Capability.DEPRECATE_EOF],
    ])(
      'COM_FIELD_LIST tells the columns, in a transaction too, %s',
      async (_name, capabilities) => {
        const one = await rawClient(capabilities);
        for (const before of ['SELECT 1', 'BEGIN']) {
          await one.query(before);
          const packets = await one.packets(
            CommandByte.FIELD_LIST,
            Buffer.from('t\0', 'latin1'),
            (packet) => packet[0] === 0xfe || packet[0] === 0xff,
          );
          expect(packets.pop()?.[0]).toBe(0xfe);
          const names = packets.map((packet) => decodeColumnDefinition(packet).name);
          expect(names).toEqual(['id', 'v', 'd']);
        }
        const missing = await one.command(
          CommandByte.FIELD_LIST,
          Buffer.from('nowhere\0', 'latin1'),
        );
        expect(missing[0]).toBe(0xff);
      },
    );

    test('COM_SET_OPTION allows and forbids several statements', async () => {
      const one = await rawClient();
      const several = 'DO 1; DO 2';
      expect((await one.query(several))[0]?.readUInt16LE(1)).toBe(1064);
      expect((await one.command(CommandByte.SET_OPTION, Buffer.of(0, 0)))[0]).toBe(0xfe);
      expect((await one.query(several))[0]?.[0]).toBe(0);
      expect((await one.next())[0]).toBe(0);
      expect((await one.command(CommandByte.SET_OPTION, Buffer.of(1, 0)))[0]).toBe(0xfe);
      expect((await one.query(several))[0]?.[0]).toBe(0xff);
      const wrong = await one.command(CommandByte.SET_OPTION, Buffer.of(7, 0));
      expect(wrong.readUInt16LE(1)).toBe(1047);
    });

    test('every EOF of several results says whether more follow', async () => {
      const one = await rawClient(Capability.MULTI_STATEMENTS);
      const several = Buffer.from('SELECT 1; SELECT v FROM t WHERE id = 1; SELECT 3');
      let eofs = 0;
      const packets = await one.packets(CommandByte.QUERY, several, (packet) => {
        if (packet[0] === 0xfe) eofs++;
        return eofs === 6;
      });
      const more = packets
        .filter((packet) => packet[0] === 0xfe)
        .map((packet) => (packet.readUInt16LE(3) & StatusFlag.MORE_RESULTS_EXISTS) !== 0);
      expect(more).toEqual([true, true, true, true, false, false]);
    });

    test('COM_PROCESS_KILL ends a session by the number of its handshake', async () => {
      const [killer, victim] = [await rawClient(), await rawClient()];
      const id = Buffer.alloc(4);
      id.writeUInt32LE(victim.connectionId);
      expect((await killer.command(CommandByte.PROCESS_KILL, id))[0]).toBe(0);
      await victim.ended;
      id.writeUInt32LE(0xffff_ff00);
      const unknown = await killer.command(CommandByte.PROCESS_KILL, id);
      expect(unknown.readUInt16LE(1)).toBe(1094);
    });

    test('COM_DEBUG takes SUPER, and is answered as by a server', async () => {
      const [one, server] = [await rawClient(), servers.servers[0]];
      await using direct = await CommandClient.connect(server?.port ?? 0, { capabilities: 0 });
      const refused = await one.command(CommandByte.DEBUG);
      expect(refused.readUInt16LE(1)).toBe(1227);
      expect(refused).toEqual(await direct.command(CommandByte.DEBUG));
      const options = { user: 'root', capabilities: 0 };
      await using root = await CommandClient.connect(lockstep.port, options);
      expect((await root.command(CommandByte.DEBUG))[0]).toBe(0xfe);
      expect((await root.command(CommandByte.PING))[0]).toBe(0);
    });

    test('a packet out of order is the last of a session, behind what is due', async () => {
      const ping = (sequenceId: number): Buffer =>
        encodePacket(Buffer.of(CommandByte.PING), sequenceId);
      const part = Buffer.alloc(headerBytes + partBytesMax, ' ');
      part.writeUIntLE(partBytesMax, 0, 4);
      part[headerBytes] = CommandByte.QUERY;
      const server = servers.servers[0]?.port ?? 0;
      for (const port of [server, lockstep.port]) {
        const told: string[] = [];
        for (const bytes of [
          ping(1),
          Buffer.concat([ping(0), ping(0), ping(7)]),
          Buffer.concat([part, ping(5)]),
        ]) {
          await using one = await CommandClient.connect(port, { capabilities: 0 });
          one.raw.bytes(bytes);
          for (let packet = await one.raw.packet(); packet; packet = await one.raw.packet()) {
            told.push(
              packet[0] === 0 ? 'OK' : `${one.raw.sequenceId}: ${packet.toString('latin1', 9)}`,
            );
          }
        }
        const disorder = 'Got packets out of order';
        expect(told).toEqual([`0: ${disorder}`, 'OK', 'OK', `0: ${disorder}`, `1: ${disorder}`]);
        await using early = new RawClient({ port });
        await early.packet();
        early.bytes(encodePacket(Buffer.alloc(40), 2));
        expect((await early.packet())?.toString('latin1', 9)).toBe(disorder);
        expect(early.sequenceId).toBe(1);
        await early.ended;
      }
    });

    test('COM_REFRESH flushes on every node where a server does, or is error 1047', async () => {
      const one = await rawClient();
      const options = { user: 'root', database: 'app', capabilities: 0 };
      await using root = await CommandClient.connect(lockstep.port, options);
      const refresh = (who: CommandClient, bits: number): Promise<Buffer> =>
        who.command(CommandByte.REFRESH, Buffer.of(bits));
      const told = await refresh(one, 0x2e);
      const port = servers.servers[0]?.port ?? 0;
      await using direct = await CommandClient.connect(port, { capabilities: 0 });
      const errno = engine.name === 'mysql' ? 1047 : 1227;
      expect([told.readUInt16LE(1), (await refresh(direct, 0x2e)).readUInt16LE(1)]).toEqual([
        errno,
        errno,
      ]);
      if (engine.name === 'mysql') return;
      expect(told).toEqual(await refresh(direct, 0x2e));
      const flushes = (): Promise<number[]> =>
        Promise.all(
          servers.servers.map(async (server) => {
            const admin = await connectTo(server, { user: 'root' });
            const [[row]] = await admin.query<RowDataPacket[]>(
              "SHOW GLOBAL STATUS LIKE 'Com_flush'",
            );
            await admin.end();
            return Number(row?.['Value']);
          }),
        );
      const before = await flushes();
      // Like the statement it commits what is open.
      await root.query('BEGIN');
      await root.query('INSERT INTO t (id) VALUES (70)');
      expect((await refresh(root, 0x2e))[0]).toBe(0);
      await root.query('ROLLBACK');
      expect(await rows('SELECT id FROM t WHERE id = 70')).toEqual([{ id: 70 }]);
      await client.query('DELETE FROM t WHERE id = 70');
      expect(await flushes()).toEqual(before.map((count) => count + 2));
      expect((await refresh(root, 0))[0]).toBe(0);
      // The binary log of a node is not the client's.
      expect((await refresh(root, 0x82)).readUInt16LE(1)).toBe(1235);
      expect((await root.command(CommandByte.PING))[0]).toBe(0);
    });

    test('any other command is error 1047, and the connection lives', async () => {
      const one = await rawClient();
      const others = [
        CommandByte.SLEEP,
        CommandByte.CREATE_DB,
        CommandByte.SHUTDOWN,
        CommandByte.TIME,
        CommandByte.BINLOG_DUMP,
        CommandByte.REGISTER_SLAVE,
        CommandByte.DAEMON,
        0xee,
      ];
      for (const command of others) {
        const refused = await one.command(command, Buffer.from('x'));
        expect([command, refused[0], refused.readUInt16LE(1)]).toEqual([command, 0xff, 1047]);
      }
      expect((await one.command(CommandByte.PING))[0]).toBe(0);
    });
  });
});

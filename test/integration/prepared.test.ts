import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { Capability } from '../../src/protocol/capabilities.ts';
import { CommandByte } from '../../src/protocol/commands.ts';
import { StatusFlag } from '../../src/protocol/status-flags.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { CommandClient } from '../support/command-client.ts';

const rowCount = 500;
const connectionsPerNode = 6;
const readOnlyCursor = 1;
const select = 'SELECT id, v FROM numbers WHERE id > 0 ORDER BY id';

describe.each(engines())('prepared statements, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;
  const raw: CommandClient[] = [];

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers, {
      strategy: 'round_robin',
      limits: { ...defaultConfig.limits, connectionsPerNode },
    });
    client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE numbers (id INT PRIMARY KEY, v VARCHAR(2000))');
    const values = Array.from({ length: rowCount }, (_, index) => [index + 1, 'x'.repeat(2000)]);
    await client.query('INSERT INTO numbers VALUES ?', [values]);
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
  const id = (packet: Buffer, at = 1): Buffer => packet.subarray(at, at + 4);
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const isEnd = (packet: Buffer): boolean =>
    packet[0] === 0xff || (packet[0] === 0xfe && packet.length < 9);
  /** Flags of an EOF, or of the OK packet that stands for it. */
  const flagsOf = (end: Buffer): number => end.readUInt16LE(3);

  /** A statement without parameters, and its id with the balancer. */
  const prepare = async (one: CommandClient, sql: string): Promise<Buffer> => {
    const ok = await one.command(CommandByte.STMT_PREPARE, Buffer.from(sql));
    const columns = ok.readUInt16LE(5);
    const packets = columns === 0 || one.deprecateEof ? columns : columns + 1;
    for (let left = packets; left > 0; left--) await one.next();
    return Buffer.from(id(ok));
  };
  const openCursor = async (one: CommandClient, statement: Buffer): Promise<number> => {
    const body = Buffer.concat([statement, Buffer.of(readOnlyCursor), u32(1)]);
    const packets = await one.packets(CommandByte.STMT_EXECUTE, body, isEnd);
    return flagsOf(packets.at(-1) as Buffer);
  };
  const fetch = (one: CommandClient, statement: Buffer, count: number): Promise<Buffer[]> =>
    one.packets(CommandByte.STMT_FETCH, Buffer.concat([statement, u32(count)]), isEnd);
  const idsOf = (packets: readonly Buffer[]): number[] =>
    packets.slice(0, -1).map((row) => row.readInt32LE(2));

  test.each([
    ['with EOF', 0],
    ['without EOF', Capability.DEPRECATE_EOF],
  ])(
    'a cursor gives its rows bit by bit, whatever else happens, %s',
    async (_name, capabilities) => {
      const one = await rawClient(capabilities);
      const statement = await prepare(one, select);
      expect(await openCursor(one, statement)).toBe(
        StatusFlag.CURSOR_EXISTS | StatusFlag.AUTOCOMMIT,
      );
      const seen: number[] = [];
      for (let flags = 0; (flags & StatusFlag.LAST_ROW_SENT) === 0; ) {
        const packets = await fetch(one, statement, 120);
        seen.push(...idsOf(packets));
        flags = flagsOf(packets.at(-1) as Buffer);
        if (seen.length === 240) await client.query('UPDATE numbers SET v = 1 WHERE id = 400');
        await one.query('SELECT 1');
      }
      expect(seen).toEqual(Array.from({ length: rowCount }, (_, index) => index + 1));
      const [over] = await fetch(one, statement, 1);
      expect(over?.readUInt16LE(1)).toBe(1421);
    },
  );

  test('closed, reset and forgotten cursors give their connections back', async () => {
    for (let round = 0; round < connectionsPerNode * 4; round++) {
      const one = await rawClient();
      const statement = await prepare(one, select);
      await openCursor(one, statement);
      await openCursor(one, statement);
      expect(await fetch(one, statement, 2)).toHaveLength(3);
      if (round % 3 === 0) {
        expect((await one.command(CommandByte.STMT_RESET, statement))[0]).toBe(0);
        expect((await fetch(one, statement, 2))[0]?.readUInt16LE(1)).toBe(1421);
        expect(await openCursor(one, statement)).toBeGreaterThan(0);
      } else if (round % 3 === 1) {
        expect((await one.command(CommandByte.RESET_CONNECTION))[0]).toBe(0);
      }
      await raw.pop()?.[Symbol.asyncDispose]();
    }
  });

  test('a cursor of a transaction sees its rows, and ends with it', async () => {
    const one = await rawClient();
    const statement = await prepare(one, select);
    await one.query('BEGIN');
    await one.query('INSERT INTO numbers VALUES (1000, NULL)');
    const flags = await openCursor(one, statement);
    expect(flags & StatusFlag.CURSOR_EXISTS).not.toBe(0);
    expect(flags & StatusFlag.IN_TRANS).not.toBe(0);
    expect(idsOf(await fetch(one, statement, 3))).toEqual([1, 2, 3]);
    await one.query('UPDATE numbers SET v = 2 WHERE id = 1000');
    expect(idsOf(await fetch(one, statement, 1000)).at(-1)).toBe(1000);
    await openCursor(one, statement);
    await one.query('ROLLBACK');
    expect((await fetch(one, statement, 2))[0]?.readUInt16LE(1)).toBe(1421);
  });

  test('a write that asks for a cursor is a write', async () => {
    const one = await rawClient();
    const statement = await prepare(one, 'INSERT INTO numbers VALUES (2000, NULL)');
    const body = Buffer.concat([statement, Buffer.of(readOnlyCursor), u32(1)]);
    expect((await one.command(CommandByte.STMT_EXECUTE, body))[0]).toBe(0);
    await client.query('DELETE FROM numbers WHERE id = 2000');
  });

  test('SELECT … INTO cannot have a cursor', async () => {
    const one = await rawClient();
    const statement = await prepare(one, 'SELECT 1 INTO @x');
    const body = Buffer.concat([statement, Buffer.of(readOnlyCursor), u32(1)]);
    expect((await one.command(CommandByte.STMT_EXECUTE, body)).readUInt16LE(1)).toBe(1323);
  });

  test('after DDL a statement has the columns that the table has', async () => {
    await client.query('CREATE TABLE changing (id INT PRIMARY KEY)');
    await client.execute('INSERT INTO changing VALUES (?)', [1]);
    const read = async (): Promise<unknown> => {
      const sql = 'SELECT * FROM changing WHERE id = ?';
      const [rows] = await client.execute<RowDataPacket[]>(sql, [1]);
      return { ...rows[0] };
    };
    for (let times = 0; times < 6; times++) expect(await read()).toEqual({ id: 1 });
    await client.query("ALTER TABLE changing ADD COLUMN word VARCHAR(10) DEFAULT 'new'");
    for (let times = 0; times < 6; times++) expect(await read()).toEqual({ id: 1, word: 'new' });
    await client.execute('UPDATE changing SET word = ? WHERE id = ?', ['more', 1]);
    expect(await read()).toEqual({ id: 1, word: 'more' });
  });

  test('what was prepared for columns that are gone takes what the new ones can hold', async () => {
    const renew = async (columns: string): Promise<void> => {
      await client.query('DROP TABLE IF EXISTS renewed');
      await client.query(`CREATE TABLE renewed (v ${columns}`);
    };
    const insert = async (word: string): Promise<void> => {
      for (let times = 0; times < connectionsPerNode; times++) {
        await client.execute('INSERT INTO renewed VALUES (?)', [word]);
      }
    };
    await renew('CHAR(20)) CHARACTER SET latin1');
    await insert('abc');
    await renew('TEXT) CHARACTER SET utf8mb4');
    await insert('κόσμε');
    const [rows] = await client.query('SELECT DISTINCT v FROM renewed');
    expect(rows).toEqual([{ v: 'κόσμε' }]);
  });

  test('clients that never close do not use up what a server allows', async () => {
    for (const server of servers.servers) {
      const direct = await connectTo(server, { user: 'root' });
      await direct.query('SET GLOBAL max_prepared_stmt_count = 40');
      await direct.end();
    }
    for (let number = 0; number < 300; number++) {
      const [rows] = await client.execute<RowDataPacket[]>(`SELECT ${number} + ? AS sum`, [1]);
      expect(Number(rows[0]?.['sum'])).toBe(number + 1);
    }
  });

  test('a cursor whose node is gone says so, and the statement runs again', async () => {
    const one = await rawClient();
    const statement = await prepare(one, select);
    await openCursor(one, statement);
    for (const server of servers.servers) {
      const direct = await connectTo(server, { user: 'root' });
      const [rows] = await direct.query<RowDataPacket[]>(
        "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = 'app'",
      );
      for (const row of rows) await direct.query(`KILL ${row['id']}`);
      await direct.end();
    }
    const lost = (await fetch(one, statement, 2))[0] ?? Buffer.alloc(0);
    expect(lost.toString('utf8')).toContain('the node that held the cursor is gone');
    await openCursor(one, statement);
    expect(idsOf(await fetch(one, statement, 2))).toEqual([1, 2]);
  });
});

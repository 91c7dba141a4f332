import { createHash } from 'node:crypto';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { extended } from '../support/extended.ts';

const MiB = 1024 * 1024;
/** A payload of so many bytes, and each multiple of it, ends in an empty part. */
const partBytes = 0xff_ffff;

/** Bytes of which few need an escape; different for each seed. */
function valueOf(bytes: number, seed: number): Buffer {
  const value = Buffer.alloc(bytes, `${seed} is the seed of what is written here, `);
  for (let at = 0; at < bytes; at += 4093) value[at] = (at * seed) & 0xff;
  return value;
}

const sha = (value: Buffer): string => createHash('sha256').update(value).digest('hex');

describe.each(engines())('packets over 16 MB, $name', extended, (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    lockstep = await startBalancer(servers);
    client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE blobs (id INT PRIMARY KEY, a LONGBLOB, b LONGBLOB)');
  });

  afterAll(async () => {
    await client?.end();
    await lockstep?.close();
    await servers?.close();
  });

  const inSync = (name: string): Promise<void> =>
    vi.waitFor(() => expect(lockstep.balancer.control.node(name).inSync).toBe(true), 30_000);

  test('a statement and parameters reach every node, also by replay and by a copy', async () => {
    const { control } = lockstep.balancer;
    const first = valueOf(17 * MiB, 1);
    await client.query("INSERT INTO blobs VALUES (1, ?, 'small')", [first]);
    await control.disable('mysql2');
    const second = valueOf(9 * MiB, 2);
    const third = valueOf(8 * MiB, 3);
    await client.execute('INSERT INTO blobs VALUES (?, ?, ?)', [2, second, third]);
    await control.enable('mysql2');
    await inSync('mysql2');
    await expectEqualNodes(servers.servers);
    const [rows] = await client.query<RowDataPacket[]>('SELECT id, a FROM blobs ORDER BY id');
    expect(rows.map(({ a }) => sha(a as Buffer))).toEqual([sha(first), sha(second)]);
    const [bound] = await client.execute<RowDataPacket[]>('SELECT * FROM blobs WHERE id = ?', [2]);
    expect(sha(bound[0]?.['b'] as Buffer)).toBe(sha(third));
    await control.resync('mysql2');
    await inSync('mysql2');
    await expectEqualNodes(servers.servers);
  });

  test('rows around the border between one part and two arrive whole', async () => {
    // A column of this length takes 4 bytes more: 0xfd and its length.
    for (const bytes of [partBytes - 5, partBytes - 4, partBytes - 3]) {
      const [rows] = await client.query<RowDataPacket[]>({
        sql: `SELECT REPEAT('x', ${bytes}) UNION ALL SELECT 'next'`,
        rowsAsArray: true,
      });
      expect((rows as unknown as string[][]).map(([value = '']) => value.length)).toEqual([
        bytes,
        4,
      ]);
    }
  });

  test('what is over the limit is refused as by a server, and the session goes on', async () => {
    const small = { packetBytes: 17 * MiB };
    await lockstep.restartWith((config) => ({
      ...config,
      limits: { ...config.limits, ...small },
    }));
    await using limited = await connectTo(lockstep, { database: 'app' });
    const refused = {
      errno: 1153,
      message: expect.stringContaining("Got a packet bigger than 'max_allowed_packet' bytes"),
    };
    await limited.query('SET @before = 5');
    await expect(limited.query(`SELECT '${'x'.repeat(17 * MiB)}'`)).rejects.toMatchObject(refused);
    await expect(limited.query(`SELECT '${'x'.repeat(40 * MiB)}'`)).rejects.toMatchObject(refused);
    // The followers get it as text, in which each quote is two.
    const quotes = Buffer.alloc(9 * MiB, "'");
    await expect(
      limited.execute('INSERT INTO blobs VALUES (?, ?, ?)', [9, quotes, '']),
    ).rejects.toMatchObject(refused);
    const [rows] = await limited.query<RowDataPacket[]>(
      'SELECT @before AS b, COUNT(*) AS n FROM blobs',
    );
    expect(rows).toEqual([{ b: 5, n: 2 }]);
    await expectEqualNodes(servers.servers);
  });

  test('the least that a node takes is the limit', async () => {
    const [, second] = servers.servers;
    await using direct = await connectTo(second ?? { port: 0 }, { user: 'root' });
    await direct.query('SET GLOBAL max_allowed_packet = 1048576');
    await lockstep.restart();
    await using limited = await connectTo(lockstep, { database: 'app' });
    await expect(
      limited.query("INSERT INTO blobs VALUES (10, REPEAT('x', 9), ?)", [Buffer.alloc(MiB)]),
    ).rejects.toMatchObject({ errno: 1153 });
    // Many entries that wait go to a follower in packets of what it takes.
    await lockstep.balancer.control.disable('mysql2');
    for (let id = 11; id < 15; id++) {
      await limited.query('INSERT INTO blobs VALUES (?, ?, ?)', [
        id,
        Buffer.alloc(400_000, 'x'),
        '',
      ]);
    }
    await lockstep.balancer.control.enable('mysql2');
    await inSync('mysql2');
    // Before the comparison, whose functions are NULL above it.
    await direct.query('SET GLOBAL max_allowed_packet = 67108864');
    await expectEqualNodes(servers.servers);
  });
});

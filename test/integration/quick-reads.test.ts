import type { Socket } from 'node:net';
import mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { commandPacket } from '../../src/nodes/node-connection.ts';
import { CommandByte } from '../../src/protocol/commands.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';
import { FaultProxy } from '../support/fault-proxy.ts';

/** A socket that has logged in, with nothing of the driver's in its way. */
async function openSocket(port: number): Promise<Socket> {
  const account = { user: 'app', password: 'app', database: 'app' };
  const flags = ['-CLIENT_QUERY_ATTRIBUTES'];
  const client = await mysql.createConnection({ ...account, flags, port });
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  stream.removeAllListeners('data');
  return stream;
}

const query = (sql: string): Buffer => commandPacket(CommandByte.QUERY, Buffer.from(sql));

/** An OK packet that ends before it should. */
const shortOk = Buffer.from([5, 0, 0, 1, 0, 0, 0, 2, 0]);

describe.each(engines())('reads that most statements are, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let proxy: FaultProxy;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    const [first, second, third] = servers.servers;
    proxy = await FaultProxy.open(third?.port ?? 0);
    lockstep = await startBalancer(
      { ...servers, servers: [first, second].filter((one) => one !== undefined) },
      { strategy: 'round_robin' },
    );
    await untilAllUp(lockstep);
    await using client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE t (id INT PRIMARY KEY, evilmark VARCHAR(10))');
    await client.query("INSERT INTO t VALUES (1, 'a')");
  });

  afterAll(async () => {
    await lockstep?.close();
    await proxy?.close();
    await servers?.close();
  });

  const reads = (): number[] => lockstep.balancer.control.nodes().map((node) => node.reads);

  test.each([
    ['nothing', undefined],
    ['a variable', "SET @a = 'x1'"],
    ['a mode', "SET sql_mode = 'ANSI_QUOTES'"],
  ])('take turns for a session that has set %s, also where none is ready', async (_, set) => {
    await using client = await connectTo(lockstep, { database: 'app' });
    if (set !== undefined) await client.query(set);
    const before = reads();
    for (let id = 0; id < 20; id += 1) await client.query(`SELECT id FROM t WHERE id = ${id}`);
    expect(reads().map((count, index) => count - (before[index] ?? 0))).toEqual([10, 10]);
  });

  test('that nobody takes leave no connection waiting for the client of before', async () => {
    const socket = await openSocket(lockstep.port);
    socket.pause();
    const bytes = 100_000;
    const answers = 100;
    let received = 0;
    const all = new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        received += chunk.length;
        if (received >= answers * bytes) resolve();
      });
    });
    socket.pause();
    const text = query(`SELECT REPEAT('x', ${bytes}) FROM t`);
    socket.write(Buffer.concat(Array.from({ length: answers }, () => text)));
    await using other = await connectTo(lockstep, { database: 'app' });
    for (let count = 0; count < 20; count += 1) await other.query('SELECT id FROM t');
    socket.resume();
    await all;
    for (let count = 0; count < 20; count += 1) await other.query('SELECT id FROM t');
    socket.destroy();
  });

  test('end their session when the answer cannot be read', async () => {
    const [node] = lockstep.config.nodes;
    const [, , third] = servers.servers;
    await using behind = await startBalancer(
      { ...servers, servers: third ? [third] : [] },
      { nodes: node ? [{ ...node, port: proxy.port }] : [], limits: defaultConfig.limits },
    );
    await untilAllUp(behind);
    await using client = await connectTo(behind, { database: 'app' });
    await client.query('CREATE TABLE t (id INT PRIMARY KEY, evilmark VARCHAR(10))');
    await client.query('SELECT evilmark FROM t');
    const socket = await openSocket(behind.port);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    proxy.garbleAnswer = (bytes) => (bytes.includes('evilmark') ? shortOk : bytes);
    socket.write(query('SELECT evilmark FROM t'));
    await closed;
    proxy.garbleAnswer = (bytes) => bytes;
    await client.query('SELECT evilmark FROM t');
  });
});

import type { Socket } from 'node:net';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { commandPacket } from '../../src/nodes/node-connection.ts';
import { CommandByte } from '../../src/protocol/commands.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { listedConnections, mostListed } from '../support/listed-connections.ts';

const connectionsPerNode = 3;
const quit = commandPacket(CommandByte.QUIT, Buffer.alloc(0));

describe.each(engines())('the connections to a node, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  const server = (): { port: number } => servers.servers[0] ?? { port: 0 };

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    const limits = { ...defaultConfig.limits, connectionsPerNode, connectionWaitMs: 60_000 };
    lockstep = await startBalancer(
      { ...servers, servers: servers.servers.slice(0, 1) },
      { limits },
    );
  });

  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  const listed = (): Promise<number[]> => listedConnections(server());

  const inNoSchema = async (): Promise<void> => {
    const client = await connectTo(lockstep);
    await client.query('SELECT 1');
    await client.end();
  };

  const inSchema = async (): Promise<void> => {
    const client = await connectTo(lockstep, { database: 'app' });
    const [rows] = await client.query<RowDataPacket[]>('SELECT DATABASE() AS name');
    expect(rows).toEqual([{ name: 'app' }]);
    await client.end();
  };

  /** Of another kind than the others. */
  const countingChanges = async ({ port } = lockstep): Promise<void> => {
    const flags = ['-FOUND_ROWS'];
    const account = { user: 'app', password: 'app' };
    const client = await mysql.createConnection({ ...account, port, flags });
    try {
      await client.query('SELECT 1');
    } finally {
      await client.end();
    }
  };

  test('serve sessions with and without a schema, and are not opened anew for each', async () => {
    await inSchema();
    await inNoSchema();
    const before = await listed();
    for (let round = 0; round < 5; round += 1) {
      await inNoSchema();
      await inSchema();
    }
    expect(await listed()).toEqual(before);
    expect(before.length).toBeLessThanOrEqual(2);
  });

  test('run nothing in the schema of the session before when its own was dropped', async () => {
    const root = await connectTo(server(), { user: 'root' });
    await root.query('CREATE TABLE app.t AS SELECT 1 AS id');
    await root.query("GRANT ALL ON gone.* TO 'app'@'%'");
    const one = await connectTo(lockstep);
    await one.query('CREATE DATABASE gone');
    await one.query('USE gone');
    await root.query('DROP DATABASE gone');
    const statements = ['SELECT * FROM t', 'DELETE FROM t', 'DROP TABLE t', 'BEGIN'];
    for (const sql of [...statements, ...statements]) {
      await inSchema();
      await expect(one.query(sql)).rejects.toMatchObject({ errno: 1049 });
      await expect(one.prepare(sql)).rejects.toMatchObject({ errno: 1049 });
    }
    const [rows] = await root.query<RowDataPacket[]>('SELECT id FROM app.t');
    expect(rows).toEqual([{ id: 1 }]);
    await one.changeUser({ database: 'app' });
    await one.query('SELECT * FROM t');
    await one.end();
    await root.end();
  });

  test('in a schema that somebody dropped take a session to another', async () => {
    const root = await connectTo(server(), { user: 'root' });
    const one = await connectTo(lockstep);
    await one.query('CREATE DATABASE gone');
    for (let round = 0; round < connectionsPerNode; round += 1) {
      const client = await connectTo(lockstep, { database: 'gone' });
      // Left behind for the next session to reset.
      await client.query('SET @left = 1');
      await client.end();
    }
    await root.query('DROP DATABASE gone');
    await one.end();
    for (let round = 0; round < connectionsPerNode; round += 1) await inSchema();
    await root.end();
  });

  test('of a session that dropped its own schema are in none', async () => {
    const one = await connectTo(lockstep);
    await one.query('CREATE DATABASE gone');
    await one.query('USE gone');
    await one.query('DROP DATABASE gone');
    for (let round = 0; round < 3; round += 1) {
      const [rows] = await one.query<RowDataPacket[]>('SELECT DATABASE() AS name');
      expect(rows).toEqual([{ name: null }]);
      await expect(one.query('SELECT * FROM t')).rejects.toMatchObject({ errno: 1046 });
      await inSchema();
    }
    await one.end();
  });

  test('keep the locks of a session that drops its own schema and makes it again', async () => {
    const one = await connectTo(lockstep);
    await one.query('CREATE DATABASE gone');
    await one.query('USE gone');
    await one.query("SELECT GET_LOCK('kept', 1)");
    await one.query('SET @kept = 5');
    await one.query('DROP DATABASE gone');
    await expect(one.query('SELECT * FROM t')).rejects.toMatchObject({ errno: 1046 });
    await one.query('CREATE DATABASE gone');
    await one.query('USE gone');
    await one.query('CREATE TABLE t (id INT PRIMARY KEY)');
    const [rows] = await one.query<RowDataPacket[]>(
      "SELECT DATABASE() AS name, RELEASE_LOCK('kept') AS released, @kept AS kept",
    );
    expect(rows).toEqual([{ name: 'gone', released: 1, kept: 5 }]);
    await one.query('DROP DATABASE gone');
    await one.end();
  });

  test('make room when the server has closed one, not when it was asked to', async () => {
    const [, second] = servers.servers;
    await using proxy = await FaultProxy.open(second?.port ?? 0);
    const [node] = lockstep.config.nodes;
    const limits = { ...defaultConfig.limits, connectionsPerNode: 1, connectionWaitMs: 300 };
    await using behind = await startBalancer(servers, {
      limits,
      nodes: node ? [{ ...node, port: proxy.port }] : [],
    });
    proxy.loses = (request) => (request.equals(quit) ? 'to_server' : undefined);
    const client = await connectTo(behind, { database: 'app' });
    await client.query('SELECT 1');
    await client.end();
    await expect(countingChanges(behind)).rejects.toMatchObject({ errno: 1040 });
    expect(await listedConnections(second ?? { port: 0 })).toHaveLength(1);
  });

  test('are not kept from others by a client that does not read its last answer', async () => {
    const [, , third] = servers.servers;
    const [node] = lockstep.config.nodes;
    const limits = { ...defaultConfig.limits, connectionsPerNode: 1 };
    await using behind = await startBalancer(servers, {
      limits,
      nodes: node && third ? [{ ...node, port: third.port }] : [],
    });
    const flags = ['-CLIENT_QUERY_ATTRIBUTES'];
    const account = { user: 'app', password: 'app', port: behind.port };
    const deaf = await mysql.createConnection({ ...account, flags });
    await using other = await connectTo(behind);
    const { stream } = (deaf as unknown as { connection: { stream: Socket } }).connection;
    stream.removeAllListeners('data');
    stream.pause();
    const bytes = 60_000;
    const answers = 400;
    const text = Buffer.from(`SELECT REPEAT('x', ${bytes})`);
    // So many that they fill what systems keep of a connection.
    for (let sent = 0; sent < answers; sent += 1) {
      stream.write(commandPacket(CommandByte.QUERY, text));
      await other.query('SELECT 1');
    }
    let received = 0;
    const all = new Promise<void>((resolve) => {
      stream.on('data', (chunk) => {
        received += chunk.length;
        if (received >= answers * bytes) resolve();
      });
    });
    stream.resume();
    await all;
    stream.destroy();
  });

  test('are never more than the limit, as the server counts them', async () => {
    const work = async (): Promise<void> => {
      for (let round = 0; round < 10; round += 1) {
        for (const visit of [inSchema, countingChanges, inNoSchema]) await visit();
      }
    };
    const working = Promise.all([work(), work(), work(), work(), work(), work()]);
    expect(await mostListed(server(), working)).toBe(connectionsPerNode);
    await working;
  });
});

import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { extended } from '../support/extended.ts';
import { mostListed } from '../support/listed-connections.ts';

const sessionCount = 2000;
const connectionsPerNode = 50;
const atOnce = 100;

const zones = ['+00:00', '+05:00', '-03:00'];
const modes = ['ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES', ''];

/** Runs `work` for each, so many at a time. */
async function forEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

interface Session {
  readonly id: number;
  readonly client: Connection;
}

describe.each(engines())('sessions that mostly think, $name', extended, (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    const limits = { ...defaultConfig.limits, connectionsPerNode, connectionWaitMs: 60_000 };
    lockstep = await startBalancer(servers, { limits, noNodeTimeoutMs: 60_000 });
  });

  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  async function begin({ id, client }: Session): Promise<void> {
    await client.query(`SET @mine = ${id}, time_zone = '${zones[id % 3]}'`);
    await client.query(`SET SESSION sql_mode = '${modes[id % 2]}'`);
    if (id % 5 === 0) await client.query('SET NAMES latin1');
  }

  async function check({ id, client }: Session): Promise<void> {
    const [rows] = await client.query<RowDataPacket[]>(
      'SELECT @mine AS mine, @@time_zone AS zone, @@sql_mode AS mode, DATABASE() AS db, ' +
        '@@character_set_client AS charset, LAST_INSERT_ID() AS inserted',
    );
    expect(rows[0]).toMatchObject({
      mine: id,
      zone: zones[id % 3],
      mode: modes[id % 2],
      db: 'app',
      charset: id % 5 === 0 ? 'latin1' : 'utf8mb4',
    });
    const [mine] = await client.query<RowDataPacket[]>(
      'SELECT session FROM seen WHERE id = LAST_INSERT_ID()',
    );
    expect(mine).toEqual(rows[0]?.['inserted'] === 0 ? [] : [{ session: id }]);
  }

  async function act(session: Session): Promise<void> {
    const { id, client } = session;
    if (id % 7 === 0) await client.query('INSERT INTO seen (session) VALUES (@mine)');
    if (id % 11 === 0) {
      await client.beginTransaction();
      await client.query(`INSERT INTO seen (session) VALUES (${id})`);
      await client.commit();
    }
    if (id % 13 === 0) {
      await expect(client.query(`SELECT * FROM missing_${id}`)).rejects.toThrow(`missing_${id}`);
      const [warnings] = await client.query<RowDataPacket[]>('SHOW WARNINGS');
      expect(JSON.stringify(warnings)).toContain(`missing_${id}'`);
    }
    await check(session);
  }

  test('2,000 share 50 connections a node, each in its own state', async () => {
    const sessions: Session[] = [];
    const served = (async () => {
      await forEach([...Array(sessionCount).keys()], async (id) => {
        sessions.push({ id, client: await connectTo(lockstep, { database: 'app' }) });
      });
      const [first] = sessions;
      await first?.client.query(
        'CREATE TABLE seen (id INT AUTO_INCREMENT PRIMARY KEY, session INT NOT NULL)',
      );
      await forEach(sessions, begin);
      for (let round = 0; round < 2; round += 1) await forEach(sessions, act);
    })();
    const listed = servers.servers.map((server) => mostListed(server, served));
    await served;
    for (const most of await Promise.all(listed)) {
      expect(most).toBeGreaterThan(1);
      expect(most).toBeLessThanOrEqual(connectionsPerNode);
    }
    expect(lockstep.balancer.control.status().sessions).toBe(sessionCount);
    await Promise.all(sessions.map(({ client }) => client.end()));
    await expectEqualNodes(servers.servers);
  }, 300_000);
});

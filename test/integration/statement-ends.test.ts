import type mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';

/** What follows a statement in its text must not reach into the batch that repeats it. */
const texts = [
  'INSERT INTO e (v) VALUES (1);',
  'INSERT INTO e (v) VALUES (2); ',
  'INSERT INTO e (v) VALUES (3) -- a remark',
  'INSERT INTO e (v) VALUES (4); -- a remark',
  'INSERT INTO e (v) VALUES (5) # a remark',
  'INSERT INTO e (v) VALUES (6) /* a; remark */ ;',
  '/* a; remark */ INSERT INTO e (v) VALUES (7);\n\n',
];

describe.each(engines())('the end of a statement, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: mysql.Connection;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    lockstep = await startBalancer(servers);
    client = await connectTo({ port: lockstep.port }, { database: 'app' });
    await client.query('CREATE TABLE e (id INT AUTO_INCREMENT PRIMARY KEY, v INT);');
  });

  afterAll(async () => {
    await client?.end();
    await lockstep?.close();
    await servers?.close();
  });

  test('as text and prepared, with semicolon and remark', async () => {
    for (const text of texts) {
      await client.query(text);
      await client.execute(text.replace(/\d(?=\))/, '?'), [10]);
    }
    await expectEqualNodes(servers.servers);
    const [rows] = await client.query<mysql.RowDataPacket[]>('SELECT COUNT(*) AS n FROM e;');
    expect(rows[0]?.['n']).toBe(2 * texts.length);
    const states = lockstep.balancer.control.nodes().map((node) => node.state);
    expect(states).toEqual(['UP', 'UP']);
  });

  test('what a server runs for its version only is a write on every node', async () => {
    const [[server]] = await client.query<mysql.RowDataPacket[]>('SELECT VERSION() AS version');
    const isMariadb = /mariadb/i.test(String(server?.['version']));
    for (const marker of isMariadb ? ['M!100100', '!100100', 'M!999999'] : ['!80017', '!99999']) {
      await client.query(`/*${marker} INSERT INTO e (v) VALUES (20) */`);
      await client.query(`INSERT INTO e (v) VALUES (21) /*${marker} , (22) */`);
    }
    const [rows] = await client.query<mysql.RowDataPacket[]>(
      'SELECT v, COUNT(*) AS n FROM e WHERE v BETWEEN 20 AND 22 GROUP BY v ORDER BY v',
    );
    expect(rows.map(({ v, n }) => [v, n])).toEqual(
      isMariadb
        ? [
            [20, 2],
            [21, 3],
            [22, 2],
          ]
        : [
            [20, 1],
            [21, 2],
            [22, 1],
          ],
    );
    await expectEqualNodes(servers.servers);
  });

  test('more than one without the capability is the error that a server gives', async () => {
    const text = 'INSERT INTO e (v) VALUES (1);\nDELETE FROM e WHERE v > 0 AND v < 1000000 OR 1=1';
    const refusal = async (port: number): Promise<unknown> => {
      const one = await connectTo({ port }, { database: 'app' });
      try {
        await one.query(text);
        return 'accepted';
      } catch (error) {
        const { errno, sqlState, sqlMessage } = error as mysql.QueryError & { sqlMessage: string };
        return { errno, sqlState, sqlMessage };
      } finally {
        await one.end();
      }
    };
    const direct = await refusal(servers.servers[0]?.port ?? 0);
    expect(await refusal(lockstep.port)).toEqual(direct);
    expect(direct).toMatchObject({ errno: 1064 });
  });
});

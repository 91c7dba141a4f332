import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { nodeName } from '../../src/base/brands.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';
import { FaultProxy } from '../support/fault-proxy.ts';

const clients = 24;
const rows = 200;
const bursts = 30;
/** After each of which nodes come back. */
const roundsMsMax = 300_000;
/** Of one answer, all that it is in. */
const answerBytes = 800;
/** So often that it is known to be quick, whatever it was before. */
const runsUntilKnown = 64;

const sql = (id: number): string => `SELECT id, REPEAT(word, 100) AS words FROM t WHERE id = ${id}`;
const wordsOf = (id: number): string => `word${id}.`.repeat(100);

describe.each(engines())('quick reads that share connections which break, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  const proxies: FaultProxy[] = [];

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    for (const { port } of servers.servers) proxies.push(await FaultProxy.open(port));
    lockstep = await startBalancer(servers, {
      nodes: proxies.map(({ port }, index) => ({
        name: nodeName(`mysql${index + 1}`),
        host: '127.0.0.1',
        port,
        user: 'root',
        password: 'root',
        weight: 1,
      })),
    });
    await untilAllUp(lockstep);
    await using client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(20))');
    const values = Array.from({ length: rows }, (_, id) => `(${id}, 'word${id}.')`);
    await client.query(`INSERT INTO t VALUES ${values.join(', ')}`);
    for (let count = 0; count < runsUntilKnown; count += 1) await client.query(sql(0));
  });

  afterAll(async () => {
    await lockstep?.close();
    for (const proxy of proxies) await proxy.close();
    await servers?.close();
  });

  /** Once in each burst: what it makes of the bytes in which several answers come. */
  const breakAnswers = (how: (proxy: FaultProxy, bytes: Buffer) => Buffer) => {
    const broken = { armed: false, count: 0 };
    for (const proxy of proxies) {
      proxy.garbleAnswer = (bytes) => {
        if (!broken.armed || bytes.length < 3 * answerBytes) return bytes;
        broken.armed = false;
        broken.count += 1;
        return how(proxy, bytes);
      };
    }
    return broken;
  };

  const open = (count: number): Promise<Connection[]> =>
    Promise.all(Array.from({ length: count }, () => connectTo(lockstep, { database: 'app' })));

  /** Asks of all sessions at once; gives of each the error, or undefined for its own answer. */
  const burst = (sessions: readonly Connection[], round: number) =>
    Promise.all(
      sessions.map(async (session, index) => {
        const id = (index * 7 + round) % rows;
        const asked = session.query<RowDataPacket[]>(sql(id)).catch((error: Error) => error);
        const answer = await asked;
        if (answer instanceof Error) return answer;
        expect(answer[0]).toEqual([{ id, words: wordsOf(id) }]);
        return undefined;
      }),
    );

  const heal = async (): Promise<void> => {
    for (const proxy of proxies) proxy.garbleAnswer = (bytes) => bytes;
    await untilAllUp(lockstep);
  };

  test(
    'an answer that breaks off in the middle is had from elsewhere',
    async () => {
      const broken = breakAnswers((proxy, bytes) => {
        setImmediate(() => proxy.cut());
        return bytes.subarray(0, Math.floor(bytes.length / 2));
      });
      const sessions = await open(clients);
      for (let round = 0; round < bursts; round += 1) {
        await untilAllUp(lockstep);
        broken.armed = true;
        const errors = await burst(sessions, round);
        expect(errors.filter((error) => error !== undefined)).toEqual([]);
      }
      await heal();
      expect(broken.count).toBeGreaterThan(0);
      await Promise.all(sessions.map((session) => session.end()));
    },
    roundsMsMax,
  );

  test(
    'of bytes that are no answer nobody gets what is not its own',
    async () => {
      const broken = breakAnswers((_, bytes) => {
        const half = Math.floor(bytes.length / 2);
        return Buffer.concat([bytes.subarray(0, half), Buffer.alloc(bytes.length - half, 0xff)]);
      });
      for (let round = 0; round < bursts; round += 1) {
        await untilAllUp(lockstep);
        const sessions = await open(clients);
        // They come to share connections.
        await burst(sessions, round);
        broken.armed = true;
        await burst(sessions, round + 1);
        for (const session of sessions) session.destroy();
      }
      await heal();
      expect(broken.count).toBeGreaterThan(0);
      const sessions = await open(clients);
      expect((await burst(sessions, 0)).filter((error) => error !== undefined)).toEqual([]);
      await Promise.all(sessions.map((session) => session.end()));
    },
    roundsMsMax,
  );

  test('clients that vanish while they wait leave the others their answers', async () => {
    await heal();
    const { control } = lockstep.balancer;
    const stay = await open(clients);
    for (let round = 0; round < bursts; round += 1) {
      const leave = await open(clients / 2);
      const gone = leave.map((session, index) => session.query(sql(index)).catch(() => undefined));
      const answers = burst(stay, round);
      if (round % 2 === 0) await new Promise(setImmediate);
      for (const session of leave) session.destroy();
      expect((await answers).filter((error) => error !== undefined)).toEqual([]);
      void Promise.all(gone);
    }
    await vi.waitUntil(() => control.status().sessions === clients, 20_000);
    expect((await burst(stay, 0)).filter((error) => error !== undefined)).toEqual([]);
    await Promise.all(stay.map((session) => session.end()));
  });
});

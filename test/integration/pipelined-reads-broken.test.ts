import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { nodesBehind, startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';
import { extended } from '../support/extended.ts';
import { FaultProxy } from '../support/fault-proxy.ts';

const clients = 24;
const rows = 200;
const bursts = 30;
/** It takes seconds each time until it is noticed. */
const burstsOfNonsense = 2;
const roundsMsMax = 300_000;
/** Of one answer, all that it is in. */
const answerBytes = 800;
/** So often that it is known to be quick, whatever it was before. */
const runsUntilKnown = 64;

/** Each name makes a form of its own, of which nothing is known. */
const sql = (name: string, id: number): string =>
  `SELECT id, REPEAT(word, 100) AS ${name} FROM t WHERE id = ${id}`;
const wordsOf = (id: number): string => `word${id}.`.repeat(100);

describe.each(engines())('quick reads that share connections which break, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  const proxies: FaultProxy[] = [];

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    for (const { port } of servers.servers) proxies.push(await FaultProxy.open(port));
    lockstep = await startBalancer(servers, {
      nodes: nodesBehind(proxies),
    });
    await untilAllUp(lockstep);
    await using client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(20))');
    const values = Array.from({ length: rows }, (_, id) => `(${id}, 'word${id}.')`);
    await client.query(`INSERT INTO t VALUES ${values.join(', ')}`);
  });

  afterAll(async () => {
    await lockstep?.close();
    for (const proxy of proxies) await proxy.close();
    await servers?.close();
  });

  /** What is made, once each time that it is armed, of the bytes in which several answers come. */
  const whereSeveralCome = (how: (proxy: FaultProxy, bytes: Buffer) => Buffer) => {
    const met = { armed: false, count: 0 };
    for (const proxy of proxies) {
      proxy.garbleAnswer = (bytes) => {
        if (!met.armed || bytes.length < 3 * answerBytes) return bytes;
        met.armed = false;
        met.count += 1;
        return how(proxy, bytes);
      };
    }
    return met;
  };

  const learn = async (name: string): Promise<void> => {
    await using client = await connectTo(lockstep, { database: 'app' });
    for (let count = 0; count < runsUntilKnown; count += 1) await client.query(sql(name, 0));
  };

  const open = (count: number): Promise<Connection[]> =>
    Promise.all(Array.from({ length: count }, () => connectTo(lockstep, { database: 'app' })));

  /** All sessions ask at once, some times; the errors of those who did not get their own answer. */
  const burst = async (sessions: readonly Connection[], name: string): Promise<Error[]> => {
    const errors: Error[] = [];
    const ask = async (session: Connection, index: number): Promise<void> => {
      for (let count = 0; count < 4; count += 1) {
        const id = (index * 7 + count) % rows;
        const [found] = await session.query<RowDataPacket[]>(sql(name, id));
        expect(found).toEqual([{ id, [name]: wordsOf(id) }]);
      }
    };
    await Promise.all(
      sessions.map((session, index) =>
        ask(session, index).catch((error: Error) => {
          if (error.name === 'AssertionError') throw error;
          errors.push(error);
        }),
      ),
    );
    return errors;
  };

  const heal = async (): Promise<void> => {
    for (const proxy of proxies) proxy.garbleAnswer = (bytes) => bytes;
    await untilAllUp(lockstep);
  };

  test(
    'an answer that breaks off in the middle is had from elsewhere',
    async () => {
      const broken = whereSeveralCome((proxy, bytes) => {
        setImmediate(() => proxy.cut());
        return bytes.subarray(0, Math.floor(bytes.length / 2));
      });
      await learn('cut');
      const sessions = await open(clients);
      for (let round = 0; round < bursts; round += 1) {
        await untilAllUp(lockstep);
        broken.armed = true;
        expect(await burst(sessions, 'cut')).toEqual([]);
      }
      await heal();
      expect(broken.count).toBeGreaterThan(bursts / 3);
      await Promise.all(sessions.map((session) => session.end()));
    },
    roundsMsMax,
  );

  test('of bytes that are no answer nobody gets what is not its own', {
    ...extended,
    timeout: roundsMsMax,
  }, async () => {
    const broken = whereSeveralCome((_, bytes) => {
      const half = Math.floor(bytes.length / 2);
      return Buffer.concat([bytes.subarray(0, half), Buffer.alloc(bytes.length - half, 0xff)]);
    });
    for (let round = 0; round < burstsOfNonsense; round += 1) {
      await untilAllUp(lockstep);
      const name = `nonsense_${round}`;
      await learn(name);
      const sessions = await open(clients);
      broken.armed = true;
      await burst(sessions, name);
      for (const session of sessions) session.destroy();
    }
    await heal();
    expect(broken.count).toBeGreaterThan(burstsOfNonsense / 3);
    const sessions = await open(clients);
    expect(await burst(sessions, 'sense')).toEqual([]);
    await Promise.all(sessions.map((session) => session.end()));
  });

  test('clients that vanish while they wait leave the others their answers', async () => {
    const { control } = lockstep.balancer;
    const several = whereSeveralCome((_, bytes) => bytes);
    await learn('vanish');
    const stay = await open(clients);
    for (let round = 0; round < bursts; round += 1) {
      const leave = await open(clients / 2);
      several.armed = true;
      const answers = burst(stay, 'vanish');
      for (const session of leave) void session.query(sql('vanish', 1)).catch(() => undefined);
      if (round % 2 === 0) await new Promise(setImmediate);
      for (const session of leave) session.destroy();
      expect(await answers).toEqual([]);
    }
    await vi.waitUntil(() => control.status().sessions === clients, 20_000);
    expect(several.count).toBeGreaterThan(bursts / 3);
    expect(await burst(stay, 'vanish')).toEqual([]);
    await Promise.all(stay.map((session) => session.end()));
  });
});

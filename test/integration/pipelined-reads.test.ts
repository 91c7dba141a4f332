import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';

const clients = 24;
const rows = 200;
/** Of each node, while it has not been found that more are faster. */
const sharedConnectionsMax = 2;
/** So often that it is known to be quick, whatever it was before. */
const runsUntilKnown = 64;

describe.each(engines())('quick reads share connections, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  const sessions: Connection[] = [];

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    lockstep = await startBalancer(servers);
    await untilAllUp(lockstep);
    await using client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(200))');
    const values = Array.from({ length: rows }, (_, id) => `(${id}, 'word ${id}')`);
    await client.query(`INSERT INTO t VALUES ${values.join(', ')}`);
    // A view may tell which connection it is that Lockstep uses.
    await client.query('CREATE VIEW v AS SELECT CONNECTION_ID() AS connection FROM t WHERE id = 1');
    for (let count = 0; count < clients; count += 1) {
      sessions.push(await connectTo(lockstep, { database: 'app' }));
    }
  });

  afterAll(async () => {
    await Promise.all(sessions.map((session) => session.end().catch(() => {})));
    await lockstep?.close();
    await servers?.close();
  });

  const each = <T>(work: (session: Connection, index: number) => Promise<T>): Promise<T[]> =>
    Promise.all(sessions.map(work));

  const read = async (session: Connection, sql: string): Promise<RowDataPacket[]> => {
    const [found] = await session.query<RowDataPacket[]>(sql);
    return found;
  };

  const learn = async (sql: string): Promise<void> => {
    await using client = await connectTo(lockstep, { database: 'app' });
    for (let count = 0; count < runsUntilKnown; count += 1) await client.query(sql);
  };

  /** How many statements with the text each node is at. */
  const running = (text: string): Promise<number[]> =>
    Promise.all(
      servers.servers.map(async ({ port }) => {
        await using root = await connectTo({ port }, { user: 'root' });
        const [found] = await root.query<RowDataPacket[]>(
          `SELECT id FROM information_schema.processlist WHERE info LIKE '%${text}%' ` +
            'AND id <> CONNECTION_ID()',
        );
        return found.length;
      }),
    );

  test('each session gets its own answers, of text and prepared', async () => {
    await learn('SELECT word FROM t WHERE id = 0');
    await each(async (session, index) => {
      for (let count = 0; count < 50; count += 1) {
        const id = (index * 7 + count) % rows;
        expect(await read(session, `SELECT word FROM t WHERE id = ${id}`)).toEqual([
          { word: `word ${id}` },
        ]);
        const [found] = await session.execute('SELECT id, word FROM t WHERE id = ?', [id]);
        expect(found).toEqual([{ id, word: `word ${id}` }]);
      }
    });
  });

  test('fewer connections work than sessions ask', async () => {
    const sql = 'SELECT connection FROM v';
    await learn(sql);
    const bursts: number[] = [];
    for (let count = 0; count < 20; count += 1) {
      const found = await each((session) => read(session, sql));
      bursts.push(new Set(found.map(([row]) => row?.['connection'])).size);
    }
    expect(Math.min(...bursts)).toBeLessThanOrEqual(sharedConnectionsMax * servers.servers.length);
  });

  test('more connections work where the server gains by it', async () => {
    const sql = 'SELECT connection FROM v WHERE SLEEP(0.001) = 0';
    await learn(sql);
    // One node alone is asked as often as it takes to tell, on a busy machine too.
    const { control } = lockstep.balancer;
    await control.disable('mysql2');
    const enough = 3;
    const used: number[] = [];
    const asked = performance.now();
    try {
      while ((used.at(-1) ?? 0) < enough && performance.now() - asked < 240_000) {
        const counts = new Map<unknown, number>();
        await each(async (session) => {
          for (let count = 0; count < 20; count += 1) {
            const [row] = await read(session, sql);
            counts.set(row?.['connection'], (counts.get(row?.['connection']) ?? 0) + 1);
          }
        });
        used.push([...counts.values()].filter((count) => count >= clients).length);
      }
    } finally {
      await control.enable('mysql2');
      await untilAllUp(lockstep);
    }
    expect(Math.min(...used)).toBeLessThan(enough);
    expect(used.at(-1)).toBeGreaterThanOrEqual(enough);
  }, 300_000);

  test('answers that come together are told apart', async () => {
    const sql = (id: number): string => `SELECT REPEAT(word, 200) AS words FROM t WHERE id = ${id}`;
    await learn(sql(0));
    await each(async (session, index) => {
      for (let count = 0; count < 50; count += 1) {
        const id = (index * 7 + count) % rows;
        expect(await read(session, sql(id))).toEqual([{ words: `word ${id}`.repeat(200) }]);
      }
    });
  });

  test('nobody waits for one that takes long', async () => {
    const sql = (seconds: number): string =>
      `SELECT id FROM t WHERE id = 1 AND SLEEP(${seconds}) = 0`;
    await learn(sql(0));
    const [slow, ...others] = sessions;
    let over = false;
    const slept = slow?.query(sql(60)).then(
      () => (over = true),
      () => (over = true),
    );
    for (let count = 0; count < 20; count += 1) {
      await Promise.all(others.map((session) => session.query(sql(0))));
    }
    expect(over).toBe(false);
    await using killer = await connectTo(lockstep);
    await killer.query(`KILL QUERY ${slow?.threadId}`);
    await slept;
  });

  test('one that is ended hears of it, and the others do not', async () => {
    const sql = (seconds: number): string =>
      `SELECT id, word FROM t WHERE id = 1 AND SLEEP(${seconds}) = 0`;
    await learn(sql(0));
    const [slow, ...others] = sessions;
    if (!slow) return;
    const slept = slow.query(sql(60)).then(
      () => undefined,
      (error: Error & { errno?: number }) => error.errno,
    );
    const working = others.map(async (session) => {
      for (let count = 0; count < 40; count += 1) {
        expect(await read(session, sql(0))).toEqual([{ id: 1, word: 'word 1' }]);
      }
    });
    await delay(100);
    await using killer = await connectTo(lockstep);
    await killer.query(`KILL QUERY ${slow.threadId}`);
    expect(await slept).toBe(1317);
    await Promise.all(working);
    expect(await read(slow, 'SELECT word FROM t WHERE id = 5')).toEqual([{ word: 'word 5' }]);
    await vi.waitFor(async () => expect(await running('SLEEP(60)')).toEqual([0, 0]), 20_000);
  });

  test('what was asked elsewhere does not run to its end behind a slow one', async () => {
    const sql = (seconds: number): string =>
      `SELECT id FROM t WHERE id = 2 AND SLEEP(${seconds}) = 0`;
    await learn(sql(0));
    await each((session) => session.query(sql(4)));
    // What is ended may take a moment to go, on a busy machine; to its end it would take longer.
    await vi.waitFor(async () => expect(await running('SLEEP(4)')).toEqual([0, 0]), 20_000);
  });

  test('a session that is ended hears nothing more', async () => {
    const sql = (seconds: number): string =>
      `SELECT id FROM t WHERE id = 3 AND SLEEP(${seconds}) = 0`;
    await learn(sql(0));
    for (const afterMs of [0, 100]) {
      const victim = await connectTo(lockstep, { database: 'app' });
      const ended = victim.query(sql(60)).catch((error: { code?: string }) => error.code);
      await delay(afterMs);
      await using killer = await connectTo(lockstep);
      await killer.query(`KILL ${victim.threadId}`);
      expect(await ended).toBe('PROTOCOL_CONNECTION_LOST');
    }
    await vi.waitFor(async () => expect(await running('SLEEP(60)')).toEqual([0, 0]), 20_000);
  });

  test('warnings and errors are those of the own statement', async () => {
    const warns = (id: number): string =>
      `SELECT CAST(word AS SIGNED) AS n FROM t WHERE id = ${id}`;
    await learn(warns(0));
    await each(async (session, index) => {
      for (let count = 0; count < 10; count += 1) {
        await read(session, warns(index));
        const shown = await read(session, 'SHOW WARNINGS');
        expect(shown).toHaveLength(1);
        expect(shown[0]?.['Message']).toContain(`word ${index}`);
        await read(session, `SELECT word FROM t WHERE id = ${index}`);
        expect(await read(session, 'SHOW WARNINGS')).toEqual([]);
      }
    });
    const many = 'SELECT a.word FROM t a WHERE a.id = (SELECT b.id FROM t b WHERE b.id >= ';
    await learn(`${many}${rows - 1})`);
    await each(async (session, index) => {
      await expect(session.query(`${many}${index})`)).rejects.toMatchObject({ errno: 1242 });
      expect(await read(session, 'SELECT FOUND_ROWS() AS n')).toHaveLength(1);
      expect(await read(session, `${many}${rows - 1})`)).toHaveLength(1);
    });
  });

  test('a long answer does not come into the way of others', async () => {
    const long = (length: number): string =>
      `SELECT REPEAT(word, ${length}) AS w FROM t WHERE id < 9`;
    await learn(long(1));
    await each(async (session, index) => {
      for (let count = 0; count < 5; count += 1) {
        const found = await read(session, index % 6 === 0 ? long(20_000) : long(1));
        expect(found[8]?.['w']).toBe('word 8'.repeat(index % 6 === 0 ? 20_000 : 1));
      }
    });
  });

  test('a node that dies loses nobody an answer', async () => {
    const sql = (id: number): string => `SELECT id, id + 1 AS next FROM t WHERE id = ${id}`;
    await learn(sql(0));
    const [, second] = servers.servers;
    const enough = new AbortController();
    const working = each(async (session, index) => {
      for (let count = 0; !enough.signal.aborted || count < 50; count += 1) {
        const id = (index + count) % rows;
        expect(await read(session, sql(id))).toEqual([{ id, next: id + 1 }]);
      }
    });
    await delay(100);
    await second?.kill();
    await delay(300);
    enough.abort();
    await working;
    await second?.start();
    await untilAllUp(lockstep);
  });
});

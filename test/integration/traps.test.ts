import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { engines } from '../support/cluster.ts';
import { type Held, holdAt } from '../support/hold-at.ts';
import { TrapLab } from '../support/trap-lab.ts';

describe.each(engines())('traps of order, $name', (engine) => {
  const lab = new TrapLab(engine, { syncTimeoutMs: 500 });
  let one: Connection;
  let other: Connection;
  let held: Held | undefined;

  beforeAll(async () => {
    await lab.open();
    [one, other] = await Promise.all([lab.client(), lab.client()]);
    await one.query('CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL)');
    await one.query('CREATE TABLE seen (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b INT)');
    await one.query(
      'CREATE FUNCTION total() RETURNS INT READS SQL DATA RETURN (SELECT SUM(v) FROM t)',
    );
    await one.query(
      'CREATE TRIGGER bi BEFORE INSERT ON seen FOR EACH ROW ' +
        'SET NEW.b = (SELECT COUNT(*) FROM t WHERE v > 0)',
    );
  });

  afterEach(() => held?.release());
  afterAll(() => lab.close());

  const begin = async (): Promise<number> => {
    await lab.settled();
    await one.query('DELETE FROM seen');
    await one.query('DELETE FROM t');
    await one.query('INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)');
    return lab.control.status().lastSeq;
  };
  const rows = async (client = one): Promise<[number, number][]> => {
    const [found] = await client.query<RowDataPacket[]>('SELECT id, v FROM t ORDER BY id');
    return found.map(({ id, v }) => [id, v]);
  };
  /** Whether it goes on although nothing more happens. */
  const endsWithin = (promise: Promise<unknown>, ms: number): Promise<boolean> =>
    Promise.race([promise.then(() => true), delay(ms, false)]);

  test('answers on two leader connections that overtake each other', async () => {
    const before = await begin();
    held = holdAt('commit.sent');
    const first = one.query('UPDATE t SET v = v * 10 WHERE id = 1');
    await held.reached;
    // Its COMMIT has been sent; its answer counts as not there until it is let go.
    const second = other.query('UPDATE t SET v = v + 1 WHERE id = 1');
    await vi.waitUntil(() => lab.control.status().lastSeq === before + 2, 10_000);
    expect(await endsWithin(second, 200)).toBe(false);
    held.release();
    await Promise.all([first, second]);
    expect(await rows()).toEqual([
      [1, 11],
      [2, 2],
      [3, 3],
    ]);
    expect(await lab.logged(before)).toEqual([
      'UPDATE t SET v = v * 10 WHERE id = 1',
      'UPDATE t SET v = v + 1 WHERE id = 1',
    ]);
    await lab.equal();
  });

  test('a leader connection that is killed between the last result and the append', async () => {
    await begin();
    held = holdAt('write.executed');
    const first = one.query('UPDATE t SET v = v * 10 WHERE id = 1');
    await held.reached;
    await lab.killTransactions(await lab.direct(lab.leader));
    await other.query('UPDATE t SET v = v + 1 WHERE id = 1');
    held.release();
    await first;
    expect(await rows()).toEqual([
      [1, 20],
      [2, 2],
      [3, 3],
    ]);
    await lab.equal();
  });

  test('the same to a transaction: its client is told that nothing of it is there', async () => {
    await begin();
    await one.query('BEGIN');
    await one.query('UPDATE t SET v = v * 10 WHERE id = 1');
    held = holdAt('commit.begun');
    const commit = one.query('COMMIT').catch((error: unknown) => error);
    await held.reached;
    await lab.killTransactions(await lab.direct(lab.leader));
    await other.query('UPDATE t SET v = v + 1 WHERE id = 1');
    held.release();
    expect(await commit).toMatchObject({ errno: 1213 });
    expect(await rows()).toEqual([
      [1, 2],
      [2, 2],
      [3, 3],
    ]);
    await lab.equal();
  });

  test.each([
    {
      what: 'both change a row',
      first: 'UPDATE t SET v = v * 10 WHERE id = 1',
      second: 'UPDATE t SET v = v + 1 WHERE id = 1',
      found: [
        [1, 11],
        [2, 2],
        [3, 3],
      ],
    },
    {
      what: 'one deletes what the other changes',
      first: 'DELETE FROM t WHERE id = 1',
      second: 'UPDATE t SET v = v + 1 WHERE id <= 2',
      found: [
        [2, 3],
        [3, 3],
      ],
    },
    {
      what: 'both insert the same key, and only one is told that it did',
      first: 'INSERT INTO t VALUES (4, 40)',
      second: 'INSERT INTO t VALUES (4, 41)',
      found: [
        [1, 1],
        [2, 2],
        [3, 3],
        [4, 40],
      ],
      errno: 1062,
    },
  ])('its locks gone before its entry is durable: $what', async (trap) => {
    await begin();
    const { leader } = lab;
    held = holdAt('commit.durable');
    const first = one.query(trap.first);
    await held.reached;
    await lab.killTransactions(await lab.direct(leader));
    // It meets no lock and is logged after the other, which it has not seen on the leader.
    const second = other.query(trap.second).catch((error: unknown) => error);
    await vi.waitUntil(async () => (await lab.logged(0)).includes(trap.second), 10_000);
    held.release();
    await first;
    const answer = await second;
    if (trap.errno !== undefined) expect(answer).toMatchObject({ errno: trap.errno });
    await lab.equal();
    expect(await rows()).toEqual(trap.found);
    const events = lab.control.events.since(0).filter(({ kind }) => kind === 'divergence');
    expect(events).toEqual([]);
  });

  test('a leader that dies before it is heard that it ended a connection is compared', async () => {
    await begin();
    const { leader } = lab;
    const proxy = lab.proxyOf(leader);
    const last = lab.control.events.since(0).at(-1)?.id ?? 0;
    // Of this connection nothing is heard from its COMMIT on, not even that it is ended.
    proxy.loses = (request) => {
      // Not what folds the rows of earlier entries, which commits too.
      const commits = request.includes('INTO lockstep.applied') && request.includes('COMMIT');
      if (!commits) return undefined;
      proxy.loses = () => undefined;
      return 'both';
    };
    const first = one.query('UPDATE t SET v = v * 10 WHERE id = 1');
    await vi.waitUntil(
      async () => (await lab.logged(0)).some((sql) => sql.includes('* 10')),
      10_000,
    );
    const direct = await lab.direct(leader);
    await lab.killTransactions(direct);
    const second = other.query('UPDATE t SET v = v + 1 WHERE id = 1');
    await vi.waitUntil(async () => (await rows(direct))[0]?.[1] === 2, 10_000);
    await leader.kill();
    proxy.cut();
    await Promise.all([first, second]);
    await leader.start();
    const found = (kind: string) =>
      lab.control.events.since(last).find((event) => event.kind === kind);
    await vi.waitUntil(() => found('verify_finished'), 30_000);
    expect(found('verify_difference')).toMatchObject({ table: 'app.t', nodes: [leader.name] });
    await lab.control.verify({ tables: [], rows: false, repair: true });
    await lab.equal();
    expect((await rows())[0]).toEqual([1, 11]);
  });

  test('a function and a trigger that select without locks, beside what they read', async () => {
    const before = await begin();
    held = holdAt('write.executed');
    const insert = one.query('INSERT INTO seen (a) VALUES (total())');
    await held.reached;
    const update = other.query('UPDATE t SET v = v + 100');
    expect(await endsWithin(update, 200)).toBe(false);
    held.release();
    await Promise.all([insert, update]);
    const [found] = await one.query('SELECT a, b FROM seen');
    expect(found).toEqual([{ a: 6, b: 3 }]);
    expect((await lab.logged(before)).map((sql) => sql.slice(0, 6))).toEqual(['INSERT', 'UPDATE']);
    await lab.equal();
  });

  test('a transaction whose snapshot is older than what its function reads', async () => {
    await begin();
    await one.query('BEGIN');
    expect(await rows()).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    await other.query('UPDATE t SET v = v + 100');
    await expect(one.query('INSERT INTO seen (a) VALUES (total())')).rejects.toThrow(
      /^Lockstep: .*selects without locks/,
    );
    await one.query('INSERT INTO t VALUES (5, 5)');
    await one.query('COMMIT');
    await one.query('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE');
    await one.query('BEGIN');
    await rows();
    const update = other.query('UPDATE t SET v = v + 1000 WHERE id = 1');
    await one.query('INSERT INTO seen (a) VALUES (total())');
    await one.query('COMMIT');
    await update;
    const [found] = await one.query('SELECT a, b FROM seen');
    expect(found).toEqual([{ a: 311, b: 4 }]);
    await lab.equal();
  });

  test.each(['its lock waits', 'its connection is killed'] as const)(
    'a follower batch that fails in the middle: %s',
    async (how) => {
      await begin();
      const { follower } = lab;
      const foreign = await lab.direct(follower);
      held = holdAt('follower.answered', follower.name);
      await one.query('UPDATE t SET v = v + 1 WHERE id = 1');
      await held.reached;
      await foreign.query('BEGIN');
      await foreign.query('SELECT v FROM t WHERE id = 2 FOR UPDATE');
      for (let step = 0; step < 9; step++) {
        await one.query(`UPDATE t SET v = v * 2 + 1 WHERE id = ${1 + (step % 3)}`);
      }
      held.release();
      held = holdAt('follower.answered', follower.name);
      await lockWait(foreign);
      if (how === 'its connection is killed') {
        await lab.killTransactions(await lab.direct(follower), 'LOCK WAIT');
      } else await held.reached;
      held.release();
      await foreign.query('ROLLBACK');
      await lab.equal();
      expect(await rows()).toEqual([
        [1, 23],
        [2, 23],
        [3, 31],
      ]);
    },
  );

  test.each([
    { what: 'its answer is lost', swallowed: 'to_client' },
    { what: 'it never arrives', swallowed: 'to_server' },
  ] as const)('a COMMIT whose connection is cut: $what', async ({ swallowed }) => {
    await begin();
    const { leader } = lab;
    const proxy = lab.proxyOf(leader);
    const direct = await lab.direct(leader);
    held = holdAt(swallowed === 'to_client' ? 'commit.sent' : 'commit.durable', undefined, () =>
      proxy.swallow(swallowed),
    );
    const write = one.query('UPDATE t SET v = v * 10 + 1 WHERE id = 1');
    await held.reached;
    const committed = async (): Promise<boolean> => (await rows(direct))[0]?.[1] === 11;
    if (swallowed === 'to_client') await vi.waitUntil(committed, 10_000);
    held.release();
    proxy.cut();
    proxy.heal();
    await write;
    await lab.equal();
    expect(await rows()).toEqual([
      [1, 11],
      [2, 2],
      [3, 3],
    ]);
  });

  test('a transaction whose connection is cut before it prepares a statement', async () => {
    await begin();
    await one.query('BEGIN');
    await one.query('UPDATE t SET v = v * 10 WHERE id = 1');
    lab.proxyOf(lab.leader).cut();
    await expect(one.execute('SELECT v FROM t WHERE id = ? + 0', [1])).rejects.toMatchObject({
      errno: 1213,
    });
    expect(await rows()).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    await lab.equal();
  });

  test('a transaction whose connection is cut just after one of its reads failed', async () => {
    await begin();
    const proxy = lab.proxyOf(lab.leader);
    await one.query('BEGIN');
    await one.query('UPDATE t SET v = v * 10 WHERE id = 1');
    // Lockstep asks whether the transaction is still open: that answer is on its way for long.
    proxy.delayMs = 200;
    await expect(one.query('SELECT missing FROM t')).rejects.toMatchObject({ errno: 1054 });
    proxy.cut();
    proxy.delayMs = 0;
    await expect(one.query('UPDATE t SET v = 0 WHERE id = 2')).rejects.toMatchObject({
      errno: 1213,
    });
    expect(await rows()).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    await lab.equal();
  });

  /** Resolves when somebody waits for a lock on that server, which shows it 100 ms late. */
  const lockWait = async (direct: Connection): Promise<void> => {
    await vi.waitUntil(
      async () => {
        const [found] = await direct.query<RowDataPacket[]>(
          "SELECT 1 FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'",
        );
        return found.length > 0;
      },
      { timeout: 10_000, interval: 150 },
    );
  };
});

import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { errnoOf } from '../support/errno-of.ts';
import { extended } from '../support/extended.ts';

const lock = 'FLUSH TABLES WITH READ LOCK';
const snapshot = 'START TRANSACTION WITH CONSISTENT SNAPSHOT';

describe.each(engines())('global locks, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let holder: Connection;
  let other: Connection;
  const clients: Connection[] = [];

  const connect = async (user = 'root'): Promise<Connection> => {
    const client = await connectTo(lockstep, { user, database: 'app' });
    client.on('error', () => {});
    clients.push(client);
    return client;
  };
  const valueOf = async (client: Connection, id = 1): Promise<number> => {
    const [[row]] = await client.query<RowDataPacket[]>(`SELECT v FROM t WHERE id = ${id}`);
    return Number(row?.['v']);
  };
  const isWaiting = async (client: Connection): Promise<boolean> => {
    const [rows] = await other.query<RowDataPacket[]>('SHOW PROCESSLIST');
    return rows.some(({ Id, State }) => Id === client.threadId && State === 'waiting');
  };
  /** Notes in `order` when the statement has ended; it waits by the time this resolves. */
  const begun = async (client: Connection, sql: string, order: string[] = []) => {
    const ended = errnoOf(client, sql).finally(() => order.push(sql));
    await vi.waitUntil(() => isWaiting(client), 5_000);
    return { ended };
  };

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers, { users: 'from_nodes', ddlWaitTimeoutMs: 20_000 });
    await untilAllUp(lockstep);
    [holder, other] = [await connect(), await connect()];
    await other.query('CREATE TABLE t (id INT PRIMARY KEY, v INT)');
    await other.query("CREATE USER poor IDENTIFIED BY 'poor'");
    await other.query('GRANT ALL ON app.* TO poor');
  });

  beforeEach(async () => {
    await other.query('REPLACE INTO t VALUES (1, 2), (2, 2)');
  });

  afterEach(async () => {
    for (const client of [holder, other]) {
      await client.query('ROLLBACK');
      await client.query('UNLOCK TABLES');
    }
  });

  afterAll(async () => {
    for (const client of clients) client.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  test('who holds the read lock may read, and is refused the rest as on a server', async () => {
    await holder.query('LOCK TABLES t READ');
    expect(await errnoOf(holder, lock)).toBe(1192);
    await holder.query('UNLOCK TABLES');
    await holder.query('BEGIN');
    await holder.query('UPDATE t SET v = 1 WHERE id = 1');
    await holder.query('FLUSH /*!40101 LOCAL */ TABLES');
    await holder.query(lock);
    await holder.query(lock);
    expect(await valueOf(other)).toBe(1);
    for (const sql of [
      'INSERT INTO t VALUES (3, 3)',
      'CREATE TABLE more (id INT)',
      'LOCK TABLES t WRITE',
      "LOAD DATA LOCAL INFILE 'f' INTO TABLE t",
    ]) {
      expect(await errnoOf(holder, sql), sql).toBe(1223);
    }
    await holder.query('FLUSH LOGS');
    await holder.query('CREATE TEMPORARY TABLE own (a INT)');
    await holder.query('INSERT INTO own VALUES (1)');
    await holder.query('DROP TEMPORARY TABLE own');
    await holder.query('LOCK TABLES t READ');
    await holder.query('BEGIN');
    expect(await valueOf(holder)).toBe(1);
    const { ended } = await begun(await connect(), update(5));
    await holder.query('UNLOCK TABLES');
    expect(await ended).toBeUndefined();
    // It was no lock of tables whose end would commit.
    expect(await valueOf(holder)).toBe(1);
    await holder.query('COMMIT');
    expect(await valueOf(holder)).toBe(5);
  });

  test('others wait to write and to commit; they read, begin and roll back', async () => {
    const [open, undone, writer, definer, locker] = await Promise.all(
      Array.from({ length: 5 }, () => connect()),
    );
    if (!open || !undone || !writer || !definer || !locker) throw new Error('no clients');
    for (const client of [open, undone]) await client.query('BEGIN');
    await open.query('UPDATE t SET v = 5 WHERE id = 1');
    await undone.query('UPDATE t SET v = 5 WHERE id = 2');
    await holder.query(lock);
    await undone.query('ROLLBACK');
    const order: string[] = [];
    const ends = [
      await begun(open, 'COMMIT', order),
      await begun(writer, 'INSERT INTO t VALUES (3, 3)', order),
      await begun(definer, 'CREATE TABLE made (id INT)', order),
      await begun(locker, 'LOCK TABLES t WRITE', order),
    ];
    for (let read = 0; read < 6; read += 1) expect(await valueOf(other)).toBe(2);
    await other.query(snapshot);
    expect(await valueOf(other)).toBe(2);
    await other.query('COMMIT');
    order.push('unlocked');
    await holder.query('UNLOCK TABLES');
    // Behind this stands whoever comes next.
    await ends[3]?.ended;
    await locker.query('UNLOCK TABLES');
    const errnos = await Promise.all(ends.map(({ ended }) => ended));
    expect(errnos).toEqual([undefined, undefined, undefined, undefined]);
    expect(order[0]).toBe('unlocked');
    expect(await valueOf(other)).toBe(5);
    await other.query('DROP TABLE made');
    await other.query('DELETE FROM t WHERE id = 3');
  });

  test('several may hold it, and locks of tables for reading beside it', async () => {
    await holder.query(lock);
    const third = await connect();
    await third.query(lock);
    await other.query('LOCK TABLES t READ');
    const writer = await connect();
    const order: string[] = [];
    const { ended } = await begun(writer, update(6), order);
    await holder.query('UNLOCK TABLES');
    await third.query('UNLOCK TABLES');
    expect(await valueOf(other)).toBe(2);
    order.push('unlocked');
    await other.query('UNLOCK TABLES');
    expect(await ended).toBeUndefined();
    expect(order[0]).toBe('unlocked');
    // And the other way round.
    await other.query('LOCK TABLES t READ');
    await holder.query(lock);
    await other.query('UNLOCK TABLES');
    expect((await begun(writer, update(7))).ended).toBeInstanceOf(Promise);
    await holder.query('UNLOCK TABLES');
  });

  /** A COMMIT and a write wait for the lock until `end`; what they are told then. */
  const endedWhileTheyWait = async (
    end: (waiting: readonly Connection[]) => Promise<unknown>,
  ): Promise<readonly (number | undefined)[]> => {
    const [open, writer] = [await connect(), await connect()];
    await open.query('BEGIN');
    await open.query('UPDATE t SET v = 50');
    const before = await valueOf(other);
    await holder.query(lock);
    const waiting = [await begun(open, 'COMMIT'), await begun(writer, update(9))];
    await end([open, writer]);
    const errnos = await Promise.all(waiting.map(({ ended }) => ended));
    await holder.query('UNLOCK TABLES');
    for (const client of [open, writer]) expect(await valueOf(client)).toBe(before);
    return errnos;
  };

  test('who is ended while it waits for its end has written nothing', async () => {
    const errnos = await endedWhileTheyWait(async (waiting) => {
      for (const { threadId } of waiting) await other.query(`KILL QUERY ${threadId}`);
    });
    expect(errnos).toEqual([1317, 1317]);
  });

  test('it ends with its session, however that ends', async () => {
    const endings: ((client: Connection) => unknown)[] = [
      (client) => client.destroy(),
      (client) => client.end(),
      (client) => client.reset(),
      (client) => other.query(`KILL ${client.threadId}`),
    ];
    for (const [value, end] of endings.entries()) {
      const client = await connect();
      await client.query(lock);
      await end(client);
      await other.query(update(value));
      expect(await valueOf(other)).toBe(value);
    }
  });

  test('who is ended while it waits for it does not get it', async () => {
    await other.query('LOCK TABLES t WRITE');
    const [interrupted, killed, gone] = [await connect(), await connect(), await connect()];
    const waiting = [await begun(interrupted, lock), await begun(killed, lock)];
    await begun(gone, lock);
    await other.query(`KILL QUERY ${interrupted.threadId}`);
    await other.query(`KILL ${killed.threadId}`);
    gone.destroy();
    await other.query('UNLOCK TABLES');
    expect(await waiting[0]?.ended).toBe(1317);
    await other.query(update(10));
    expect(await valueOf(interrupted)).toBe(10);
  });

  test('it takes the right to flush', async () => {
    const poor = await connect('poor');
    expect(await errnoOf(poor, lock)).toBe(1227);
    expect(await errnoOf(poor, 'FLUSH LOCAL TABLES')).toBe(1227);
    expect(await errnoOf(poor, 'LOCK INSTANCE FOR BACKUP')).toBe(
      engine.name === 'mysql' ? 1227 : 1064,
    );
    await poor.query(update(11));
  });

  test('everybody reads one and the same moment while it is held', async () => {
    await other.query('UPDATE t SET v = 100');
    const writers = await Promise.all([1, 2, 3, 4].map(() => connect()));
    const end = new AbortController();
    const written = writers.map(async (client, index) => {
      for (let round = 0; !end.signal.aborted; round += 1) {
        const by = round % 2 === 0 ? index + 1 : -index - 1;
        await client.query('BEGIN');
        await client.query('UPDATE t SET v = v + ? WHERE id = 1', [by]);
        await client.query('UPDATE t SET v = v - ? WHERE id = 2', [by]);
        await client.query('COMMIT');
      }
    });
    const readers = await Promise.all(Array.from({ length: 6 }, () => connect()));
    try {
      for (let round = 0; round < 5; round += 1) {
        await holder.query(lock);
        await Promise.all(readers.slice(0, 3).map((client) => client.query(snapshot)));
        const frozen = await Promise.all(readers.map((client) => valueOf(client)));
        await holder.query('UNLOCK TABLES');
        expect(new Set(frozen).size).toBe(1);
        const [first = 0] = frozen;
        const rest = await Promise.all(readers.slice(0, 3).map((client) => valueOf(client, 2)));
        expect(rest).toEqual([200 - first, 200 - first, 200 - first]);
        await Promise.all(readers.slice(0, 3).map((client) => client.query('COMMIT')));
      }
    } finally {
      end.abort();
      await Promise.all(written);
    }
    await expectEqualNodes(servers.servers);
  });

  test("LOCK INSTANCE FOR BACKUP keeps out others' definitions alone", async (context) => {
    if (engine.name !== 'mysql') return context.skip('MariaDB has no LOCK INSTANCE');
    await holder.query('LOCK INSTANCE FOR BACKUP');
    await holder.query('CREATE TABLE own (id INT PRIMARY KEY)');
    const definer = await connect();
    const order: string[] = [];
    const { ended } = await begun(definer, 'CREATE TABLE made (id INT)', order);
    await other.query(update(12));
    await holder.query(lock);
    await holder.query('UNLOCK TABLES');
    await holder.query('DROP TABLE own');
    order.push('unlocked');
    await holder.query('UNLOCK INSTANCE');
    expect(await ended).toBeUndefined();
    expect(order[0]).toBe('unlocked');
    await other.query('DROP TABLE made');
  });

  test('it outlives the leader, and a node comes back meanwhile', extended, async () => {
    const open = await connect();
    await open.query('BEGIN');
    await open.query(update(20));
    await holder.query(lock);
    const before = await valueOf(holder);
    const leader = lockstep.balancer.control.status().leader ?? '';
    const server = servers.servers.find(({ name }) => name === leader);
    await server?.kill();
    const writer = await connect();
    const order: string[] = [];
    const writing = errnoOf(writer, update(21)).finally(() => order.push('written'));
    await other.query(snapshot);
    expect(await valueOf(other)).toBe(before);
    await other.query('COMMIT');
    expect(await valueOf(holder)).toBe(before);
    order.push('unlocked');
    await holder.query('UNLOCK TABLES');
    await writing;
    expect(await errnoOf(open, 'COMMIT')).toBe(1213);
    await holder.query(lock);
    await server?.start();
    await untilAllUp(lockstep);
    await holder.query('UNLOCK TABLES');
    await expectEqualNodes(servers.servers);
  });

  test('who waits too long for its end hears so, and has written nothing', extended, async () => {
    await lockstep.restartWith((config) => ({ ...config, ddlWaitTimeoutMs: 1_000 }));
    await untilAllUp(lockstep);
    [holder, other] = [await connect(), await connect()];
    expect(await endedWhileTheyWait(() => Promise.resolve())).toEqual([1205, 1205]);
  });
});

const update = (value: number): string => `UPDATE t SET v = ${value} WHERE id = 1`;

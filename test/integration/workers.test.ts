import { readFileSync } from 'node:fs';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { until, workers } from '../support/load.ts';

const rows = 200;
/** A session that did not read so often before it came back is lent later the next time. */
const readsWorthIt = 100;

function isWorker(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('workers/main.js');
  } catch {
    return false;
  }
}

describe.each(engines())('workers, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  const open: Connection[] = [];

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers, {
      workers: 2,
      syncTimeoutMs: 1000,
      consistency: 'strong',
      users: [
        { name: 'app', password: 'app' },
        { name: 'root', password: 'root' },
      ],
    });
    await untilAllUp(lockstep);
    await using client = await connectTo(lockstep, { database: 'app' });
    await client.query('CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(200), n INT DEFAULT 0)');
    const values = Array.from({ length: rows }, (_, id) => `(${id}, 'word ${id}', 0)`);
    await client.query(`INSERT INTO t VALUES ${values.join(', ')}`);
    await vi.waitUntil(async () => (await figure('lockstep_workers')) === 2, 60_000);
  });

  afterAll(async () => {
    for (const connection of open) connection.destroy();
    await lockstep?.close();
    await servers?.close();
  });

  const client = async (user = 'app'): Promise<Connection> => {
    const connection = await connectTo(lockstep, { user, password: user, database: 'app' });
    connection.on('error', () => {});
    open.push(connection);
    return connection;
  };
  const figure = async (name: string): Promise<number> => {
    const text = await lockstep.balancer.control.metrics();
    const line = text.split('\n').find((one) => one.startsWith(`${name} `));
    return Number(line?.slice(name.length) ?? Number.NaN);
  };
  const readsOfNodes = (): number[] => lockstep.balancer.control.nodes().map(({ reads }) => reads);
  const isLeader = (index: number): boolean =>
    lockstep.balancer.control.nodes()[index]?.leader === true;
  const counted = (): number => readsOfNodes().reduce((sum, reads) => sum + reads, 0);
  const workerReads = (): Promise<number> => figure('lockstep_worker_reads_total');

  const read = async (session: Connection, sql: string): Promise<RowDataPacket[]> => {
    const [found] = await session.query<RowDataPacket[]>(sql);
    return found;
  };
  const readWord = async (session: Connection, id: number): Promise<void> => {
    expect(await read(session, `SELECT word FROM t WHERE id = ${id}`)).toEqual([
      { word: `word ${id}` },
    ]);
  };
  /** Reads until a worker has served the session, often enough that it is soon lent again. */
  const lend = async (session: Connection): Promise<void> => {
    const before = await workerReads();
    await until(async () => {
      for (let count = 0; count < 20; count += 1) await readWord(session, count);
      return (await workerReads()) > before + readsWorthIt;
    });
  };
  /** The workers that are there. */
  const pids = (): number[] =>
    readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
      .split(' ')
      .filter((pid) => pid !== '' && isWorker(pid))
      .map(Number);

  test('reads are answered by workers, and each session gets its own answers', async () => {
    const sessions = await Promise.all(Array.from({ length: 12 }, () => client()));
    const before = await workerReads();
    let count = 0;
    const load = workers(sessions.length, async (index) => {
      const session = sessions[index];
      count += 1;
      if (session) await readWord(session, (index * 17 + count) % rows);
    });
    await until(async () => (await workerReads()) > before + 1000 || load.failed);
    await load.stop();
    await until(() => counted() >= load.done);
  });

  test('whatever else a lent session asks for is as in any session', async () => {
    const session = await client();
    await lend(session);
    const [written] = await session.query<ResultSetHeader>('UPDATE t SET n = n + 1 WHERE id < 10');
    expect(written.affectedRows).toBe(10);
    expect(await read(session, 'SELECT n FROM t WHERE id = 3')).toEqual([{ n: 1 }]);
    await lend(session);
    expect(await read(session, 'SELECT FOUND_ROWS() AS f, ROW_COUNT() AS r')).toEqual([
      { f: 1, r: -1 },
    ]);
    await lend(session);
    await session.query("SET sql_mode = 'ANSI_QUOTES'");
    expect(await read(session, 'SELECT @@sql_mode AS m')).toEqual([{ m: 'ANSI_QUOTES' }]);
    await lend(session);
    expect(await read(session, 'SELECT "word" FROM t WHERE id = 4')).toEqual([{ word: 'word 4' }]);
    await session.query("SET sql_mode = ''");
    await lend(session);
    const [prepared] = await session.execute('SELECT word FROM t WHERE id = ?', [5]);
    expect(prepared).toEqual([{ word: 'word 5' }]);
    await lend(session);
    await session.query('BEGIN');
    await session.query('UPDATE t SET n = 100 WHERE id = 199');
    expect(await read(session, 'SELECT n FROM t WHERE id = 199')).toEqual([{ n: 100 }]);
    await session.query('ROLLBACK');
    await lend(session);
    await expect(session.query('SELECT word FROM nowhere WHERE id = 1')).rejects.toMatchObject({
      errno: 1146,
    });
    await readWord(session, 1);
    await lend(session);
    await session.query('SET @x = 7');
    expect(await read(session, 'SELECT @x AS x')).toEqual([{ x: 7 }]);
    await readWord(session, 1);
    await session.ping();
    await session.changeUser({ user: 'root', password: 'root', database: 'app' });
    await readWord(session, 2);
    await session.end();
  });

  test('a write that was acknowledged to one is seen by all others at once', async () => {
    const [writer, ...readers] = await Promise.all([client(), client(), client(), client()]);
    if (!writer) throw new Error('no writer');
    await Promise.all(readers.map(lend));
    const before = await workerReads();
    for (let value = 1; value <= 500; value += 1) {
      await writer.query(`UPDATE t SET n = ${value} WHERE id = 50`);
      const seen = await Promise.all(
        readers.map((session) => read(session, 'SELECT n FROM t WHERE id = 50')),
      );
      expect(seen).toEqual(readers.map(() => [{ n: value }]));
    }
    await until(async () => (await workerReads()) > before);
  });

  test('no write is acknowledged without a node that a worker may read on', async () => {
    const [writer, ...readers] = await Promise.all(Array.from({ length: 12 }, () => client()));
    if (!writer) throw new Error('no writer');
    const readsBefore = readsOfNodes();
    const gained = (index: number): number =>
      isLeader(index) ? 0 : (readsOfNodes()[index] ?? 0) - (readsBefore[index] ?? 0);
    // One that workers read on: where none does, nobody has to be waited for.
    let follower = 0;
    await until(async () => {
      await Promise.all(readers.map(lend));
      follower = [0, 1, 2].toSorted((a, b) => gained(b) - gained(a))[0] ?? 0;
      return gained(follower) > readsWorthIt;
    });
    const stateOf = (): unknown => lockstep.balancer.control.nodes()[follower]?.state;
    await using blocker = await connectTo(servers.servers[follower] ?? { port: 0 }, {
      ...{ user: 'root', database: 'app' },
    });
    await blocker.query('BEGIN');
    await blocker.query('SELECT * FROM t WHERE id = 70 FOR UPDATE');
    let acknowledged = false;
    let writing: Promise<unknown> | undefined;
    const stopped = pids();
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    try {
      writing = writer.query('UPDATE t SET n = 7 WHERE id = 70').then(() => {
        acknowledged = true;
      });
      await until(() => stateOf() === 'LAGGING');
      // Long enough for many acknowledgements, and one that waits for nobody.
      const other = await client();
      for (let count = 0; count < 20; count += 1) await other.query('SELECT 1');
      expect(acknowledged).toBe(false);
    } finally {
      for (const pid of stopped) process.kill(pid, 'SIGCONT');
    }
    await writing;
    for (const session of readers) {
      expect(await read(session, 'SELECT n FROM t WHERE id = 70')).toEqual([{ n: 7 }]);
    }
    await blocker.query('ROLLBACK');
    await until(() => stateOf() === 'UP');
  });

  test('KILL ends a lent session, and its processlist entry', async () => {
    const session = await client();
    const [[{ id }]] = (await session.query<RowDataPacket[]>('SELECT CONNECTION_ID() AS id')) as [
      [{ id: number }],
      unknown,
    ];
    await lend(session);
    const admin = await client('root');
    const listed = async (): Promise<boolean> =>
      (await read(admin, 'SHOW PROCESSLIST')).some((row) => row['Id'] === id);
    expect(await listed()).toBe(true);
    await admin.query(`KILL QUERY ${id}`);
    await readWord(session, 1);
    await lend(session);
    await admin.query(`KILL ${id}`);
    await expect(session.query('SELECT word FROM t WHERE id = 1')).rejects.toThrow();
    expect(await listed()).toBe(false);
  });

  test('a client that leaves is gone, however it does', async () => {
    const polite = await client();
    const abrupt = await client();
    await lend(polite);
    await lend(abrupt);
    const before = await figure('lockstep_sessions');
    await polite.end();
    abrupt.destroy();
    await until(async () => (await figure('lockstep_sessions')) === before - 2);
  });

  test('definitions change under load', async () => {
    const sessions = await Promise.all(Array.from({ length: 6 }, () => client()));
    const ddl = await client();
    await ddl.query('CREATE TABLE base (id INT PRIMARY KEY, v INT)');
    await ddl.query('INSERT INTO base VALUES (1, 1)');
    await ddl.query('CREATE VIEW shown AS SELECT v FROM base');
    let least = 1;
    const load = workers(sessions.length, async (index) => {
      const session = sessions[index];
      if (!session) return;
      const from = least;
      const [row] = await read(session, 'SELECT v FROM shown');
      expect(row?.['v']).toBeGreaterThanOrEqual(from);
    });
    for (let value = 2; value < 12; value += 1) {
      const done = load.done;
      await until(() => load.done > done + 200 || load.failed);
      await ddl.query(`CREATE OR REPLACE VIEW shown AS SELECT v + ${value} - 1 AS v FROM base`);
      least = value;
    }
    await load.stop();
    await ddl.query('DROP VIEW shown');
    await ddl.query('DROP TABLE base');
  });

  test('a view that begins to write is run on every node', async () => {
    const session = await client();
    const ddl = await client('root');
    await ddl.query('CREATE TABLE noted (n INT)');
    await ddl.query('INSERT INTO noted VALUES (0)');
    await ddl.query('CREATE TABLE plain (v INT)');
    await ddl.query('INSERT INTO plain VALUES (1)');
    await ddl.query('CREATE VIEW watched AS SELECT v FROM plain');
    const before = await workerReads();
    await until(async () => {
      for (let count = 0; count < 20; count += 1) await read(session, 'SELECT v FROM watched');
      return (await workerReads()) > before;
    });
    await ddl.query(
      'CREATE FUNCTION note() RETURNS INT MODIFIES SQL DATA ' +
        'BEGIN UPDATE noted SET n = n + 1; RETURN 1; END',
    );
    await ddl.query('CREATE OR REPLACE VIEW watched AS SELECT v + note() AS v FROM plain');
    for (let count = 0; count < 10; count += 1) await read(session, 'SELECT v FROM watched');
    expect(await read(session, 'SELECT n FROM noted')).toEqual([{ n: 10 }]);
    await expectEqualNodes(servers.servers);
    for (const what of ['VIEW watched', 'TABLE noted', 'TABLE plain', 'FUNCTION note']) {
      await ddl.query(`DROP ${what}`);
    }
  });

  test('a lock on a table is heeded', async () => {
    const session = await client();
    await lend(session);
    const locker = await client();
    await locker.query('LOCK TABLES t WRITE');
    let answered = false;
    const reading = readWord(session, 7).then(() => {
      answered = true;
    });
    await locker.query('UPDATE t SET n = n + 1 WHERE id = 7');
    expect(answered).toBe(false);
    await locker.query('UNLOCK TABLES');
    await reading;
  });

  test('a node that dies under load fails no read and no write', async () => {
    const sessions = await Promise.all(Array.from({ length: 8 }, () => client()));
    const writer = await client();
    let value = 1000;
    let acknowledged = 0;
    const load = workers(sessions.length, async (index) => {
      const session = sessions[index];
      if (!session) return;
      const from = acknowledged;
      const [row] = await read(session, 'SELECT n FROM t WHERE id = 60');
      expect(row?.['n']).toBeGreaterThanOrEqual(from);
    });
    const writing = workers(1, async () => {
      value += 1;
      await writer.query(`UPDATE t SET n = ${value} WHERE id = 60`);
      acknowledged = value;
    });
    for (const server of servers.servers) {
      const done = load.done;
      await until(() => load.done > done + 500 || load.failed);
      await server.kill();
      const after = load.done;
      await until(() => load.done > after + 500 || load.failed);
      await server.start();
      await untilAllUp(lockstep);
    }
    await load.stop();
    await writing.stop();
    await expectEqualNodes(servers.servers);
  });

  test('a worker that dies takes its own clients along, and another one begins', async () => {
    const sessions = await Promise.all(Array.from({ length: 6 }, () => client()));
    await Promise.all(sessions.map(lend));
    const [victim] = pids();
    process.kill(victim ?? 0, 'SIGKILL');
    const outcomes = await Promise.allSettled(sessions.map((session) => readWord(session, 3)));
    const lost = outcomes.filter(({ status }) => status === 'rejected').length;
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThan(sessions.length);
    await until(() => pids().length === 2);
    await until(async () => (await figure('lockstep_workers')) === 2);
    await lend(await client());
  });

  test('a worker that stands still holds up nobody for long', async () => {
    const sessions = await Promise.all(Array.from({ length: 4 }, () => client()));
    await Promise.all(sessions.map(lend));
    const [victim] = pids();
    process.kill(victim ?? 0, 'SIGSTOP');
    const ddl = await client();
    await ddl.query('CREATE TABLE beside (id INT)');
    await ddl.query('DROP TABLE beside');
    await until(() => !pids().includes(victim ?? 0));
  });

  test('no worker is left behind', async () => {
    await lockstep.restart();
    expect(pids().length).toBe(2);
    await lockstep.balancer.close();
    expect(pids()).toEqual([]);
    await lockstep.restart();
  });
});

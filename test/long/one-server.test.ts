import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';
import { checkHistory } from '../support/isolation/check-history.ts';
import { IsolationClient } from '../support/isolation/client.ts';
import type { History } from '../support/isolation/history.ts';
import { listTable, ListWorkload, valuesOf } from '../support/isolation/list-workload.ts';
import { until, workers } from '../support/load.ts';
import { randomFrom } from '../support/random-writes.ts';

const clientCount = 12;
const steps = 4000;
const lists = Array.from({ length: 8 }, (_, index) => index + 1);

/** What is required of Lockstep is what one server does, no more and no less. */
describe.each(engines())('one server without Lockstep, $name', (engine) => {
  let servers: TestServers;
  let setup: Connection;

  beforeAll(async () => {
    servers = await startServers({
      engine,
      count: 1,
      extraArguments: ['--innodb-lock-wait-timeout=2'],
    });
    setup = await connect();
    await setup.query(listTable);
  });

  afterAll(async () => {
    setup?.destroy();
    await servers?.close();
  });

  const connect = (): Promise<Connection> =>
    connectTo({ port: servers.servers[0]?.port ?? 0 }, { database: 'app' });

  const historyAt = async (level: string): Promise<History> => {
    await setup.query('DELETE FROM lists');
    const pick = randomFrom(1);
    let values = 0;
    let sessions = 0;
    const workload = new ListWorkload({ lists, pick, nextValue: () => ++values });
    const open = async (): Promise<Connection> => {
      const connection = await connect();
      await connection.query(`SET SESSION TRANSACTION ISOLATION LEVEL ${level}`);
      return connection;
    };
    const clients = await Promise.all(
      Array.from({ length: clientCount }, () => IsolationClient.open(open, () => ++sessions)),
    );
    const load = workers(clientCount, (who) => workload.step(clients[who] as IsolationClient));
    await until(() => load.failed || load.done >= steps);
    await load.stop();
    for (const client of clients) client.close();
    const [rows] = await setup.query<RowDataPacket[]>('SELECT id, val FROM lists');
    const final = new Map(rows.map(({ id, val }) => [Number(id), valuesOf(val)]));
    return { transactions: workload.transactions, final };
  };

  test('REPEATABLE READ keeps what is required at it, and permits lost updates', async () => {
    const history = await historyAt('REPEATABLE READ');
    const consistency = 'strong';
    expect(checkHistory(history, { isolation: 'repeatable_read', consistency })).toEqual([]);
    const found = checkHistory(history, { isolation: 'serializable', consistency });
    expect(found.map(({ kind }) => kind)).toContain('G_single');
  });

  test('SERIALIZABLE keeps all', async () => {
    const history = await historyAt('SERIALIZABLE');
    const promised = { isolation: 'serializable', consistency: 'strong' } as const;
    expect(checkHistory(history, promised)).toEqual([]);
  });
});
